"""Three-way merge of JSON objects, key by key: two people may add a dependency on the same line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeAlias

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Object: TypeAlias = dict[str, Json]
Side: TypeAlias = Literal["base", "ours", "theirs"]

_ABSENT = object()


@dataclass(frozen=True)
class Style:
    """How the text of a JSON object is laid out; the defaults are those of npm.

    Attributes:
        indent: blanks or a tab, once for each level.
        newline: ends each line.
        end: follows the last bracket.
    """

    indent: str = "  "
    newline: str = "\n"
    end: str = "\n"

    def dump(self, value: Object) -> str:
        """Write an object."""
        text = json.dumps(value, indent=self.indent, ensure_ascii=False)
        return (text + self.end).replace("\n", self.newline)


_STYLES = [Style(*parts) for parts in product(("  ", "\t", "    "), ("\n", "\r\n"), ("\n", ""))]


def parse(text: str) -> tuple[Object, Style] | None:
    """Return an object and the style in which it can be written back byte for byte.

    Anything else (mixed indentation, comments, an array) gives None: rewriting it would change lines that nobody
    asked to change.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    return next(((value, style) for style in _STYLES if style.dump(value) == text), None)


def merge(base: Object, ours: Object, theirs: Object, *, conflict: Side = "theirs") -> Object:
    """Join two changes of one object.

    Args:
        base: what both sides started from.
        ours: the owner's version; keys that only it has stay.
        theirs: the newer template's version; the order of keys follows it.
        conflict: whose value to take where both changed the same one in different ways.
    """
    sides: dict[Side, Object] = {"base": base, "ours": ours, "theirs": theirs}
    merged = {}
    for key in _keys(ours, theirs):
        value = _one({side: version.get(key, _ABSENT) for side, version in sides.items()}, conflict)
        if value is not _ABSENT:
            merged[key] = value
    return merged  # type: ignore[return-value]


def _one(values: dict[Side, object], conflict: Side) -> object:
    base, ours, theirs = values["base"], values["ours"], values["theirs"]
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return merge(base if isinstance(base, dict) else {}, ours, theirs, conflict=conflict)
    return values[conflict]


def _keys(ours: Object, theirs: Object) -> list[str]:
    """Order keys as the template does; the owner's own ones alphabetically where it is so."""
    own = [key for key in ours if key not in theirs]
    if list(theirs) == sorted(theirs) and list(ours) == sorted(ours):
        return sorted([*theirs, *own])
    return [*theirs, *own]
