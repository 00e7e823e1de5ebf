"""A project made beside the few files of a fresh clone; nothing there is overwritten."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaffold.errors import destination_not_empty
from scaffold.files.staging import STAGING_NAME
from scaffold.project.env_file import ENV_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IGNORE_FILE = ".gitignore"
REPOSITORY = ".git"
# What forges and file managers put into a new repository: no code, and nothing that a program reads.
HARMLESS = re.compile(
    r"(README|LICEN[CS]E|COPYING|NOTICE|AUTHORS|CHANGELOG|CODE_OF_CONDUCT|CONTRIBUTING|SECURITY)([.-][\w.-]+)?"
    r"|\.gitignore|\.gitattributes|\.gitkeep|\.keep|\.editorconfig|\.DS_Store|Thumbs\.db|desktop\.ini",
    re.IGNORECASE,
)
HEADING = b"# Added by Scaffold\n"


@dataclass(frozen=True)
class Shared:
    """How a project shares its folder with files that were there before.

    Attributes:
        kept: files that stay as they are, although the project has its own version.
        extended: files whose content is followed by the project's, with the content they had.
    """

    kept: tuple[str, ...] = ()
    extended: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, one sentence or two each."""
        kept = f"{', '.join(self.kept)} stays as it was; Scaffold's own version was not written."
        extended = f"{', '.join(self.extended)} got the lines that keep {ENV_FILE} and its secrets out of git."
        return (*([kept] if self.kept else []), *([extended] if self.extended else []))


def may_stay(entry: Path) -> bool:
    """Return whether a project can be made beside an entry of its folder.

    Links are refused: they can lead to work of any kind, anywhere.
    """
    if entry.is_symlink():
        return False
    if entry.name == REPOSITORY or STAGING_NAME.fullmatch(entry.name):
        return True
    return entry.is_file() and HARMLESS.fullmatch(entry.name) is not None


def share(project: Path, destination: Path) -> Shared:
    """Let the files of the destination take part in a staged project.

    A file that both have gets the destination's content in the staged project too: the first commit contains what
    lies in the folder. `.gitignore` gets the project's lines besides, or the secrets in `.env` would be committed.

    Raises:
        ScaffoldError: `destination-not-empty`, when the project has a folder where the destination has a file.
        OSError: a file cannot be read or written.
    """
    if not destination.is_dir():
        return Shared()
    names = sorted(entry.name for entry in destination.iterdir() if entry.is_file() and entry.name != REPOSITORY)
    extended = _extended(project, destination) if names or (destination / REPOSITORY).exists() else {}
    kept = tuple(name for name in names if name != IGNORE_FILE and os.path.lexists(project / name))
    for name in kept:
        if (project / name).is_dir():
            raise destination_not_empty(destination, [name])
        (project / name).unlink()
        shutil.copy2(destination / name, project / name, follow_symlinks=False)
    return Shared(kept, extended)


def withdraw(project: Path, shared: Shared) -> None:
    """Remove from a staged project what stays as it is in the destination."""
    for name in shared.kept:
        (project / name).unlink()


def _extended(project: Path, destination: Path) -> dict[str, bytes]:
    """Write the project's `.gitignore` behind the destination's; return the latter's content."""
    ours, theirs = project / IGNORE_FILE, destination / IGNORE_FILE
    # A template may have forgotten it, and the destination's repository is not ours to configure.
    lines = ours.read_bytes() if ours.is_file() else f"/{ENV_FILE}\n".encode()
    if not theirs.exists():
        ours.write_bytes(lines)
        return {}
    before = theirs.read_bytes()
    gap = b"" if before.endswith(b"\n") or not before else b"\n"
    ours.write_bytes(before if before.endswith(lines) else before + gap + HEADING + lines)
    shutil.copymode(theirs, ours)
    return {IGNORE_FILE: before}
