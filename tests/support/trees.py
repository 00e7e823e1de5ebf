"""Whole projects, compared."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Tree = dict[str, tuple[int, bytes]]


def project_tree(project: Path) -> Tree:
    """Return mode and content of every file of a project but its secrets and git's own."""
    tree: Tree = {}
    for folder, folders, names in os.walk(project):
        folders[:] = [name for name in folders if name not in {".git", "node_modules"}]
        for name in names:
            path = project.__class__(folder, name)
            tree[path.relative_to(project).as_posix()] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
    tree.pop(".env", None)
    return tree
