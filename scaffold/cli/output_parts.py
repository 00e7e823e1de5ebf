"""Parts of the output that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scaffold.cli.output import Line
    from scaffold.template.changelog import Entry


def news_lines(entries: Iterable[Entry]) -> list[Line]:
    """Return entries of the changelog as text."""
    return [(f"  {e.version}: {shown(e.text, 500)}", "bold red" if e.security else "") for e in entries]


def entry_fields(entries: Iterable[Entry]) -> list[dict[str, object]]:
    """Return entries of the changelog as fields."""
    return [{"version": e.version, "security": e.security, "text": e.text} for e in entries]


def file_lines(heading: str, paths: Sequence[str], style: str) -> list[Line]:
    """Return a list of files with its heading; nothing for an empty list."""
    if not paths:
        return []
    return [(f"  {heading}:", style), *((f"    {shown(path, 300)}", style) for path in paths)]
