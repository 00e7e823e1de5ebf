"""The files that an update is about to touch, as they are: to put them back, and to see that they are back.

Bytes are copied, not taken from git: git may have been told not to see an edit, and a filter that
worked yesterday may fail today.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import NotUndoneError
from scaffold.files.paths import behind_link, stays_inside

if TYPE_CHECKING:
    from collections.abc import Iterable

AS_IT_WAS = "The project is as it was."
_MISSING = -1


@dataclass(frozen=True)
class File:
    """What lies at a path.

    Attributes:
        path: from the top of the repository.
        kind: `missing`, `file`, `link`, `folder`, `outside` (behind a link) or `other`.
        mode: permissions of a file.
        digest: SHA-256 of a file's bytes or of a link's target.
    """

    path: str
    kind: str = "missing"
    mode: int = 0
    digest: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything that an update may touch.

    Attributes:
        files: what lies at each path that the update writes or removes.
        folders: permissions of the folders above (and inside a folder that makes place); -1 where there is none.
    """

    files: tuple[File, ...]
    folders: dict[str, int]


def taken(top: Path, paths: Iterable[str]) -> Snapshot:
    """Look at what lies at these paths.

    Raises:
        OSError: a file cannot be read.
    """
    files = tuple(look(top, path) for path in sorted(set(paths)))
    folders = {str(parent) for file in files for parent in Path(file.path).parents} - {"."}
    for file in files:
        if file.kind == "folder":
            folders |= {os.path.relpath(inside, top) for inside, _, _ in os.walk(top / file.path)}
    return Snapshot(files, {folder: _mode_of(top / folder) for folder in sorted(folders)})


def look(top: Path, path: str) -> File:
    """Look at one path; a link is not followed.

    Raises:
        OSError: a file cannot be read.
    """
    place = top / path
    try:
        status = place.lstat() if _is_inside(top, path) else None
    except (FileNotFoundError, NotADirectoryError):
        return File(path)
    if status is None:
        return File(path, "outside")
    if stat.S_ISLNK(status.st_mode):
        return File(path, "link", 0, _digest(os.fsencode(place.readlink())))
    if stat.S_ISREG(status.st_mode):
        return File(path, "file", stat.S_IMODE(status.st_mode), _digest(place.read_bytes()))
    return File(path, "folder" if stat.S_ISDIR(status.st_mode) else "other")


def save(top: Path, before: Snapshot, into: Path) -> None:
    """Copy every file and link below a fresh folder, safe from a power cut.

    Raises:
        OSError: the disk is full, or a file cannot be read.
    """
    into.mkdir(mode=0o700)
    kept = [file.path for file in before.files if file.kind in {"file", "link"}]
    for path in kept:
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(top / path, into / path, follow_symlinks=False)
    make_durable([into / path for path in kept])
    make_durable({into, into.parent, *((into / path).parent for path in kept)})


def make_durable(paths: Iterable[Path]) -> None:
    """Write files and folders through to the disk; links and what is missing are left out."""
    for path in paths:
        if not path.is_symlink() and path.exists():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def restore(top: Path, before: Snapshot, saved: Path) -> None:
    """Put back whatever is not as it was; what cannot be put back is left for `differences` to name."""
    for file in before.files:
        if file.kind in {"missing", "folder"} and _is_inside(top, file.path):
            with suppress(OSError):  # a folder is not removed by this
                (top / file.path).unlink()
    for folder in sorted((name for name, mode in before.folders.items() if mode == _MISSING), reverse=True):
        if _is_inside(top, folder):
            with suppress(OSError):
                (top / folder).rmdir()
    for file in before.files:
        with suppress(OSError):
            if file.kind in {"file", "link"} and look(top, file.path) != file and _is_inside(top, file.path):
                _put_back(saved / file.path, top / file.path)
    _restore_folders(top, before.folders)


def differences(top: Path, before: Snapshot) -> list[str]:
    """Return what is not as it was: other bytes, permissions or kind, a folder more or less."""
    files = [file.path for file in before.files if _look_or_unknown(top, file.path) != file]
    return [*files, *(f"{name}/" for name, mode in before.folders.items() if _mode_of(top / name) != mode)]


def as_it_was(top: Path, before: Snapshot, saved: Path) -> str:
    """Return the sentence that the project is as it was; the only place that says so, after it has looked.

    Args:
        top: top of the repository.
        before: what lay there before the update began.
        saved: folder with the copies, for the error.

    Raises:
        NotUndoneError: it is not.
    """
    changed = differences(top, before)
    if changed:
        raise NotUndoneError(changed, saved if saved.is_dir() else None)
    return AS_IT_WAS


def _is_inside(top: Path, path: str) -> bool:
    """Return whether a path stays below the top: a journal or a link that was planted must not lead out of it."""
    return stays_inside(path) and not behind_link(top, path)


def _look_or_unknown(top: Path, path: str) -> File:
    try:
        return look(top, path)
    except OSError:
        return File(path, "unreadable")


def _put_back(copy: Path, place: Path) -> None:
    """Replace a file in one step; moving its copy needs no room on a disk that is full."""
    if not os.path.lexists(copy):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        copy.replace(place)
    except OSError:
        # Git's folder is on another disk, or the copy cannot be moved.
        beside = place.with_name(f"{place.name}.scaffold-{os.getpid()}")
        try:
            shutil.copy2(copy, beside, follow_symlinks=False)
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)


def _restore_folders(top: Path, folders: dict[str, int]) -> None:
    for name, mode in folders.items():
        with suppress(OSError):
            if _is_inside(top, name) and mode not in {_MISSING, _mode_of(top / name)}:
                (top / name).mkdir(parents=True, exist_ok=True)
                (top / name).chmod(mode)


def _mode_of(folder: Path) -> int:
    try:
        status = folder.lstat()
    except OSError:
        return _MISSING
    return stat.S_IMODE(status.st_mode) if stat.S_ISDIR(status.st_mode) else _MISSING


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
