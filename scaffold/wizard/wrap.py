"""Text folded at words, to the width of the terminal."""

from __future__ import annotations

import textwrap

from scaffold.text import visible

NARROWEST = 20


def wrap(text: str, width: int, *, first: str = "", rest: str = "") -> str:
    """Fold a text at words; `first` and `rest` are the beginnings of the first and of all other lines."""
    return textwrap.fill(
        visible(text),
        max(width, NARROWEST),
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )


def wrap_row(label: str, text: str, *, column: int, width: int) -> str:
    """Fold a label, padded to `column`, and a text into two columns; one below the other where a word would not fit."""
    if not text:
        return wrap(label, width)
    head = f"{visible(label):<{column}}  "
    if len(head) + max(map(len, text.split()), default=0) > width:
        return "\n".join([wrap(label, width), wrap(text, width, first="  ", rest="  ")])
    return wrap(text, width, first=head, rest=" " * len(head))
