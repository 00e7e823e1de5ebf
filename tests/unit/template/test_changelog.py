"""What the changelog tells people who have a project."""

from __future__ import annotations

import pytest
from packaging.version import Version

from scaffold.template.changelog import news

TEXT = """# Changes

What people notice.

## Unreleased

### What changes in your project

- Not yet.

## [2.0.0] - 2030-02-01

### Added

- Something of the command.

### What changes in your project

- A text that
  goes on in the next line.
- **Security**: a limit is lower.

### Fixed

- Nothing of a project.

## v1.1.0

### Added

- Nothing of a project.

## 1.0.0rc1

### What changes in your project

- **Security**: an old hole.

## 0.9.0

### What changes in your project

- Old.
"""


def told(older: str | None, newer: str, text: str = TEXT) -> list[tuple[str, str, bool]]:
    found = news("", text, Version(older) if older else None, Version(newer))
    return [(entry.version, entry.text, entry.security) for entry in found]


def test_security_comes_first_and_each_entry_is_one_paragraph() -> None:
    assert told("1.1.0", "2.0.0") == [
        ("2.0.0", "**Security**: a limit is lower.", True),
        ("2.0.0", "A text that goes on in the next line.", False),
    ]


def test_the_newest_release_comes_first_among_equals() -> None:
    assert [version for version, _, _ in told("0.1.0", "2.0.0")] == ["2.0.0", "1.0.0rc1", "2.0.0", "0.9.0"]


def test_the_release_a_project_is_on_tells_nothing_new() -> None:
    assert told("1.0.0rc1", "1.1.0") == []
    assert told("2.0.0", "2.0.0") == []


def test_a_project_of_unknown_age_is_told_everything() -> None:
    assert len(told(None, "2.0.0")) == 4


def test_what_is_not_released_is_not_told() -> None:
    assert "Not yet." not in str(told(None, "99.0.0"))


@pytest.mark.parametrize("text", ["", "# Changes\n", "## 1.0.0\n", "## 1.0.0\n\n### What changes in your project\n"])
def test_a_changelog_without_entries_tells_nothing(text: str) -> None:
    assert told(None, "9.0.0", text) == []


def test_windows_line_endings_change_nothing() -> None:
    assert told("1.1.0", "2.0.0", TEXT.replace("\n", "\r\n")) == told("1.1.0", "2.0.0")
