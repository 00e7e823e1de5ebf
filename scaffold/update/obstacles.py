"""What an update would overwrite, remove or trip over: refused before a file is touched."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scaffold.errors import git_at_work
from scaffold.git.run import Git, isolated, reported
from scaffold.git.view import filtered
from scaffold.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scaffold.update.merge import MergeResult

# What git keeps in its folder while it waits for its user to go on.
_IN_THE_MIDDLE = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "sequencer": "cherry-pick",
    "BISECT_LOG": "bisect",
}


class ObstacleError(Exception):
    """Something is in the way.

    Attributes:
        code: stable name of it, for scripts.
        next_step: what to do about it.
    """

    def __init__(
        self, reason: str, next_step: str, code: Literal["update-refused", "hidden-edits"] = "update-refused"
    ) -> None:
        """Take the reason as the beginning of a sentence."""
        super().__init__(reason)
        self.code = code
        self.next_step = next_step


@dataclass(frozen=True)
class Touched:
    """The paths that an update touches, from the top of the repository.

    Attributes:
        written: files that it writes, or only marks as conflicts.
        removed: files that it removes.
    """

    written: frozenset[str]
    removed: frozenset[str]


def touched(prefix: str, joined: MergeResult) -> Touched:
    """Return the paths that an update touches.

    Raises:
        GitError: git failed.
    """
    scratch = isolated(joined.repository)
    compared = ("diff-tree", "-r", "-z", "--no-renames", "--name-status", joined.ours, joined.result)
    listed = scratch.output(*compared).split("\0")
    named = dict(zip(listed[1::2], listed[::2], strict=False))
    removed = frozenset(prefix + path for path, letter in named.items() if letter == "D")
    marked = {prefix + conflict.path for conflict in joined.conflicts}
    return Touched(frozenset({prefix + path for path in named} | marked) - removed, removed)


def require_none(project: Git, joined: MergeResult, paths: Touched) -> None:
    """Check that nothing is lost when the touched files are written.

    Raises:
        ObstacleError: naming what is in the way.
        GitError: git failed.
    """
    top = project.top()
    known = {entry.path: entry for entry in _entries(top)}
    _require_unchanged(project, joined)
    _require_seen(top, [known[path] for path in sorted(paths.written | paths.removed) if path in known])
    _require_free(_taken(top.folder, paths.written - known.keys(), paths.removed))
    require_unlocked(top.path_of("index.lock"))


@dataclass(frozen=True)
class Foreseen:
    """What would refuse an update now, as far as looking can tell.

    Attributes:
        in_the_way: untracked and ignored files that stand where new ones go.
        obstacle: the refusal; None if there is none.
    """

    in_the_way: tuple[str, ...] = ()
    obstacle: ObstacleError | None = None


def foreseen(project: Git, joined: MergeResult, git_dir: Path) -> Foreseen:
    """Look for what would refuse an update; runs nothing but git, so files with a filter are not judged.

    Args:
        project: git that sees the project, `scaffold.project.record.look_at`.
        joined: what would be brought into the project.
        git_dir: git's folder of the working tree, which `scaffold.git.view` finds.

    Raises:
        GitError: git failed.
    """
    top, paths = project.top(), touched(project.prefix(), joined)
    known = {entry.path: entry for entry in _entries(top)}
    taken = _taken(top.folder, paths.written - known.keys(), paths.removed)
    hidden = [known[path] for path in sorted(paths.written | paths.removed) if path in known and known[path].is_hidden]
    judged = {entry.path for entry in hidden} - filtered(top, [entry.path for entry in hidden])
    try:
        _require_seen(top, [entry for entry in hidden if entry.path in judged])
        _require_free(taken)
        require_unlocked(git_dir / "index.lock")
    except ObstacleError as obstacle:
        return Foreseen(taken, obstacle)
    return Foreseen(taken)


def require_settled(git_dir: Path) -> None:
    """Check that git is not in the middle of a merge or the like: an update would become part of it.

    Args:
        git_dir: git's folder of the working tree, which `scaffold.git.view` finds.

    Raises:
        ScaffoldError: `git-at-work`.
    """
    command = next((name for mark, name in _IN_THE_MIDDLE.items() if (git_dir / mark).exists()), None)
    if command:
        stop = "reset" if command == "bisect" else "--abort"
        raise git_at_work(command, stop)


def require_unlocked(lock: Path) -> None:
    """Check that no other git holds the index.

    Raises:
        ObstacleError: one does, or was killed while it did.
    """
    if os.path.lexists(lock):
        raise ObstacleError(
            f"another git command is at work, or was killed and left {lock}",
            "Wait for it; if no git is running, remove that file. Then try again.",
        )


def _require_unchanged(project: Git, joined: MergeResult) -> None:
    """Refuse if the project changed since the plan was made: a rollback would discard those changes."""
    planned = isolated(joined.repository).output("rev-parse", f"{joined.ours}^{{tree}}")
    again = "Run `scaffold update` again: it plans with the project as it is now."
    if project.committed() != planned:
        raise ObstacleError("something was committed since the update was planned", again)
    if project.output("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty", "--", "."):
        raise ObstacleError("tracked files were changed since the update was planned", f"Commit them. {again}")


@dataclass(frozen=True)
class _Entry:
    """One entry of the index; the flag is what `git ls-files -v` prints before it."""

    flag: str
    mode: str
    object_id: str
    path: str

    @property
    def is_hidden(self) -> bool:
        """Whether git was told not to look at the file."""
        return self.flag.islower() or self.flag == "S"


def _entries(top: Git) -> list[_Entry]:
    found = []
    for line in filter(None, top.output("ls-files", "-v", "--stage", "-z").split("\0")):
        described, path = line.split("\t", 1)
        flag, mode, object_id, _ = described.split()
        found.append(_Entry(flag, mode, object_id, path))
    return found


def _require_seen(top: Git, entries: Iterable[_Entry]) -> None:
    """Refuse when a file was edited that git was told not to look at."""
    hidden = [entry for entry in entries if entry.is_hidden]
    modes = bool(hidden) and top.output("config", "--type=bool", "--default=true", "core.fileMode") == "true"
    edited = [entry.path for entry in hidden if not _is_as_committed(top, entry, modes=modes)]
    if edited:
        raise ObstacleError(
            f"files were edited that git was told to overlook (assume-unchanged, skip-worktree): {listed(edited)}",
            "Let git see each, `git update-index --no-assume-unchanged --no-skip-worktree FILE`, and commit it.",
            "hidden-edits",
        )


def _is_as_committed(top: Git, entry: _Entry, *, modes: bool) -> bool:
    """Compare a file with the index by its bytes, and where they differ, by what git would store of it."""
    place = top.folder / entry.path
    try:
        status = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        # A sparse checkout leaves files out; with the other flag, its owner has taken the file away.
        return entry.flag in "Ss"
    if stat.S_ISLNK(status.st_mode) or entry.mode == "120000":
        return place.is_symlink() and _is_blob(os.fsencode(place.readlink()), entry.object_id)
    executable = bool(status.st_mode & stat.S_IXUSR)
    if not stat.S_ISREG(status.st_mode) or (modes and executable != (entry.mode == "100755")):
        return False
    if _is_blob(place.read_bytes(), entry.object_id):
        return True
    stored = top.run("hash-object", "--path", entry.path, "--", place, check=False)
    return stored.stdout.decode().strip() == entry.object_id


def _is_blob(content: bytes, object_id: str) -> bool:
    algorithm = "sha1" if len(object_id) == hashlib.sha1(usedforsecurity=False).digest_size * 2 else "sha256"
    digest = hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False)
    return digest.hexdigest() == object_id


def _require_free(taken: tuple[str, ...]) -> None:
    if taken:
        raise ObstacleError(
            f"untracked or ignored files stand where new ones go: {listed(taken)}",
            "Move them out of the way, or commit them, then try again.",
        )


def _taken(top: Path, created: Iterable[str], going: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted({path for new in created for path in _in_the_way(top, new, going)}))


def _in_the_way(top: Path, new: str, going: frozenset[str]) -> list[str]:
    """Return what stands at the path of a new file, in a folder there, or instead of a folder above it."""
    for parent in map(str, reversed(Path(new).parents[:-1])):
        place = top / parent
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            return [] if parent in going else [parent]
    place = top / new
    if place.is_symlink() or not place.is_dir():
        return [new] if os.path.lexists(place) else []
    inside = [Path(folder, name) for folder, folders, files in os.walk(place) for name in (*files, *folders)]
    names = [path.relative_to(top).as_posix() for path in inside if path.is_symlink() or not path.is_dir()]
    return [name for name in names if name not in going]


def rehearse(top: Git, target: str, paths: Iterable[str]) -> None:
    """Let the filters of the project (such as Git LFS) make the new files once, before the old ones are touched.

    Raises:
        GitError: a filter failed.
    """
    for path in sorted(paths):
        reported(top, "cat-file", "--filters", f"{target}:{path}")
