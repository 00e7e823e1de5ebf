"""What differs between two trees: the files, and a unified diff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.git.run import Git

_CHANGES = {"A": "added", "D": "deleted", "R": "renamed"}


@dataclass(frozen=True)
class ChangedFile:
    """One file that differs.

    Attributes:
        path: its path; the new one if it was renamed.
        change: `added`, `changed`, `deleted` or `renamed`.
        old_path: its earlier path if it was renamed, else None.
    """

    path: str
    change: str
    old_path: str | None = None


@dataclass(frozen=True)
class Difference:
    """What differs between two trees.

    Attributes:
        files: the files, by path.
        text: unified diff, as git prints it.
    """

    files: tuple[ChangedFile, ...]
    text: str


def difference(git: Git, before: str, after: str) -> Difference:
    """Compare two trees.

    Args:
        git: follows nobody's configuration; its repository has both trees.
        before: tree or commit.
        after: tree or commit.

    Raises:
        GitError: git failed.
    """
    trees = ("--find-renames", "--no-ext-diff", "--no-textconv", before, after)
    listed = git.output("diff", "--name-status", "-z", *trees).split("\0")
    text = git.run("diff", "--no-color", *trees).stdout.decode(errors="replace")
    return Difference(tuple(_files(listed)), text)


def _files(listed: list[str]) -> list[ChangedFile]:
    fields, found = iter(filter(None, listed)), []
    for letters in fields:
        change = _CHANGES.get(letters[0], "changed")
        old_path = next(fields) if change == "renamed" else None
        found.append(ChangedFile(next(fields), change, old_path))
    return sorted(found, key=lambda file: file.path)
