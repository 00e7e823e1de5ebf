"""Moves a project from one committed state to another, all of it or nothing.

A journal in the project's git folder says what is under way. Whoever finds it later, after a
SIGKILL or a power cut, can put everything back: the project was clean, so its last commit is the
truth.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.git import Git, GitError, neutral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scaffold.merge import Conflict, Joined

_JOURNAL = "scaffold-update.json"


@dataclass(frozen=True)
class Journal:
    """What an update was doing when it was stopped.

    Attributes:
        head: the commit to go back to.
        prefix: the project's folder inside its repository, empty or ending in a slash.
        created: files that did not exist before, relative to the project.
    """

    head: str
    prefix: str
    created: tuple[str, ...]


def journal_of(project: Git) -> Journal | None:
    """Return the journal of an update that never finished, or None."""
    try:
        read = json.loads(_journal_path(project).read_text())
        return Journal(str(read["head"]), str(read["prefix"]), tuple(map(str, read["created"])))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        # The journal itself was being written: nothing had been touched yet.
        return Journal(project("rev-parse", "HEAD"), prefix_of(project), ())


def prefix_of(project: Git) -> str:
    """Return the project's folder inside its repository, empty or ending in a slash."""
    return project("rev-parse", "--show-prefix")


def apply(project: Git, joined: Joined) -> None:
    """Bring the result of a merge into the project's files and index.

    Raises:
        GitError: git refused, for example because an untracked file stands in the way; the project
            is as it was.
    """
    head, prefix = project("rev-parse", "HEAD"), prefix_of(project)
    touched = [*(change.path for change in joined.changes), *(conflict.path for conflict in joined.conflicts)]
    created = tuple(_untracked(project, head, touched))
    _require_free(project, created)
    _transfer(project, joined)
    target = _whole_tree(project, prefix, joined.result)
    with _journaled(project, Journal(head, prefix, created)):
        # A copied or mounted project has other inodes than its index remembers; read-tree takes that for edits.
        project.run("update-index", "-q", "--refresh", check=False)
        project("read-tree", "-m", "-u", head, target)
        _mark(project, prefix, joined.conflicts)


def _require_free(project: Git, created: Sequence[str]) -> None:
    """Refuse while somebody's untracked file, or another git's lock, is what rolling back would remove."""
    taken = [path for path in created if os.path.lexists(project.folder / path)]
    if taken:
        raise GitError(f"untracked files stand where new ones go: {', '.join(taken[:5])}")
    lock = _git_path(project, "index.lock")
    if lock.exists():
        raise GitError(f"another git command is at work, or was killed and left {lock}")


def roll_back(project: Git, journal: Journal) -> None:
    """Put files and index back to the commit the update started from."""
    with contextlib.suppress(FileNotFoundError):
        # Only left over when git was killed; ours was the only git at work then.
        _git_path(project, "index.lock").unlink()
    for path in _untracked(project, journal.head, journal.created):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            (project.folder / path).unlink()
    top = Git(Path(project("rev-parse", "--show-toplevel")), project.environment)
    scope = journal.prefix or "."
    top("reset", "--quiet", journal.head, "--", scope)
    top("checkout", "--quiet", "--force", journal.head, "--", scope)
    _remove_empty(project.folder, journal.created)
    forget(project)


def forget(project: Git) -> None:
    """Drop the journal: what it speaks of is over."""
    _journal_path(project).unlink(missing_ok=True)


@contextlib.contextmanager
def _journaled(project: Git, journal: Journal) -> Iterator[None]:
    path = _journal_path(project)
    with path.open("x") as file:
        json.dump(asdict(journal), file)
        file.flush()
        os.fsync(file.fileno())
    try:
        yield
    except BaseException:
        roll_back(project, journal)
        raise
    path.unlink()


def _git_path(project: Git, name: str) -> Path:
    return Path(project("rev-parse", "--path-format=absolute", "--git-path", name))


def _journal_path(project: Git) -> Path:
    return _git_path(project, _JOURNAL)


def _transfer(project: Git, joined: Joined) -> None:
    """Copy the objects of the result, and of both sides of its conflicts, into the project."""
    blobs = [blob.object_id for conflict in joined.conflicts for blob in conflict.stages.values()]
    wanted = "\n".join([joined.result, f"^{joined.ours}", *blobs])
    pack = neutral(joined.repository).run("pack-objects", "--revs", "--stdout", "--quiet", stdin=wanted.encode())
    project.run("unpack-objects", "-q", stdin=pack.stdout)


def _whole_tree(project: Git, prefix: str, result: str) -> str:
    """Return the tree of the whole repository with the project's folder replaced."""
    if not prefix:
        return project("rev-parse", f"{result}^{{tree}}")
    index = _git_path(project, "scaffold-update.index")
    git = Git(Path(project("rev-parse", "--show-toplevel")), {"GIT_INDEX_FILE": str(index)})
    try:
        git("read-tree", "HEAD")
        git("rm", "-r", "--cached", "--quiet", "--", prefix)
        git("read-tree", f"--prefix={prefix}", f"{result}^{{tree}}")
        return git("write-tree")
    finally:
        index.unlink(missing_ok=True)


def _mark(project: Git, prefix: str, conflicts: Sequence[Conflict]) -> None:
    """Tell the index that a person has to decide, as `git merge` would."""
    lines = []
    for conflict in conflicts:
        path = prefix + conflict.path
        lines.append(f"0 {'0' * 40}\t{path}")
        stages = sorted(conflict.stages.items())
        lines += [f"{blob.mode} {blob.object_id} {stage}\t{path}" for stage, blob in stages]
    if lines:
        records = "\0".join(lines) + "\0"
        project("update-index", "-z", "--index-info", stdin=records.encode(errors="surrogateescape"))


def _untracked(project: Git, head: str, paths: Sequence[str]) -> list[str]:
    listed = project("ls-tree", "-r", "-z", "--name-only", head).split("\0")
    return sorted(set(paths) - set(listed))


def _remove_empty(folder: Path, created: Sequence[str]) -> None:
    for parent in sorted({parent for path in created for parent in Path(path).parents}, reverse=True):
        if parent != Path():
            with contextlib.suppress(OSError):
                (folder / parent).rmdir()


__all__ = ["GitError", "Journal", "apply", "forget", "journal_of", "prefix_of", "roll_back"]
