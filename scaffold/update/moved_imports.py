"""Lets imports follow the source files that a release of the template moves, before git merges.

git carries the owner's edits of a moved file to its new place. What it does not see: a file of the owner's own still
imports the old place, and so does an import line that the owner added to a file which moves. And where the owner added
a line beside an import of a moved file, git would see a conflict: the template changed that line, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import dirname, join, normpath, relpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_SOURCES = {".cjs", ".cts", ".js", ".jsx", ".mjs", ".mts", ".ts", ".tsx"}
# A relative path after `from`, `import` or `import(`, `require(`, `module(` of a mock, or `new URL(`.
_IMPORT = re.compile(r"""(\b(?:from|import|import\(|require\(|module\(|URL\()\s*(['"]))(\.{1,2}/[^'"\n\\]+)(?=\2)""")
_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Moves:
    """Files that a release of the template moves.

    Attributes:
        to: new path of each, by its old path.
    """

    to: dict[str, str]

    def follow(self, path: str, text: str, files: Collection[str]) -> str:
        """Return the text of a source file with the imports it needs when it and its neighbours have moved.

        Args:
            path: where the file is before the move.
            text: what is in it.
            files: every file before the move. An import of anything else stays as it is.
        """
        before, after = dirname(path), dirname(self.to.get(path, path))

        def replaced(match: re.Match[str]) -> str:
            target = normpath(join(before, match[3]))
            moved = self.to.get(target, target)
            if target not in files or (moved == target and before == after):
                return match[0]
            return match[1] + _relative(moved, after)

        return _IMPORT.sub(replaced, text)

    def rewrite(self, folder: Path, files: Collection[str]) -> tuple[str, ...]:
        """Rewrite the imports of the files of a folder; returns the names of the changed ones."""
        return tuple(name for name in sorted(files) if self.to and self._rewrite(folder / name, name, files))

    def _rewrite(self, path: Path, name: str, files: Collection[str]) -> bool:
        is_source = PurePosixPath(name).suffix in _SOURCES and path.is_file() and not path.is_symlink()
        if not is_source or path.stat().st_size > _MOST_BYTES:
            return False
        before = path.read_bytes()
        # Bytes that are no UTF-8 pass through unchanged.
        after = self.follow(name, before.decode(errors="surrogateescape"), files).encode(errors="surrogateescape")
        if after != before:
            path.write_bytes(after)
        return after != before


def _relative(target: str, folder: str) -> str:
    specifier = relpath(target, folder or ".")
    return specifier if specifier.startswith("../") else f"./{specifier}"
