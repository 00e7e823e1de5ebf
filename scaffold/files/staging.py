"""All or nothing: a project is made in a hidden folder beside its destination and moved there at the end.

The folder holds a lock for as long as its process lives, however that ends. What a killed process
left behind is therefore recognised without doubt, and swept by the next run in the same place.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import shutil
import signal
import stat
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from scaffold.errors import destination_not_a_folder, destination_not_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

PREFIX = ".scaffold-"
STAGING_NAME = re.compile(r"\.scaffold-[0-9a-f]{16}(?P<removed>\.removed)?")
LOCK_NAME = "in-progress"
NOTICE = b"Scaffold works here. When no `scaffold` command is running, this folder can be deleted.\n"
# Between making the folder and locking it lie microseconds; a minute forgives a very slow disk.
UNLOCKED_GRACE_SECONDS = 60


@contextmanager
def staging(parent: Path) -> Iterator[Path]:
    """Provide a fresh, private folder that is removed afterwards, whatever happens.

    Args:
        parent: an existing folder on the file system of the destination.
    """
    remove_stale(parent)
    folder = parent / (PREFIX + secrets.token_hex(8))
    try:
        folder.mkdir(mode=0o700)
        with _locked(folder):
            yield folder
    finally:
        with signals_deferred():
            _remove(folder)


def scratch() -> AbstractContextManager[Path]:
    """Provide a folder for scratch files among the machine's temporary ones; the next run sweeps a killed one's."""
    return staging(Path(gettempdir()))


def remove_stale(parent: Path) -> None:
    """Remove what killed runs left in a folder; what belongs to a living run or to others stays."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            name = STAGING_NAME.fullmatch(entry.name)
            if name and (name["removed"] or _is_abandoned(Path(entry.path))):
                _remove(Path(entry.path))


def check_free(destination: Path, may_stay: Callable[[Path], bool] = lambda _: False) -> None:
    """Check that nothing of the user's is in the way.

    Args:
        destination: the folder, which need not exist.
        may_stay: says of an entry of the folder whether a project can be made beside it. Default: of none.

    Raises:
        ScaffoldError: `destination-not-empty` or `destination-not-a-folder`.
        OSError: the destination cannot be looked into.
    """
    if not os.path.lexists(destination):
        return
    if not destination.is_dir():
        raise destination_not_a_folder(destination)
    entries = sorted(entry.name for entry in destination.iterdir() if not may_stay(entry))
    if entries:
        raise destination_not_empty(destination, entries)


@contextmanager
def parent_folder(destination: Path) -> Iterator[Path]:
    """Provide the folder in which to stage; parents made for it go again when the body fails.

    A folder that holds files, in which somebody stands or on which a file system is mounted, cannot be replaced by
    another: there the project is staged inside.

    Raises:
        ScaffoldError: `destination-not-a-folder`, when a parent is a file.
    """
    if _cannot_be_replaced(destination):
        yield destination
        return
    parent = destination.parent
    missing = [folder for folder in (parent, *parent.parents) if not os.path.lexists(folder)]
    try:
        _make(parent)
        yield parent
    except BaseException:
        with signals_deferred():
            for folder in missing:
                with suppress(OSError):
                    folder.rmdir()
        raise


def move_into_place(project: Path, destination: Path, extended: Mapping[str, bytes] | None = None) -> None:
    """Make a complete project appear at its destination in one step.

    Args:
        project: the staged project. Its entries must be free in the destination.
        destination: a new, empty or shared folder.
        extended: files of the destination that the project's version replaces, with the content that they must
            still have. Default: none.

    Raises:
        ScaffoldError: `destination-not-empty`, when somebody else was quicker.
        OSError: the move failed.
    """
    with signals_deferred():
        if destination.exists():
            project.chmod(stat.S_IMODE(destination.stat().st_mode))
        # `parent_folder` has decided; what others put there since must not change that.
        if project.parent.parent == destination:
            _move_entries(project, destination, extended or {})
            return
        try:
            project.rename(destination)
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                check_free(destination)
            raise


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Defer Ctrl-C and other signals while they would leave files half moved."""
    with deferrable_signals() as defer:
        defer()
        yield


@contextmanager
def deferrable_signals() -> Iterator[Callable[[], object]]:
    """Provide a function that defers Ctrl-C and other signals from its call to the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        yield lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _make(parent: Path) -> None:
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        blocking = next(p for p in (parent, *parent.parents) if os.path.lexists(p) and not p.is_dir())
        raise destination_not_a_folder(blocking) from None


def _cannot_be_replaced(destination: Path) -> bool:
    if not destination.is_dir():
        return False
    with suppress(OSError):  # the current folder may have been deleted
        if destination.samefile(Path.cwd()):
            return True
    return destination.is_mount() or any(destination.iterdir())


def _move_entries(project: Path, destination: Path, extended: Mapping[str, bytes]) -> None:
    """Move the entries of a project one by one, and back again if one cannot be moved."""
    moved: list[str] = []
    before = project.with_name(f"{project.name}.before")
    before.mkdir()
    try:
        for entry in sorted(project.iterdir()):
            target = destination / entry.name
            if entry.name in extended:
                _require_unchanged(target, extended[entry.name])
                shutil.copy2(target, before / entry.name)
                entry.replace(target)
            else:
                _refuse_to_replace(target)
                entry.rename(target)
            moved.append(entry.name)
    except BaseException:
        for name in moved:
            (destination / name).rename(project / name)
            if name in extended:
                (before / name).replace(destination / name)
        raise


def _require_unchanged(path: Path, content: bytes) -> None:
    if path.is_symlink() or path.read_bytes() != content:
        raise destination_not_empty(path.parent, [path.name])


def _refuse_to_replace(path: Path) -> None:
    if os.path.lexists(path):
        raise destination_not_empty(path.parent, [path.name])


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; it becomes visible only when it is held."""
    fresh = folder / f"{LOCK_NAME}.new"
    with fresh.open("xb") as lock:
        with suppress(OSError):  # a disk without locks: what is left there is never swept, and never wrongly
            _lock(lock.fileno())
        lock.write(NOTICE)
        lock.flush()
        fresh.rename(folder / LOCK_NAME)
        yield


def _lock(file: int) -> bool:
    """Take a lock that ends with this process; False when another process has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_abandoned(folder: Path) -> bool:
    try:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or not _is_ours(status):
            return False
        if not (folder / LOCK_NAME).exists():
            settled = time.time() - status.st_mtime > UNLOCKED_GRACE_SECONDS
            return settled and {path.name for path in folder.iterdir()} <= {f"{LOCK_NAME}.new"}
        with (folder / LOCK_NAME).open("r+b") as lock:
            return _lock(lock.fileno())
    except OSError:
        return False


def _is_ours(status: os.stat_result) -> bool:
    """Return whether a folder is the user's own: in a shared one, others can plant names for us to delete."""
    return status.st_uid == os.geteuid()


def _remove(folder: Path) -> None:
    # Without its lock a folder looks as if its run had just begun: a run killed while it removes it says what it was.
    removed = folder.with_name(f"{folder.name}.removed")
    if folder.suffix != removed.suffix:
        with suppress(OSError):
            folder = folder.rename(removed)
    # A child that was killed with us, such as npm, may write its last files while we delete.
    for _ in range(5):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.1)
