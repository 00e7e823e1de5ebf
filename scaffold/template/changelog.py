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
_BULLET = re.compile(r"^[-*+] ", re.MULTILINE)
# `**Security**`, `**Security.**`, `**Security:**`: a release must not lose its mark by a stop.
_SECURITY = re.compile(r"\*\*security\s*[.:!]?\s*\*\*", re.IGNORECASE)


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


@dataclass(frozen=True)
class _Section:
    version: Version
    entries: tuple[Entry, ...]


def news(before: str, after: str, older: Version | None, newer: Version | None) -> tuple[Entry, ...]:
    """Return what changed in projects from one release of a template to another: security first, newest first.

    A section is new if its number lies between the two releases, or if the changelog of the older release does not
    have it. The second rule is for forks: they have numbers of their own, and the sections that they have merged from
    the original template have other numbers.

    Args:
        before: changelog of the older release; empty when it has none.
        after: changelog of the newer release.
        older: version of the older release; None for a commit that is no release.
        newer: version of the newer release; None for a commit that is no release.
    """
    known, sections = list(_sections(before)), list(_sections(after))
    found = [one for one in sections if _is_between(one.version, older, newer, known) or _is_new(one, known, sections)]
    return tuple(sorted((entry for one in found for entry in one.entries), key=lambda entry: not entry.security))


def _is_between(version: Version, older: Version | None, newer: Version | None, known: list[_Section]) -> bool:
    if older is None:
        return not known and (newer is None or version <= newer)
    return newer is not None and older < version <= newer


def _is_new(section: _Section, known: list[_Section], sections: list[_Section]) -> bool:
    """Return whether the older changelog lacks a section; always False when it has no sections at all."""
    alike = [one for one in known if one.version == section.version]
    if not alike:
        return bool(known)
    # A fork and the original template may both have a release of this number.
    more = sum(one.version == section.version for one in sections) > len(alike)
    told = {entry.text for one in alike for entry in one.entries}
    return more and not any(entry.text in told for entry in section.entries)


def _sections(changelog: str) -> Iterator[_Section]:
    heads = list(_RELEASE.finditer(changelog))
    ends = [*(head.start() for head in heads[1:]), len(changelog)]
    for head, end in zip(heads, ends, strict=False):
        if (version := parse(head["version"])) is not None:
            yield _Section(version, tuple(_entries(version, changelog[head.end() : end])))


def _entries(version: Version, body: str) -> Iterator[Entry]:
    section = _SECTION.search(body)
    if section is None:
        return
    text = body[section.end() :]
    following = _HEADING.search(text)
    for item in _BULLET.split(text[: following.start() if following else None])[1:]:
        words = " ".join(item.split())
        yield Entry(str(version), words, _SECURITY.match(words) is not None)
