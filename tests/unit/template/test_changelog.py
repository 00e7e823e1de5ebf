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


FORK = """# Changelog

## 0.1.0

### What changes in your project

- Old.

## 1.0.0

### What changes in your project

- Ours.
"""
UPSTREAM = "## 0.1.1\n\n### What changes in your project\n\n- **Security** A hole.\n\n"


def versions(before: str, after: str, older: str | None, newer: str | None) -> list[str]:
    found = news(before, after, Version(older) if older else None, Version(newer) if newer else None)
    return [entry.version for entry in found]


def test_sections_that_a_fork_has_merged_are_told_under_their_own_numbers() -> None:
    after = (
        FORK.replace("## 0.1.0", UPSTREAM + "## 0.1.0") + "\n## 1.1.0\n\n### What changes in your project\n\n- New.\n"
    )
    assert versions(FORK, after, "1.0.0", "1.1.0") == ["0.1.1", "1.1.0"]
    assert versions(FORK, after, None, None) == ["0.1.1", "1.1.0"]
    assert versions(after, after, "1.1.0", "1.2.0") == []


def test_sections_of_a_higher_number_than_the_forks_are_told() -> None:
    after = FORK.replace("## 0.1.0", UPSTREAM.replace("0.1.1", "7.0.0") + "## 0.1.0")
    assert versions(FORK, after, "1.0.0", "1.1.0") == ["7.0.0"]


def test_a_fork_and_its_original_may_both_have_a_release_of_one_number() -> None:
    after = FORK.replace("## 0.1.0", UPSTREAM.replace("0.1.1", "1.0.0") + "## 0.1.0")
    found = news(FORK, after, Version("1.0.0"), Version("1.1.0"))
    assert [(entry.version, entry.text) for entry in found] == [("1.0.0", "**Security** A hole.")]


def test_a_corrected_text_of_an_old_release_is_not_told_again() -> None:
    assert versions(FORK, FORK.replace("Ours.", "Ours, in other words."), "1.0.0", "1.1.0") == []


def test_a_changelog_that_was_begun_later_tells_its_own_range() -> None:
    assert versions("", FORK + UPSTREAM, "0.1.0", "0.1.1") == ["0.1.1"]


@pytest.mark.parametrize("mark", ["**Security**", "**Security.**", "**Security:**", "**Security**:", "**SECURITY**"])
@pytest.mark.parametrize("bullet", ["-", "*", "+"])
def test_a_security_mark_is_recognised(mark: str, bullet: str) -> None:
    text = f"## 1.1.0\n\n### What changes in your project\n\n{bullet} {mark} A hole.\n"
    assert [entry.security for entry in news("", text, Version("1.0.0"), Version("1.1.0"))] == [True]


@pytest.mark.parametrize("text", ["**Security headers** are sent.", "Security of mails.", "A **Security** word."])
def test_other_words_are_no_security_mark(text: str) -> None:
    text = f"## 1.1.0\n\n### What changes in your project\n\n- {text}\n"
    assert [entry.security for entry in news("", text, Version("1.0.0"), Version("1.1.0"))] == [False]
