"""Puts an update on a branch of its own, and commits it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from scaffold.errors import branch_refused, commit_failed, dirty_tree
from scaffold.files.staging import signals_deferred
from scaffold.git.run import Git, GitError, committing
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFS = "refs/heads/"
# How much of what git or a hook printed goes into an error.
_LAST_LINES = 10


def require_branch(git: Git, name: str) -> None:
    """Check that a branch can be made.

    Raises:
        ScaffoldError: `branch-refused`: it exists, or git does not allow the name.
    """
    if git.run("check-ref-format", "--branch", name, check=False).returncode:
        raise branch_refused(name, "git does not allow this name")
    if git.run("rev-parse", "--verify", "--quiet", _REFS + name, check=False).returncode == 0:
        raise branch_refused(name, "it exists")


@contextmanager
def new_branch(git: Git, name: str | None) -> Iterator[str]:
    """Work on a new branch at the present commit; if the block fails, HEAD is where it was and the branch is gone.

    Args:
        git: git that changes the project.
        name: the branch; None stays where HEAD is.

    Yields:
        The full name of the branch that HEAD was on; empty if it was on none, or if nothing changes.

    Raises:
        ScaffoldError: `branch-refused`.
    """
    if name is None:
        yield ""
        return
    require_branch(git, name)
    previous = git.run("symbolic-ref", "--quiet", "HEAD", check=False).stdout.decode().strip()
    head = git.output("rev-parse", "HEAD")
    try:
        git.output("update-ref", _REFS + name, head, "")
    except GitError as error:
        raise branch_refused(name, shown(str(error), 300)) from error
    try:
        git.output("symbolic-ref", "HEAD", _REFS + name)
        yield previous
    except BaseException:
        with signals_deferred():
            leave_branch(git, name, previous, head)
        raise


def leave_branch(git: Git, name: str, previous: str, head: str) -> None:
    """Go back to the branch of before and delete the new one, if HEAD and the new one are where they were left.

    Raises:
        GitError: git refused.
    """
    if git.run("symbolic-ref", "--quiet", "HEAD", check=False).stdout.decode().strip() != _REFS + name:
        return
    if previous:
        git.output("symbolic-ref", "HEAD", previous)
    else:
        git.output("update-ref", "--no-deref", "HEAD", head)
    git.output("update-ref", "-d", _REFS + name, head)


def require_nothing_staged(git: Git) -> None:
    """Check that a commit holds nothing but the update; in a repository of many projects, others may be staged.

    Raises:
        ScaffoldError: `dirty-tree`.
    """
    top = git.top()
    staged = top.output("diff", "--cached", "--name-only", "--no-ext-diff", "--ignore-submodules=dirty", "-z")
    if staged:
        raise dirty_tree([name for name in staged.split("\0") if name])


def commit_update(git: Git, version: str) -> str:
    """Commit what is staged with the owner's name, signature and hooks; returns the id of the commit.

    Raises:
        ScaffoldError: `commit-failed`, with what git or the hook printed last.
    """
    own = committing(git.folder)
    done = own.run("commit", "--quiet", "-m", f"Update the template to {version}", check=False)
    if done.returncode:
        printed = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        said = [line.strip() for line in printed if line.strip()][-_LAST_LINES:]
        raise commit_failed(shown("; ".join(said) or "no reason was given", 1000))
    return git.output("rev-parse", "HEAD")
