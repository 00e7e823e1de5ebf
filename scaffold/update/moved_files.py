"""Moves files of the owner as a release of the template moves them, before git merges.

git recognises a renamed file only while it is similar to the old one, and never that the owner's own files import the
old place. So a template can list its moves in `_moved` of its `copier.yml` (old path: new path; Copier ignores the
setting). Listed and recognised moves are carried out in the old render and in the owner's files, with all imports:
for git, both sides have the file at the same place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import dirname, join, normpath, relpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from scaffold.template.source import Template

_SOURCES = {".cjs", ".cts", ".js", ".jsx", ".mjs", ".mts", ".ts", ".tsx"}
# A relative path after `from`, `import` or `import(`, `require(`, `module(` of a mock, or `new URL(`.
_IMPORT = re.compile(r"""(\b(?:from|import|import\(|require\(|module\(|URL\()\s*(['"]))(\.{1,2}/[^'"\n\\]+)(?=\2)""")
_MOST_BYTES = 1024 * 1024


def listed_moves(template: Template) -> dict[str, str]:
    """Read which files of a template have moved: the new path of each old one.

    Raises:
        ScaffoldError: `template-broken`: `_moved` is no mapping of paths to paths.
    """
    return template.mapping("moved", "old paths to new paths")


@dataclass(frozen=True)
class Moves:
    """Files that move between two renders.

    Attributes:
        to: new path of each, by its old path.
    """

    to: dict[str, str]

    @classmethod
    def between(
        cls, old: Collection[str], new: Collection[str], listed: Mapping[str, str], recognised: Mapping[str, str]
    ) -> Moves:
        """Choose the moves from the files of one render to those of another.

        Args:
            old: files of the old render.
            new: files of the new render.
            listed: what `listed_moves` returned; read backwards for an update to an older release.
            recognised: renames that git has found. A listed move of the same file wins.
        """
        pairs = [*listed.items(), *((after, before) for before, after in listed.items()), *recognised.items()]
        to: dict[str, str] = {}
        for before, after in pairs:
            moves = before in old and before not in new and after in new and after not in old
            if moves and before not in to and after not in to.values():
                to[before] = after
        return cls(to)

    def carry_out(self, folder: Path, files: Collection[str]) -> tuple[dict[str, str], set[str]]:
        """Move the files of a folder and let the imports follow.

        Args:
            folder: where the files are.
            files: names of all of them. A move whose new place is taken is left out.

        Returns:
            The moves that were carried out, and the old names of the files whose imports changed.
        """
        present = set(files)
        moves = Moves(_possible({old: new for old, new in self.to.items() if old in present}, present))
        rewritten = {name for name in sorted(present) if moves.to and moves._rewrite(folder / name, name, present)}
        _rename(folder, moves.to)
        return moves.to, rewritten

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


def _possible(wanted: dict[str, str], present: set[str]) -> dict[str, str]:
    """Leave out the moves to a place where a file stays, or where a folder stays that has files."""
    staying = present - wanted.keys()
    folders = {str(parent) for name in staying for parent in PurePosixPath(name).parents}
    possible = {
        old: new
        for old, new in wanted.items()
        if new not in folders and staying.isdisjoint({new, *map(str, PurePosixPath(new).parents)})
    }
    # A file that stays after all may be in the way of another one.
    return possible if possible == wanted else _possible(possible, present)


def _rename(folder: Path, moves: Mapping[str, str]) -> None:
    """Rename files in two steps: the new place of one may be the folder that another one leaves."""
    waiting = {folder / f".moving-{number}": new for number, new in enumerate(moves.values())}
    for old, path in zip(moves, waiting, strict=True):
        (folder / old).rename(path)
        for parent in (folder / old).parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()
    for path, new in waiting.items():
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        path.rename(folder / new)


def _relative(target: str, folder: str) -> str:
    specifier = relpath(target, folder or ".")
    return specifier if specifier.startswith("../") else f"./{specifier}"
