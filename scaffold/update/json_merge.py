"""Three-way merge of JSON objects, key by key: two people may add a dependency on the same line."""

from __future__ import annotations

import json
from typing import Literal

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_ABSENT = object()


class JsonConflictError(Exception):
    """Both sides changed the same value in different ways."""


def parse_standard(text: str) -> dict[str, Json] | None:
    """Return the object if the text is written as npm writes it, so that it can be written back.

    Anything else (other indentation, comments, an array) gives None: rewriting it would change
    lines that nobody asked to change.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and dump(value) == text else None


def dump(value: dict[str, Json]) -> str:
    """Write an object as npm does: two spaces, one line break at the end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def merge(
    base: dict[str, Json],
    ours: dict[str, Json],
    theirs: dict[str, Json],
    *,
    on_conflict: Literal["raise", "theirs"] = "raise",
) -> dict[str, Json]:
    """Join two changes of one object.

    Args:
        base: what both sides started from.
        ours: the owner's version; keys that only it has stay.
        theirs: the newer template's version; the order of keys follows it.
        on_conflict: what to do where both changed the same value differently.

    Raises:
        JsonConflictError: both changed the same value and `on_conflict` is "raise".
    """
    merged: dict[str, Json] = {}
    for key in _keys(ours, theirs):
        value = _one(base.get(key, _ABSENT), ours.get(key, _ABSENT), theirs.get(key, _ABSENT), on_conflict)
        if value is not _ABSENT:
            merged[key] = value  # type: ignore[assignment]
    return merged


def _one(base: object, ours: object, theirs: object, on_conflict: Literal["raise", "theirs"]) -> object:
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    if isinstance(ours, dict) and isinstance(theirs, dict):
        start = base if isinstance(base, dict) else {}
        return merge(start, ours, theirs, on_conflict=on_conflict)
    if on_conflict == "theirs":
        return theirs
    raise JsonConflictError


def _keys(ours: dict[str, Json], theirs: dict[str, Json]) -> list[str]:
    """Order keys as the template does; the owner's own ones alphabetically where it is so."""
    own = [key for key in ours if key not in theirs]
    if list(theirs) == sorted(theirs) and list(ours) == sorted(ours):
        return sorted([*theirs, *own])
    return [*theirs, *own]
