"""What an update is doing, written down where the next run finds it.

Whoever finds the journal later, after a SIGKILL or a power cut, can put everything back: the
project was clean, so its last commit is the truth.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import ScaffoldError
from scaffold.git import Git, GitError, applying
from scaffold.paths import behind_link, stays_inside
from scaffold.view import find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

_NAME = "scaffold-update.json"


@dataclass(frozen=True)
class Journal:
    """What an update was doing when it was stopped.

    Attributes:
        head: the commit to go back to.
        target: the tree of the whole repository that was being written.
    """

    head: str
    target: str


def is_unfinished(folder: Path) -> bool:
    """Tell whether an update was stopped half way in a folder's repository, whatever else is wrong with it."""
    try:
        return (find(folder).git_dir / _NAME).exists()
    except (OSError, GitError):
        return False


def recover(folder: Path) -> bool:
    """Put back what a killed update has left half done; tell whether there was one.

    The project's own record is among the files that may be half written: read it afterwards.

    Raises:
        ScaffoldError: `update-running`: the update is not dead, it is at work. `update-unfinished`: its owner
            has edited, since it died, files that it had touched.
    """
    if not is_unfinished(folder):
        return False
    top = applying(folder).top()
    with _path(top).open() as written_down:
        _lock(written_down)
        journal = _read(written_down.read())
        # Cut off while it was written, nothing had been touched yet; and what was committed since is not undone.
        if journal is not None and top("rev-parse", "HEAD") == journal.head:
            touched = _touched(top, journal)
            edited = [file.path for file in touched if not _is_ours(top, file)]
            if edited:
                raise _edited_since(edited)
            _roll_back(top, journal, touched)
        _path(top).unlink()
    return True


@contextlib.contextmanager
def alone(project: Git) -> Iterator[TextIO]:
    """Keep every other update of the repository away for the time of a block; yields the empty journal.

    Raises:
        ScaffoldError: `update-running`.
    """
    path = _path(project)
    with path.open("a+") as file:
        _lock(file)
        file.seek(0)
        if file.read() or not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise _running()
        try:
            yield file
        except BaseException:
            # What could not be put back must stay written down.
            if not os.fstat(file.fileno()).st_size:
                path.unlink()
            raise
        path.unlink()


@contextlib.contextmanager
def written(file: TextIO, project: Git, journal: Journal) -> Iterator[None]:
    """Write the journal down, and put the project back if the block fails."""
    json.dump(asdict(journal), file)
    file.flush()
    os.fsync(file.fileno())
    try:
        yield
    except BaseException:
        top = project.top()
        _roll_back(top, journal, _touched(top, journal))
        file.truncate(0)
        raise


def _path(project: Git) -> Path:
    return project.path_of(_NAME)


def _lock(journal: TextIO) -> None:
    """Hold the journal as long as it is open; the system lets go of it however a process ends."""
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _running() from None


def _running() -> ScaffoldError:
    return ScaffoldError(
        "update-running",
        "Another update is at work in this repository, or was until now.",
        "Look at `git status`, then try again.",
        4,
    )


def unfinished(folder: Path) -> ScaffoldError:
    """Build the error for a project that `recover` has to put back before it can be looked at."""
    return ScaffoldError(
        "update-unfinished",
        f"An update of {folder} was cut off half way.",
        "Run `scaffold update` there: it puts the project back first.",
        4,
    )


def _edited_since(paths: Sequence[str]) -> ScaffoldError:
    return ScaffoldError(
        "update-unfinished",
        f"An update was cut off half way, and files it had touched were edited since: {', '.join(paths[:5])}.",
        "Put your edits aside, `git checkout HEAD -- FILE` for each, then try again.",
        4,
    )


def _read(text: str) -> Journal | None:
    try:
        read = json.loads(text)
        return Journal(str(read["head"]), str(read["target"]))
    except (ValueError, KeyError, TypeError):
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
    listed = top("diff-tree", "-r", "-z", "--no-renames", journal.head, journal.target).split("\0")
    found = []
    for described, path in zip(listed[::2], listed[1::2], strict=False):
        # An archive can bring a journal, and trees that no git would write.
        if not stays_inside(path):
            raise _edited_since([repr(path)])
        _, _, old, new, _ = described.split()
        found.append(_Touched(path, old, new))
    return found


def _is_ours(top: Git, touched: _Touched) -> bool:
    """Tell whether a file is as it was, as it should be, missing or half written: as git may have left it."""
    path = top.folder / touched.path
    if not os.path.lexists(path) or behind_link(top.folder, touched.path):
        return True
    if path.is_symlink():
        present = top("hash-object", "--stdin", stdin=os.fsencode(path.readlink()))
    elif path.is_file():
        present = top("hash-object", "--path", touched.path, "--", path)
    else:
        return False
    if present in {touched.old, touched.new}:
        return True
    whole = top.run("cat-file", "blob", touched.new, check=False).stdout
    return path.is_file() and whole.startswith(path.read_bytes())


def _roll_back(top: Git, journal: Journal, touched: Sequence[_Touched]) -> None:
    """Put the touched files and their entries in the index back to the commit the update started from."""
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
        top("reset", "--quiet", journal.head, *from_input, stdin=os.fsencode(names))
    before = "\0".join(file.path for file in touched if not file.is_new)
    if before:
        top("checkout", "--quiet", "--force", journal.head, *from_input, stdin=os.fsencode(before))


def _remove_empty(folder: Path, created: Sequence[str]) -> None:
    for parent in sorted({parent for path in created for parent in Path(path).parents}, reverse=True):
        if parent != Path():
            with contextlib.suppress(OSError):
                (folder / parent).rmdir()
