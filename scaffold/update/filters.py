"""Files with a filter (Git LFS, git-crypt): git stores other bytes of them than lie in the folder.

A template knows the bytes in the folder. So the merge compares those, and what comes out of it goes through the
project's filters before git stores it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scaffold.git.run import reported
from scaffold.git.tree import Blob, blobs, with_blobs
from scaffold.git.view import filtered

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from scaffold.git.run import Git
    from scaffold.git.tree import Conflict

_LINK = "120000"


def in_folder(git: Git, ours: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of which git stores other bytes than lie in the folder; no filter runs for that.

    Args:
        git: git that sees the project, `scaffold.project.record.look_at`; the project's files are as committed.
        ours: committed files, as git stores them.
    """
    paths = {name: git.folder / name for name in filtered(git, sorted(ours))}
    found = {name: path.read_bytes() for name, path in paths.items() if path.is_file() and not path.is_symlink()}
    return {name: content for name, content in found.items() if content != ours[name]}


def stored(top: Git, tree: str, paths: Collection[str], index: Path) -> str:
    """Return a tree with what the project's filters make of some of its files, as `git add` stores them.

    Args:
        top: git that changes the project, at the top of its repository.
        tree: of the whole repository.
        paths: files with a filter that the update writes.
        index: a file that git may write.

    Raises:
        GitError: a filter failed.
    """
    if not paths:
        return tree
    found = blobs(top, tree, paths)
    return with_blobs(top, tree, {path: _stored(top, path, blob) for path, blob in found.items()}, index)


def stored_sides(top: Git, prefix: str, conflict: Conflict) -> Conflict:
    """Return a conflict in a file with a filter, with its sides as the project's filters store them.

    Raises:
        GitError: a filter failed.
    """
    path = prefix + conflict.path
    return replace(conflict, stages={stage: _stored(top, path, blob) for stage, blob in conflict.stages.items()})


def _stored(top: Git, path: str, blob: Blob) -> Blob:
    if blob.mode == _LINK:
        return blob
    content = top.run("cat-file", "blob", blob.object_id).stdout
    return replace(blob, object_id=reported(top, "hash-object", "-w", "--stdin", "--path", path, stdin=content).strip())
