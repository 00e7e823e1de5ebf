"""Git, shut off from the surroundings that would change what it does."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# A name of our own for commits that no person made; `.invalid` can belong to nobody (RFC 2606).
_OURSELVES = {
    "GIT_AUTHOR_NAME": "Scaffold",
    "GIT_AUTHOR_EMAIL": "scaffold@scaffold.invalid",
    "GIT_COMMITTER_NAME": "Scaffold",
    "GIT_COMMITTER_EMAIL": "scaffold@scaffold.invalid",
}
# Hooks, signing, merge drivers and line-ending rules of a person must not reach what we compute.
_NEUTRAL = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
}


class GitError(Exception):
    """Git refused; the message is the last line it printed."""


def surroundings() -> dict[str, str]:
    """Return the environment without the variables by which git is aimed at another repository.

    They are set, for example, while a git hook runs.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    kept = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS")
    ssh = {name: os.environ[name] for name in kept if name in os.environ}
    # A file may be called `[id].ts`: names are names, never patterns that match other files as well.
    names = {"GIT_LITERAL_PATHSPECS": "1"}
    # Git that only looks takes no lock, so that killing it leaves none behind.
    locks = {"GIT_OPTIONAL_LOCKS": "0"}
    return {**inherited, **ssh, **names, **locks, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


@dataclass(frozen=True)
class Git:
    """Git in one folder.

    Attributes:
        folder: where it runs.
        environment: variables on top of the cleaned environment.
        held: open files that git and the programs it starts keep open, with their locks, if we are killed.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    held: tuple[int, ...] = ()

    def run(self, *arguments: str | Path, stdin: bytes = b"", check: bool = True) -> subprocess.CompletedProcess[bytes]:
        """Run one git command.

        Raises:
            GitError: the command failed and `check` is set.
            FileNotFoundError: there is no git on this machine.
        """
        result = subprocess.run(  # noqa: S603 - a list of arguments, never a shell
            ["git", *arguments],  # noqa: S607 - the user's own git
            cwd=self.folder,
            env={**surroundings(), **self.environment},
            input=stdin,
            capture_output=True,
            check=False,
            pass_fds=self.held,
        )
        if check and result.returncode != 0:
            lines = result.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise GitError(lines[-1].removeprefix("fatal: "))
        return result

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run one git command and return what it prints, without the last line break.

        Raises:
            GitError: the command failed.
        """
        return self.run(*arguments, stdin=stdin).stdout.decode(errors="surrogateescape").rstrip("\n")

    def top(self) -> Git:
        """Return the same git at the top of the repository."""
        return replace(self, folder=Path(self("rev-parse", "--show-toplevel")))

    def prefix(self) -> str:
        """Return this folder inside its repository, empty or ending in a slash."""
        return self("rev-parse", "--show-prefix")

    def path_of(self, name: str) -> Path:
        """Return the absolute path of a file of git's own, for example `index`."""
        return Path(self("rev-parse", "--path-format=absolute", "--git-path", name))

    def committed(self) -> str:
        """Return the tree of this folder's committed files."""
        return self("rev-parse", "HEAD:./")

    def with_environment(self, **variables: str) -> Git:
        """Return the same git with more variables."""
        return replace(self, environment={**self.environment, **variables})


def neutral(folder: Path) -> Git:
    """Return a git that follows nobody's configuration and commits in nobody's name."""
    return Git(folder, {**_OURSELVES, **_NEUTRAL})
