"""Text that is safe to print, and guesses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.text import closest, shown, visible


@given(st.text())
def test_visible_text_has_no_control_characters_and_keeps_its_length(text: str) -> None:
    assert visible(text).isprintable()
    assert len(visible(text)) == len(text)


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "\x07", "\r", "\u202e", "\u2028", "\udcff"])
def test_control_characters_are_replaced(text: str) -> None:
    assert visible(text)[0] in "? "
    assert visible(text)[1:] == text[1:]


def test_shown_values_have_no_control_characters() -> None:
    assert shown("a\x1b[31mb\nc\u202e") == "a?[31mb?c?"
    assert shown([1, 2]) == "a list"


@pytest.mark.parametrize(
    ("typed", "meant"), [("databse", "database"), ("x", None), ("", None), ("database" * 1_000_000, None)]
)
def test_the_closest_word_is_suggested_when_it_is_alike_enough(typed: str, meant: str | None) -> None:
    assert closest(typed, ["auth", "database"]) == meant
