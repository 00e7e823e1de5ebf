"""Renders follow the line endings of the owner's files, or every line of a file would count as edited."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from scaffold.update.special_files import Sides

_UNIX, _WINDOWS = b"\n", b"\r\n"


def follow(sides: Sides, moves: Callable[[], Mapping[str, str]]) -> None:
    """Give both renders the line endings that the owner's files have.

    A file that the template moves follows the owner's file at its old place; a file that is new follows most of the
    owner's files of its kind.

    Args:
        sides: the two renders, which are changed, and the owner's files.
        moves: returns the files that the template moves, old path to new path; called only if an owner's file ends
            its lines with CRLF.
    """
    known = {name: ending for name, content in sides.ours.items() if (ending := _ending(content)) is not None}
    if _WINDOWS not in known.values():
        return
    olds = {new: old for old, new in moves().items()}
    for folder in (sides.base, sides.theirs):
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not path.is_symlink():
                known_as = name if name in sides.ours else olds.get(name, name)
                _write(path, known.get(known_as) or (None if known_as in sides.ours else _usual(known, path, name)))


def _usual(known: Mapping[str, bytes], path: Path, name: str) -> bytes | None:
    """Return how most files with this suffix end their lines, else most files; a script with `#!` needs LF."""
    suffix = PurePosixPath(name).suffix
    alike = Counter(ending for other, ending in known.items() if PurePosixPath(other).suffix == suffix)
    if alike:
        return alike.most_common(1)[0][0]
    return None if path.read_bytes().startswith(b"#!") else Counter(known.values()).most_common(1)[0][0]


def _ending(content: bytes) -> bytes | None:
    """Return how a text ends its lines; None for a mixture, and for what is no text of lines."""
    lines, windows = content.count(_UNIX), content.count(_WINDOWS)
    if not lines or b"\0" in content or windows not in {0, lines}:
        return None
    return _WINDOWS if windows else _UNIX


def _write(path: Path, ending: bytes | None) -> None:
    content = path.read_bytes()
    if ending == _WINDOWS and _ending(content) == _UNIX:
        path.write_bytes(content.replace(_UNIX, _WINDOWS))
