"""The first commit of a project, made in its owner's name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.git.run import Git, GitError, applying, creating, staging

if TYPE_CHECKING:
    from pathlib import Path

# A signing program may print a page; an error shows its beginning.
MOST_LINES = 6
# Older versions of git say that signing failed, and nothing of what the program printed.
LINES_WITHOUT_CAUSE = 2
MANUAL_COMMAND = "git init -b main && git add -A && git commit -m 'Create the project'"


@dataclass(frozen=True)
class GitResult:
    """What became of the repository.

    Attributes:
        repository: the project is a git repository of its own.
        commit: id of the first commit, or None.
    """

    repository: bool = False
    commit: str | None = None


def enclosing_repository(folder: Path) -> Path | None:
    """Return the working tree that a new folder would become part of, or None.

    A folder which that repository ignores is not part of it.
    """
    outer = next((p for p in folder.parents if (p / ".git").exists()), None)
    if outer is None:
        return None
    try:
        ignored = _ignores(applying(outer), f"{folder}/")
    except FileNotFoundError:
        return outer
    return None if ignored else outer


def first_commit(project: Path, message: str) -> tuple[GitResult, str | None]:
    """Make the project a git repository on branch main and commit everything but what it ignores, and `.env`.

    The commit is made in the owner's name and signed if their git says so. No hook and no filter runs, not
    the owner's own either: a template chooses by `.gitattributes` which of them would.

    Args:
        project: a complete project.
        message: subject of the commit.

    Returns:
        What was done, and a note for the user when that is less than a commit.
    """
    if os.path.lexists(project / ".git"):
        return GitResult(), "There is a .git already, which Scaffold did not make, so there is no first commit."
    try:
        creating(project).output("-c", "init.defaultBranch=main", "init", "--quiet")
        git = staging(project)
        _keep_secrets_out(git)
        git.output("add", "--all")
        tree = git.output("write-tree")
    except FileNotFoundError:
        return GitResult(), f"git is not installed, so there is no repository. Later: {MANUAL_COMMAND}"
    except GitError as error:
        return GitResult(), f"git failed ({error}), so there is no repository. Try: {MANUAL_COMMAND}"
    return _commit(creating(project), tree, message)


def _keep_secrets_out(git: Git) -> None:
    """Make git ignore `.env`, now and later, also when the template forgot to."""
    if not _ignores(git, ".env"):
        exclude = git.folder / ".git" / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        with exclude.open("a", encoding="utf-8") as patterns:
            patterns.write("/.env\n")


def _ignores(git: Git, path: str) -> bool:
    # `git check-ignore` refuses to take names literally.
    patterns = git.with_environment(GIT_LITERAL_PATHSPECS="0")
    return patterns.run("check-ignore", "--quiet", "--", path, check=False).returncode == 0


def _commit(git: Git, tree: str, message: str) -> tuple[GitResult, str | None]:
    # Without useConfigOnly git makes up a name and address from this machine's.
    certain = ("-c", "user.useConfigOnly=true")
    try:
        # `git commit` would look at the files once more, and so run their filters.
        commit = git.output(*certain, "commit-tree", *_signing(git), "-m", message, tree)
        git.output(*certain, "update-ref", "-m", f"commit (initial): {message}", "HEAD", commit)
        return GitResult(repository=True, commit=commit), None
    except GitError as error:
        identity = git.run(*certain, "var", "GIT_COMMITTER_IDENT", check=False)
        if identity.returncode != 0:
            reason = "git does not know who you are. Set user.name and user.email with `git config --global`"
        else:
            reason = f"git refused the first commit ({_cause(error)})"
        return GitResult(repository=True), f"{reason}, then: git commit -m '{message}'"


def _cause(error: GitError) -> str:
    """Return what git printed: the last line alone does not say why signing failed."""
    lines = [" ".join(line.split()) for line in error.lines if line.strip()]
    causes = [line.removeprefix("error: ").removeprefix("fatal: ").rstrip(".:") for line in lines[:MOST_LINES]]
    shown = "; ".join(causes) or str(error)
    hidden = "failed to sign" in shown and len(causes) <= LINES_WITHOUT_CAUSE
    return f"{shown}; `echo test | gpg --clearsign` shows why" if hidden else shown


def _signing(git: Git) -> tuple[str, ...]:
    wanted = git.run("config", "--type=bool", "--get", "commit.gpgSign", check=False).stdout.strip() == b"true"
    return ("-S",) if wanted else ()
