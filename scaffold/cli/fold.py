"""Lines folded at words, to the width of a terminal."""

from __future__ import annotations

import textwrap

NARROWEST = 20


def folded(line: str, width: int) -> str:
    """Fold a line between words; its indentation stays, and a command or path longer than the width is not cut."""
    indentation = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line,
        max(width, NARROWEST),
        subsequent_indent=indentation,
        break_long_words=False,
        break_on_hyphens=False,
    )
