"""The first commit of a project, made in its owner's name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.git import Git, GitError

if TYPE_CHECKING:
    from pathlib import Path

# Who the owner is and how their git is set up; all other GIT_ variables aim git at another repository.
PERSONAL = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_HTTP_", "GIT_PROXY_", "GIT_SSL_")
BY_HAND = "git init -b main && git add -A && git commit -m 'Create the project'"


@dataclass(frozen=True)
class GitResult:
    """What became of the repository.

    Attributes:
        repository: the project is a git repository of its own.
        commit: id of the first commit, or None.
    """

    repository: bool = False
    commit: str | None = None


def personal_git(folder: Path, **variables: str) -> Git:
    """Return git with its owner's identity and configuration, and more variables if given."""
    own = {name: value for name, value in os.environ.items() if name.startswith(PERSONAL)}
    # `git check-ignore` refuses to take names literally.
    return Git(folder, {"GIT_LITERAL_PATHSPECS": "0", **own, **variables})


def enclosing_repository(folder: Path) -> Path | None:
    """Return the working tree that a new folder would become part of, or None.

    A folder which that repository ignores is not part of it.
    """
    outer = next((p for p in folder.parents if (p / ".git").exists()), None)
    if outer is None:
        return None
    try:
        ignored = personal_git(outer).run("check-ignore", "--quiet", "--", f"{folder}/", check=False)
    except FileNotFoundError:
        return outer
    return None if ignored.returncode == 0 else outer


def first_commit(project: Path, message: str) -> tuple[GitResult, str | None]:
    """Make the project a git repository on branch main and commit everything but `.env`.

    Hooks, signing and templates of the owner's git are respected: they may be somebody's policy, and
    a generator is no reason to go around it. What they refuse becomes a note.

    Args:
        project: a complete project.
        message: subject of the commit.

    Returns:
        What was done, and a note for the user when that is less than a commit.
    """
    git = personal_git(project)
    try:
        git("-c", "init.defaultBranch=main", "init", "--quiet")
        _keep_secrets_out(git)
        git("-c", "core.fsmonitor=false", "add", "--all")
    except FileNotFoundError:
        return GitResult(), f"git is not installed, so there is no repository. Later: {BY_HAND}"
    except GitError as error:
        return GitResult(), f"git failed ({error}), so there is no repository. Try: {BY_HAND}"
    return _commit(git, message)


def _keep_secrets_out(git: Git) -> None:
    """Make git ignore `.env`, now and later, also when the template forgot to."""
    if git.run("check-ignore", "--quiet", ".env", check=False).returncode != 0:
        exclude = git.folder / ".git" / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        with exclude.open("a", encoding="utf-8") as patterns:
            patterns.write("/.env\n")


def _commit(git: Git, message: str) -> tuple[GitResult, str | None]:
    try:
        # Without useConfigOnly git makes up a name and address from this machine's.
        git("-c", "user.useConfigOnly=true", "commit", "--quiet", "--message", message)
        return GitResult(repository=True, commit=git("rev-parse", "HEAD")), None
    except GitError as error:
        identity = git.run("-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT", check=False)
        if identity.returncode != 0:
            reason = "git does not know who you are. Set user.name and user.email with `git config --global`"
        else:
            reason = f"git refused the first commit ({error})"
        return GitResult(repository=True), f"{reason}, then: git commit -m '{message}'"
