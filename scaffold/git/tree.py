"""Files of a tree: which blobs it names, and the same tree with other blobs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from scaffold.git.run import Git

# Stages of a conflict in git's index: what both sides started from, the owner's side, the template's side.
BASE, OURS, THEIRS = 1, 2, 3


@dataclass(frozen=True)
class Blob:
    """One version of a file: its mode and object id."""

    mode: str
    object_id: str


@dataclass(frozen=True)
class Conflict:
    """A file that both sides changed in the same place.

    Attributes:
        path: relative to the project.
        stages: what the index needs to know: 1 the old render, 2 the owner's, 3 the new render.
    """

    path: str
    stages: dict[int, Blob]


def blobs(git: Git, tree: str, names: Collection[str]) -> dict[str, Blob]:
    """Return the blobs of some files of a tree; what the tree does not have is left out.

    Raises:
        GitError: git failed.
    """
    found = {}
    for entry in filter(None, git.output("ls-tree", "-r", "-z", "--full-tree", tree).split("\0")):
        described, path = entry.split("\t", 1)
        mode, kind, object_id = described.split()
        if path in names and kind == "blob":
            found[path] = Blob(mode, object_id)
    return found


def with_blobs(git: Git, tree: str, replaced: Mapping[str, Blob], index: Path) -> str:
    """Return a tree with other blobs for some of its files.

    Args:
        git: of the repository that has the tree and the blobs.
        tree: id of the tree, or of a commit.
        replaced: blob by path in the tree.
        index: a file that git may write.

    Raises:
        GitError: git failed.
    """
    if not replaced:
        return git.output("rev-parse", f"{tree}^{{tree}}")
    git = git.with_environment(GIT_INDEX_FILE=str(index))
    records = "".join(f"{blob.mode} {blob.object_id}\t{path}\0" for path, blob in replaced.items())
    try:
        git.output("read-tree", tree)
        git.output("update-index", "-z", "--index-info", stdin=os.fsencode(records))
        return git.output("write-tree")
    finally:
        index.unlink(missing_ok=True)
