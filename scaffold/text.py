"""Text that is safe to print, and guesses at what somebody meant to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# difflib compares every pair of letters: a text of megabytes would keep it busy for hours.
_LONGEST_GUESS = 80


def shown(value: object, limit: int = 60) -> str:
    """Return a value as it may be printed: short, and unable to control the reader's terminal.

    Only plain values are spelt out: a small file of nested aliases can stand for gigabytes.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        return type_name(value)
    try:
        spelt = str(value)
    except ValueError:  # Python does not spell out numbers of thousands of digits
        return type_name(value)
    text = "".join(char if char.isprintable() else "?" for char in spelt[: limit + 1])
    return text if len(text) <= limit else text[: limit - 3] + "..."


def visible(text: str) -> str:
    """Return the text without control and format characters; it keeps its length and its gaps.

    An answer or the help of a foreign template may carry escape sequences that repaint the terminal, or marks that
    reverse the reading direction of what follows.
    """
    return "".join(character if character.isprintable() else _stand_in(character) for character in text)


def _stand_in(character: str) -> str:
    return " " if character.isspace() else "?"


def type_name(value: object) -> str:
    """Return what the type of a value is called in a sentence."""
    names = {
        bool: "true or false (YAML reads yes, no, on and off as that)",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a mapping",
        type(None): "nothing",
        bytes: "binary data",
    }
    return names.get(type(value), f"a {type(value).__name__}")


def closest(text: str, words: Iterable[str], *, alike: float = 0.5) -> str | None:
    """Return the word that was probably meant, None when none is alike enough.

    Args:
        text: what was typed.
        words: what would have been right.
        alike: how alike they must be at least, from 0 to 1.
    """
    from difflib import get_close_matches

    found = get_close_matches(text[:_LONGEST_GUESS], list(words), n=1, cutoff=alike)
    return found[0] if found else None


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
