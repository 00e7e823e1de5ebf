"""Moves a project from one committed state to another, all of it or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from scaffold.errors import ScaffoldError, cannot_update, git_refused, update_refused
from scaffold.git.run import Git, GitError, isolated, missing_object, reported
from scaffold.git.view import filtered
from scaffold.update import filters, journal, obstacles, snapshot
from scaffold.update.journal import Journal
from scaffold.update.obstacles import ObstacleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from typing import TextIO

    from scaffold.git.tree import Conflict
    from scaffold.update.merge import MergeResult
    from scaffold.update.snapshot import Snapshot

T = TypeVar("T")


def apply_merge(project: Git, joined: MergeResult, done: Callable[[], object] = lambda: None) -> str:
    """Bring the result of a merge into the project's files and index; return the tree of the whole repository.

    Args:
        project: git that changes the project.
        joined: the result.
        done: called when all files are written; if it fails, the project is put back. Default: nothing.

    Raises:
        ScaffoldError: what `all_or_nothing` raises.
    """
    paths = obstacles.touched(project.prefix(), joined)

    def action(git: Git, file: TextIO, before: Snapshot) -> str:
        return _apply(git, joined, file, before, done)

    return all_or_nothing(project, paths.written | paths.removed, action)


def all_or_nothing(project: Git, paths: Iterable[str], action: Callable[[Git, TextIO, Snapshot], T]) -> T:
    """Change files of a project while no other update is at work.

    Args:
        project: git in the project.
        paths: the files, from the top of the repository.
        action: changes them, given git, the empty journal and what lies there now. It puts back what it changed
            when it fails, as `journal.recorded` does.

    Returns:
        What the action returned.

    Raises:
        ScaffoldError: `update-refused`, `hidden-edits` or `cannot-write`: the project is as it was.
            `update-running`: another update is at work. `update-not-undone`: files are not as they were.
    """
    top = project.top()
    before = snapshot.taken(top.folder, paths)
    try:
        with journal.exclusive(project) as file:
            return action(replace(project, held=(file.fileno(),)), file, before)
    except ScaffoldError:
        raise
    except BaseException as error:
        # Compared on every way out, also after an interruption: it raises where something is not as it was.
        sentence = snapshot.as_it_was(top.folder, before, journal.saved_by(top))
        if isinstance(error, ObstacleError | GitError | OSError):
            raise _refused(error, sentence) from error
        raise


def _apply(project: Git, joined: MergeResult, file: TextIO, before: Snapshot, done: Callable[[], object]) -> str:
    head, prefix, top = project.output("rev-parse", "HEAD"), project.prefix(), project.top()
    _transfer(project, joined)
    target = _whole_tree(project, prefix, joined.result)
    paths = obstacles.touched(prefix, joined)
    obstacles.require_none(project, joined, paths)
    names = filtered(top, sorted(paths.written))
    target = filters.stored(top, target, names, journal.scratch_index(project))
    conflicts = [
        filters.stored_sides(top, prefix, conflict) if prefix + conflict.path in names else conflict
        for conflict in joined.conflicts
    ]
    obstacles.rehearse(top, target, names)
    with journal.recorded(file, top, Journal(head, target, before)) as index:
        working = top.with_environment(GIT_INDEX_FILE=str(index))
        move(working, head, target)
        require_gone(top.folder, paths.removed)
        _mark(working, prefix, conflicts)
        done()
    return target


def _refused(error: Exception, sentence: str) -> ScaffoldError:
    """Build the error for what stopped the update; the caller has checked that the project is as it was."""
    if isinstance(error, ObstacleError):
        return update_refused(error, sentence, error.next_step, error.code)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return cannot_update(f"{error.strerror}{where}", sentence)
    if isinstance(error, GitError) and error.blames_disk:
        return cannot_update(str(error), sentence)
    return git_refused(error, sentence)


def move(top: Git, head: str, target: str) -> None:
    """Bring files and index from one tree to another.

    Raises:
        GitError: a file is not as the first tree has it, or the disk or a filter failed.
    """
    # A copied or mounted project has other inodes than its index remembers; read-tree takes that for edits.
    top.run("update-index", "-q", "--refresh", check=False)
    reported(top, "read-tree", "-m", "-u", head, target)


def require_gone(top: Path, removed: Iterable[str]) -> None:
    """Check that files are removed: git goes on when one cannot be, and it would stay behind, untracked.

    Raises:
        GitError: some are not.
    """
    left = [path for path in sorted(removed) if (top / path).is_symlink() or (top / path).is_file()]
    if left:
        raise GitError(f"Permission denied: {', '.join(left[:5])} cannot be removed")


def _transfer(project: Git, joined: MergeResult) -> None:
    """Copy the objects of the result, and of both sides of its conflicts, into the project."""
    blobs = [blob.object_id for conflict in joined.conflicts for blob in conflict.stages.values()]
    wanted = "\n".join([joined.result, f"^{joined.ours}", *blobs])
    pack = isolated(joined.repository).run("pack-objects", "--revs", "--stdout", "--quiet", stdin=wanted.encode())
    reported(project, "unpack-objects", "-q", stdin=pack.stdout)


def _whole_tree(project: Git, prefix: str, result: str) -> str:
    """Return the tree of the whole repository with the project's folder replaced."""
    if not prefix:
        return project.output("rev-parse", f"{result}^{{tree}}")
    index = journal.scratch_index(project)
    git = project.top().with_environment(GIT_INDEX_FILE=str(index))
    try:
        git.output("read-tree", "HEAD")
        git.output("rm", "-r", "--cached", "--quiet", "--", prefix)
        git.output("read-tree", f"--prefix={prefix}", f"{result}^{{tree}}")
        return git.output("write-tree")
    finally:
        index.unlink(missing_ok=True)


def _mark(top: Git, prefix: str, conflicts: Sequence[Conflict]) -> None:
    """Tell the index that a person has to decide, as `git merge` would."""
    lines = []
    for conflict in conflicts:
        path = prefix + conflict.path
        stages = sorted(conflict.stages.items())
        lines.append(f"0 {missing_object(stages[0][1].object_id)}\t{path}")
        lines += [f"{blob.mode} {blob.object_id} {stage}\t{path}" for stage, blob in stages]
    if lines:
        records = "\0".join(lines) + "\0"
        reported(top, "update-index", "-z", "--index-info", stdin=records.encode(errors="surrogateescape"))
