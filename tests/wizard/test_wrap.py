"""Text for terminals."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scaffold.wizard.wrap import NARROWEST, wrap, wrap_row


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "Zs"])), st.integers(0, 120))
def test_no_line_is_wider_than_the_terminal(text: str, width: int) -> None:
    assert all(len(line) <= max(width, NARROWEST) for line in wrap(text, width).split("\n"))


def test_a_row_hangs_below_its_text() -> None:
    assert wrap_row("auth", "one two three four", column=6, width=20) == "auth    one two\n        three four"


def test_a_row_is_stacked_rather_than_a_word_broken() -> None:
    assert wrap_row("contact", "security@example.com", column=16, width=37) == "contact\n  security@example.com"


def test_a_row_without_a_text_is_its_label() -> None:
    assert wrap_row("Create the project", "", column=16, width=80) == "Create the project"
