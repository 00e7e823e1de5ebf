"""Names of files that reach further than they seem to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# HFS+ leaves these out when it compares names (git: utf8.c, next_hfs_char).
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
# NTFS: what follows a colon names a stream of the file, dots and blanks at the end do not count,
# and the short name of `.git` is `git~1` or a later number.
_GIT = re.compile(r"(?:\.git|git~[0-9]+)[. ]*(?::.*)?", re.IGNORECASE | re.DOTALL)
_SEPARATORS = re.compile(r"[/\\]")


def names_git(path: str) -> bool:
    """Return whether some file system takes a component of a path for `.git`."""
    return any(_GIT.fullmatch(_IGNORED_BY_HFS.sub("", part)) for part in _SEPARATORS.split(path))


def stays_inside(path: str) -> bool:
    """Return whether a path as git writes it, with slashes, names a file below the folder it is relative to."""
    return not path.startswith("/") and ".." not in path.split("/") and not names_git(path)


def leads_out(link: Path, folder: Path) -> bool:
    """Return whether a symbolic link below a folder leads to a file outside of it, or round in a circle."""
    try:
        target = link.readlink()
        return target.is_absolute() or not (link.parent / target).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return True


def behind_link(folder: Path, path: str) -> bool:
    """Return whether a path below a folder passes through a symbolic link before its last component."""
    parents = path.split("/")[:-1]
    return any(folder.joinpath(*parents[:length]).is_symlink() for length in range(1, len(parents) + 1))
