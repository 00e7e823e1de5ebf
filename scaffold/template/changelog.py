"""What the changelog says to people who have a project: the sections "What changes in your project"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.template.releases import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

_RELEASE = re.compile(r"^## \[?v?(?P<version>\d[^\s\]]*)\]?", re.MULTILINE)
_SECTION = re.compile(r"^### What changes in your project\s*$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,3} ", re.MULTILINE)
_SECURITY = "**Security**"


@dataclass(frozen=True)
class Entry:
    """One line of the changelog.

    Attributes:
        version: the release that brought it.
        text: what changes, in one paragraph.
        security: whether it closes a hole.
    """

    version: str
    text: str
    security: bool


def between(changelog: str, older: Version | None, newer: Version) -> tuple[Entry, ...]:
    """Return what changed in projects after `older` up to `newer`: security first, newest first."""
    entries = [
        entry
        for version, body in _releases(changelog)
        if (older is None or version > older) and version <= newer
        for entry in _entries(version, body)
    ]
    return tuple(sorted(entries, key=lambda entry: not entry.security))


def _releases(changelog: str) -> Iterator[tuple[Version, str]]:
    heads = list(_RELEASE.finditer(changelog))
    ends = [*(head.start() for head in heads[1:]), len(changelog)]
    for head, end in zip(heads, ends, strict=False):
        if (version := parse(head["version"])) is not None:
            yield version, changelog[head.end() : end]


def _entries(version: Version, body: str) -> Iterator[Entry]:
    section = _SECTION.search(body)
    if section is None:
        return
    text = body[section.end() :]
    following = _HEADING.search(text)
    for item in re.split(r"^- ", text[: following.start() if following else None], flags=re.MULTILINE)[1:]:
        words = " ".join(item.split())
        yield Entry(str(version), words, words.startswith(_SECURITY))
