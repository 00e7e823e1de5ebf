"""Text for terminals: harmless to print, folded at words."""

from __future__ import annotations

import textwrap

NARROWEST = 20


def visible(text: str) -> str:
    """Return the text without control and format characters.

    An answer or the help of a foreign template may carry escape sequences that repaint the terminal, or marks that
    reverse the reading direction of what follows.
    """
    return "".join(character if character.isprintable() else _stand_in(character) for character in text)


def _stand_in(character: str) -> str:
    return " " if character.isspace() else "?"


def fold(text: str, width: int, *, first: str = "", rest: str = "") -> str:
    """Fold a text at words; `first` and `rest` are the beginnings of the first and of all other lines."""
    return textwrap.fill(
        visible(text),
        max(width, NARROWEST),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )


def fold_row(label: str, text: str, *, column: int, width: int) -> str:
    """Fold a label, padded to `column`, and a text into two columns; one below the other where a word would not fit."""
    if not text:
        return fold(label, width)
    head = f"{visible(label):<{column}}  "
    if len(head) + max(map(len, text.split()), default=0) > width:
        return "\n".join([fold(label, width), fold(text, width, first="  ", rest="  ")])
    return fold(text, width, first=head, rest=" " * len(head))
