"""What an update is doing, written down where the next run finds it.

Before the first file is touched, the bytes of every file that will be are copied beside the journal.
Whoever finds the journal later, after a SIGKILL or a power cut, puts them back. The project's index is
replaced in one step at the end, and git's own lock on it is held until then.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import NotUndoneError, edited_since_interrupted, update_running
from scaffold.files.paths import behind_link, stays_inside
from scaffold.files.staging import signals_deferred
from scaffold.git.run import Git, GitError, applying, is_object_id, missing_object
from scaffold.project.unfinished import JOURNAL, is_unfinished
from scaffold.update import snapshot
from scaffold.update.obstacles import require_unlocked
from scaffold.update.snapshot import File, Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import TextIO

_SAVED = "scaffold-update.saved"
_INDEX = "scaffold-update.index"
_MARK = b"scaffold update\n"


@dataclass(frozen=True)
class Journal:
    """What an update was doing when it was stopped.

    Attributes:
        head: the commit it started from.
        target: the tree of the whole repository that was being written.
        before: what lay at the paths it touches; None in a journal of Scaffold 0.1, which copied nothing.
        entries: what the index held of these paths, as `git ls-files --stage` lists it; None for what the commit has.
    """

    head: str
    target: str
    before: Snapshot | None = None
    entries: tuple[str, ...] | None = None


def saved_by(project: Git) -> Path:
    """Return the folder in which an update keeps the files of before."""
    return project.path_of(_SAVED)


def scratch_index(project: Git) -> Path:
    """Return the path of an index of our own, beside the project's."""
    return project.path_of(_INDEX)


def recover(folder: Path) -> bool:
    """Put back what a killed update has left half done; tell whether there was one.

    The project's own record is among the files that may be half written: read it afterwards.

    Raises:
        ScaffoldError: `update-running`: the update is not dead, it is at work. `update-unfinished`: its owner
            has edited, since it died, files that it had touched. `update-not-undone`: it cannot be put back.
    """
    if not is_unfinished(folder):
        return False
    top = applying(folder).top()
    with _path(top).open() as written_down:
        _lock(written_down)
        journal = _read(written_down.read())
        # Cut off while it was written, nothing had been touched yet; and what was committed since is not undone.
        if journal is not None and top.output("rev-parse", "HEAD") == journal.head:
            _recover(top, journal)
        _release_index(top)
        _path(top).unlink()
        _sweep(top)
    return True


@contextlib.contextmanager
def exclusive(project: Git) -> Iterator[TextIO]:
    """Keep every other update of the repository away for the time of a block; yields the empty journal.

    Raises:
        ScaffoldError: `update-running`.
        OSError: git's own folder cannot be written.
    """
    path = _path(project)
    with open(path, "a+", opener=_without_links) as file:
        _lock(file)
        file.seek(0)
        if file.read() or not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise update_running()
        try:
            # Of an update that was killed before it wrote its journal, or after it removed it.
            _sweep(project)
            yield file
        except BaseException:
            # What could not be put back must stay written down, with the files of before.
            if not os.fstat(file.fileno()).st_size:
                path.unlink()
                _sweep(project)
            raise
        path.unlink()
        _sweep(project)


@contextlib.contextmanager
def recorded(file: TextIO, top: Git, journal: Journal) -> Iterator[Path]:
    """Copy the files of before, write the journal down, lock the index; put the project back if the block fails.

    Yields:
        A copy of the project's index, to work on. It takes the index's place when the block ends well.

    Raises:
        ObstacleError: another git holds the index.
        OSError: the disk is full or cannot be written.
    """
    if journal.before is not None:
        snapshot.save(top.folder, journal.before, saved_by(top))
    json.dump(asdict(journal), file)
    file.flush()
    snapshot.make_durable([_path(top), _path(top).parent])
    try:
        index = _lock_index(top)
        yield index
        _replace_index(top, index, journal)
    except BaseException:
        with signals_deferred():
            if _is_put_back(top, journal):
                file.truncate(0)
        raise


def _path(project: Git) -> Path:
    return project.path_of(JOURNAL)


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def _sweep(project: Git) -> None:
    """Remove what updates leave in git's folder; only while no other one can be at work."""
    saved = saved_by(project)
    if saved.is_dir() and not saved.is_symlink():
        shutil.rmtree(saved, ignore_errors=True)
    else:
        saved.unlink(missing_ok=True)
    for name in (_INDEX, f"{_INDEX}.lock"):
        project.path_of(name).unlink(missing_ok=True)


def _lock_index(top: Git) -> Path:
    """Take git's lock on the index and return a copy of the index.

    The lock is the journal under another name: whoever finds it later sees whose it is.
    """
    lock = top.path_of("index.lock")
    try:
        os.link(_path(top), lock)
    except FileExistsError:
        require_unlocked(lock)
        raise
    except OSError:  # a disk without hard links
        with lock.open("xb") as file:
            file.write(_MARK)
    # With its time, by which git recognises files that were changed in the same moment.
    return Path(shutil.copy2(top.path_of("index"), scratch_index(top)))


def _release_index(top: Git) -> None:
    lock = top.path_of("index.lock")
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(lock.lstat(), _path(top).lstat()) or lock.read_bytes() == _MARK:
            lock.unlink()


def _replace_index(top: Git, index: Path, journal: Journal) -> None:
    """Let the update become visible to git in one step, when everything else is on the disk."""
    paths = [file.path for file in journal.before.files] if journal.before else []
    snapshot.make_durable([index, *(top.folder / path for path in paths)])
    index.replace(top.path_of("index"))
    _release_index(top)


def _lock(journal: TextIO) -> None:
    """Hold the journal as long as it is open; the system lets go of it however a process ends."""
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise update_running() from None


def _read(text: str) -> Journal | None:
    try:
        read = json.loads(text)
        before = read.get("before")
        files = before and tuple(File(**file) for file in before["files"])
        snapshot_of_before = before and Snapshot(files, dict(before["folders"]))
        entries = read.get("entries")
        staged = None if entries is None else tuple(map(str, entries))
        # An archive can bring a journal with options for git in the place of ids.
        if not is_object_id(read["head"]) or not is_object_id(read["target"]):
            return None
        return Journal(read["head"], read["target"], snapshot_of_before, staged)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


@dataclass(frozen=True)
class _Touched:
    """A file that an update writes or removes: its path from the top, and its object before and after."""

    path: str
    old: str
    new: str

    @property
    def is_new(self) -> bool:
        return not self.old.strip("0")


def _touched(top: Git, journal: Journal) -> list[_Touched]:
    listed = top.output("diff-tree", "-r", "-z", "--no-renames", journal.head, journal.target).split("\0")
    found = []
    for described, path in zip(listed[::2], listed[1::2], strict=False):
        # An archive can bring a journal, and trees that no git would write.
        if not stays_inside(path):
            raise edited_since_interrupted([repr(path)])
        _, _, old, new, _ = described.split()
        found.append(_Touched(path, old, new))
    # Files of conflicts whose content stays: only their entries in the index change.
    others = {file.path for file in journal.before.files} if journal.before else set()
    return [*found, *(_Touched(path, "", "") for path in sorted(others - {file.path for file in found}))]


def _recover(top: Git, journal: Journal) -> None:
    touched = _touched(top, journal)
    as_before = _unchanged(top, journal)
    known = {file.path for file in touched}
    edited = [file.path for file in touched if file.path not in as_before and not _untouched_by_user(top, file, known)]
    if edited:
        raise edited_since_interrupted(edited)
    if journal.before is not None:
        if not _is_put_back(top, journal):
            raise NotUndoneError(snapshot.differences(top.folder, journal.before), saved_by(top))
        return
    try:
        _roll_back(top, journal, touched)
    except (GitError, OSError) as error:
        raise NotUndoneError([file.path for file in touched], None) from error


def _unchanged(top: Git, journal: Journal) -> set[str]:
    before = journal.before.files if journal.before else ()
    return {file.path for file in before if snapshot.look(top.folder, file.path) == file}


def _untouched_by_user(top: Git, touched: _Touched, known: set[str]) -> bool:
    """Return whether a file is as it was, as it should be, missing or half written: as git may have left it."""
    path = top.folder / touched.path
    if not os.path.lexists(path) or behind_link(top.folder, touched.path):
        return True
    if path.is_dir() and not path.is_symlink():
        return not _others_in(top, path, known)
    try:
        if path.is_symlink():
            present = top.output("hash-object", "--stdin", stdin=os.fsencode(path.readlink()))
        else:
            present = top.output("hash-object", "--path", touched.path, "--", path)
    except GitError:
        # A filter that fails cannot say what it has made: compare the bytes as they are.
        present = ""
    if present in {touched.old, touched.new}:
        return True
    whole = top.run("cat-file", "blob", touched.new, check=False).stdout
    return path.is_file() and whole.startswith(path.read_bytes())


def _others_in(top: Git, folder: Path, known: set[str]) -> list[Path]:
    """List what the update has not made in a folder that it made where a file was."""
    inside = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return [path for path in inside if path.relative_to(top.folder).as_posix() not in known]


def _is_put_back(top: Git, journal: Journal) -> bool:
    """Put the touched files and their entries in the index back; tell whether everything is as it was."""
    if journal.before is None:
        return False
    try:
        saved = saved_by(top)
        _release_index(top)
        if not saved.is_symlink():
            snapshot.restore(top.folder, journal.before, saved)
        _reset_entries(top, journal)
    except (GitError, OSError):
        return False
    return not snapshot.differences(top.folder, journal.before)


def _reset_entries(top: Git, journal: Journal) -> None:
    """Give the touched paths their entries of before again, where the index has others.

    It has when the update was killed after its last step, or when somebody has staged half of it since.
    """
    paths = {file.path for file in journal.before.files} if journal.before else set()
    written = None if journal.entries is None else set(journal.entries)
    before = committed_entries(top, journal.head, paths) if written is None else _of_paths(written, paths)
    if staged_entries(top, paths) != before:
        put_entries(top, paths, before)


def staged_entries(top: Git, paths: Collection[str]) -> set[str]:
    """Return what the index holds of some paths: mode, object and stage, a tab and the path of each."""
    listed = top.output("ls-files", "--stage", "-z").split("\0")
    return _of_paths(listed, paths)


def committed_entries(top: Git, tree: str, paths: Collection[str]) -> set[str]:
    """Return the entries that an index has when it holds some paths as a tree does."""
    found = set()
    for entry in filter(None, top.output("ls-tree", "-r", "-z", tree).split("\0")):
        described, path = entry.split("\t", 1)
        mode, _, object_id = described.split()
        if path in paths:
            found.add(f"{mode} {object_id} 0\t{path}")
    return found


def _of_paths(entries: Iterable[str], paths: Collection[str]) -> set[str]:
    return {entry for entry in entries if entry.partition("\t")[2] in paths}


def put_entries(top: Git, paths: Collection[str], entries: Collection[str]) -> None:
    """Let the index hold these entries of some paths, and no others."""
    head = top.output("rev-parse", "HEAD")
    removed = [f"0 {missing_object(head)}\t{path}" for path in sorted(paths)]
    records = [*removed, *sorted(entries)]
    if records:
        top.output("update-index", "-z", "--index-info", stdin=os.fsencode("\0".join(records) + "\0"))


def _roll_back(top: Git, journal: Journal, touched: Sequence[_Touched]) -> None:
    """Put back an update of Scaffold 0.1, which copied nothing: git's last commit is all there is."""
    with contextlib.suppress(FileNotFoundError):
        # Only left over when git was killed; ours was the only git at work then.
        top.path_of("index.lock").unlink()
    created = [file.path for file in touched if file.is_new and not behind_link(top.folder, file.path)]
    for path in created:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (top.folder / path).unlink()
    _restore(top, journal, touched)
    _remove_empty(top.folder, created)


def _restore(top: Git, journal: Journal, touched: Sequence[_Touched]) -> None:
    # Without a path both commands would mean every file.
    from_input = ("--pathspec-from-file=-", "--pathspec-file-nul")
    if touched:
        names = "\0".join(file.path for file in touched)
        top.output("reset", "--quiet", journal.head, *from_input, stdin=os.fsencode(names))
    before = "\0".join(file.path for file in touched if not file.is_new)
    if before:
        top.output("checkout", "--quiet", "--force", journal.head, *from_input, stdin=os.fsencode(before))


def _remove_empty(folder: Path, created: Sequence[str]) -> None:
    for parent in sorted({parent for path in created for parent in Path(path).parents}, reverse=True):
        if parent != Path():
            with contextlib.suppress(OSError):
                (folder / parent).rmdir()
