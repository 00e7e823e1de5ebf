"""Moves a project from one committed state to another, all of it or nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scaffold import journal
from scaffold.git import Git, GitError, neutral
from scaffold.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaffold.merge import Conflict, Joined


def apply(project: Git, joined: Joined) -> None:
    """Bring the result of a merge into the project's files and index.

    Raises:
        GitError: git refused, for example because an untracked file stands in the way; the project
            is as it was.
        ScaffoldError: `update-running`.
    """
    head, prefix = project("rev-parse", "HEAD"), project.prefix()
    _transfer(project, joined)
    target = _whole_tree(project, prefix, joined.result)
    with journal.alone(project) as file:
        _require_unchanged(project, joined)
        _require_free(project, head, joined)
        with journal.written(file, project, Journal(head, target)):
            _move(project, head, target, prefix, joined.conflicts)


def _move(project: Git, head: str, target: str, prefix: str, conflicts: Sequence[Conflict]) -> None:
    # A copied or mounted project has other inodes than its index remembers; read-tree takes that for edits.
    project.run("update-index", "-q", "--refresh", check=False)
    project("read-tree", "-m", "-u", head, target)
    _mark(project, prefix, conflicts)


def _require_unchanged(project: Git, joined: Joined) -> None:
    """Refuse when its owner went on working while the plan lay on the screen: putting back would lose that."""
    planned = neutral(joined.repository)("rev-parse", f"{joined.ours}^{{tree}}")
    if project.committed() != planned:
        raise GitError("something was committed since the update was planned")
    if project("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty", "--", "."):
        raise GitError("tracked files were changed since the update was planned")


def _require_free(project: Git, head: str, joined: Joined) -> None:
    """Refuse while somebody's untracked file, or another git's lock, is what rolling back would remove."""
    touched = {change.path for change in joined.changes} | {conflict.path for conflict in joined.conflicts}
    listed = project("ls-tree", "-r", "-z", "--name-only", head).split("\0")
    created = sorted(touched - set(listed))
    taken = [path for path in created if os.path.lexists(project.folder / path)]
    if taken:
        raise GitError(f"untracked files stand where new ones go: {', '.join(taken[:5])}")
    lock = project.path_of("index.lock")
    if lock.exists():
        raise GitError(f"another git command is at work, or was killed and left {lock}")


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
    index = project.path_of("scaffold-update.index")
    git = project.top().with_environment(GIT_INDEX_FILE=str(index))
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
