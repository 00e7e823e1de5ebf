"""Lets imports follow the source files that a release of the template moves.

git carries the owner's edits of a moved file to its new place. What it does not see: a file of the owner's own still
imports the old place, and so does an import line that the owner added to a file which has moved itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import dirname, join, normpath, relpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.git.run import Git

_SOURCES = {".cjs", ".cts", ".js", ".jsx", ".mjs", ".mts", ".ts", ".tsx"}
# A relative path after `from`, `import` or `import(`, `require(`, `module(` of a mock, or `new URL(`.
_IMPORT = re.compile(r"""(\b(?:from|import|import\(|require\(|module\(|URL\()\s*(['"]))(\.{1,2}/[^'"\n\\]+)(?=\2)""")
_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Moves:
    """Where files were and are.

    Attributes:
        to: new path of each file that the template moved, by its old path.
        files: every file of the merged project.
    """

    to: dict[str, str]
    files: frozenset[str]

    def follow(self, path: str, text: str) -> str:
        """Return the text of a source file with imports that find their files; what cannot be found stays as it is."""
        here = dirname(path)
        before = dirname(next((old for old, new in self.to.items() if new == path), path))

        def replaced(match: re.Match[str]) -> str:
            start, specifier = match[1], match[3]
            if normpath(join(here, specifier)) in self.files:
                return match[0]
            target = normpath(join(before, specifier))
            target = self.to.get(target, target)
            return start + (_relative(target, here) if target in self.files else specifier)

        return _IMPORT.sub(replaced, text)


def follow_moves(git: Git, base: str, theirs: str) -> tuple[str, ...]:
    """Rewrite and stage the imports of the merged files.

    Args:
        git: the repository of the merge; its index and its files are the merged project.
        base: commit of the old render.
        theirs: commit of the new render.

    Returns:
        The changed files that are the owner's own: neither render has them.
    """
    moves = Moves(_moved(git, base, theirs), frozenset(_listed(git("ls-files", "-z"))))
    if not moves.to:
        return ()
    changed = [path for path in sorted(moves.files) if _rewrite(git.folder, path, moves)]
    if changed:
        git("add", "--force", "--", *changed)
    shipped = {path for side in (base, theirs) for path in _listed(git("ls-tree", "-r", "-z", "--name-only", side))}
    return tuple(path for path in changed if path not in shipped)


def _moved(git: Git, base: str, theirs: str) -> dict[str, str]:
    renames = git("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", base, theirs)
    _, old, new = (_listed(renames)[start::3] for start in range(3))
    return dict(zip(old, new, strict=True))


def _listed(output: str) -> list[str]:
    return [part for part in output.split("\0") if part]


def _rewrite(folder: Path, name: str, moves: Moves) -> bool:
    """Rewrite a file if it is a source file and has imports to follow; returns whether it did."""
    path = folder / name
    if PurePosixPath(name).suffix not in _SOURCES or path.is_symlink() or path.stat().st_size > _MOST_BYTES:
        return False
    before = path.read_bytes()
    # Bytes that are no UTF-8 pass through unchanged.
    text = moves.follow(name, before.decode(errors="surrogateescape"))
    after = text.encode(errors="surrogateescape")
    if after != before:
        path.write_bytes(after)
    return after != before


def _relative(target: str, folder: str) -> str:
    specifier = relpath(target, folder or ".")
    return specifier if specifier.startswith("../") else f"./{specifier}"
