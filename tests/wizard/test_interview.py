"""The course of the wizard, with a person who answers from a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from scaffold.questions.questionnaire import Questionnaire
from scaffold.wizard.interview import CANCEL, CONFIRM, Interview

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scaffold.wizard.prompts import Option, Tone

T = TypeVar("T")

STORE = {
    "store": {"type": "str", "help": "Where", "choices": ["disk", "net"], "default": "disk"},
    "host": {"type": "str", "help": "Host", "when": "{{ store == 'net' }}", "default": "localhost"},
    "pool": {
        "type": "str",
        "help": "Pool",
        "default": "5",
        "validator": "{% if store == 'disk' and pool != '1' %}Use 1 on a disk{% endif %}",
    },
}


class ScriptedFront:
    """A person who answers from a list, and remembers what was asked and offered."""

    def __init__(self, *replies: object) -> None:
        """Take the replies in the order of the questions."""
        self.replies = list(replies)
        self.asked: list[tuple[str, object]] = []
        self.said: list[tuple[str, str, str]] = []
        self.reviews: list[list[str]] = []
        self.forgot = 0

    def say(self, label: str, text: str = "", *, tone: Tone, column: int = 0) -> None:
        """Remember what was said."""
        del column
        self.said.append((tone, label, text))

    def text(self, message: str, *, default: str, example: str, problem: Callable[[str], str | None]) -> str:
        """Reply, with a text that must be accepted."""
        del example
        self.asked.append((message, default))
        reply = str(self.replies.pop(0))
        assert problem(reply) is None, problem(reply)
        return reply

    def choose(self, message: str, *blocks: Sequence[Option[T]], default: T | None = None) -> T:
        """Reply, with a value that must be offered."""
        self.asked.append((message, default))
        if len(blocks) > 1:
            self.reviews.append([f"{option.label}={option.meaning}" for option in blocks[1]])
        reply = self.replies.pop(0)
        return next(option.value for block in blocks for option in block if option.value == reply)

    def discard_typeahead(self) -> None:
        """Count the calls."""
        self.forgot += 1


def interview(
    questions: dict[str, Any], front: ScriptedFront, given: dict[str, object], **suggested: object
) -> dict[str, str | bool]:
    questionnaire = Questionnaire(questions)
    answers = Interview(questionnaire, front, given, suggested).run("Title", "Go")
    assert front.replies == []
    return answers


def test_only_open_questions_that_matter_are_asked() -> None:
    front = ScriptedFront("1", CONFIRM)
    assert interview(STORE, front, {"store": "disk"}) == {"store": "disk", "pool": "1"}
    assert [message for message, _ in front.asked][:-1] == ["Pool"]


def test_the_review_shows_given_answers_too() -> None:
    front = ScriptedFront(CONFIRM)
    interview(STORE, front, {"store": "net", "host": "a.example", "pool": "9"})
    assert front.reviews == [["store=net", "host=a.example", "pool=9"]]


def test_a_question_that_comes_to_matter_is_asked() -> None:
    front = ScriptedFront("store", "net", "a.example", CONFIRM)
    answers = interview(STORE, front, {"store": "disk", "pool": "1"})
    assert answers == {"store": "net", "host": "a.example", "pool": "1"}


def test_an_answer_that_no_longer_matters_is_dropped_and_remembered() -> None:
    front = ScriptedFront("store", "disk", "store", "net", "b.example", CONFIRM)
    answers = interview(STORE, front, {"store": "net", "host": "a.example", "pool": "1"})
    assert front.reviews[1] == ["store=disk", "pool=1"]
    assert ("Host", "a.example") in front.asked
    assert answers["host"] == "b.example"


def test_an_answer_that_no_longer_fits_is_asked_again() -> None:
    front = ScriptedFront("store", "disk", "1", CONFIRM)
    assert interview(STORE, front, {"store": "net", "host": "h", "pool": "5"}) == {"store": "disk", "pool": "1"}
    assert ("Pool", "5") in front.asked


def test_a_suggestion_comes_before_the_default_but_is_asked() -> None:
    front = ScriptedFront("shop", CONFIRM)
    interview({"name": {"type": "str", "help": "Name", "default": "my-api"}}, front, {}, name="shop")
    assert front.asked[0] == ("Name", "shop")


def test_a_question_with_one_choice_is_not_asked_but_shown() -> None:
    front = ScriptedFront(CONFIRM)
    answers = interview({"auth": {"type": "str", "choices": {"jwt: tokens": "jwt"}, "default": "jwt"}}, front, {})
    assert answers == {"auth": "jwt"}
    assert ("answer", "auth", "jwt") in front.said


def test_a_wrong_preset_is_not_offered_as_a_choice() -> None:
    front = ScriptedFront("disk", "1", CONFIRM)
    interview(STORE, front, {"store": "cloud"})
    assert front.asked[0] == ("Where", None)


@pytest.mark.parametrize("value", [True, False])
def test_yes_or_no_is_a_choice(value: bool) -> None:  # noqa: FBT001 -- a value under test
    front = ScriptedFront(value, CONFIRM)
    answers = interview({"metrics": {"type": "bool", "help": "Metrics", "default": not value}}, front, {})
    assert answers == {"metrics": value}
    assert front.asked[0] == ("Metrics", not value)


def test_a_required_text_has_no_default_and_may_not_be_empty() -> None:
    front = ScriptedFront("")
    with pytest.raises(AssertionError, match="An answer is required"):
        interview({"word": {"type": "str", "help": "Word"}}, front, {})
    assert front.asked == [("Word", "")]


def test_a_heading_stands_once_above_its_page() -> None:
    front = ScriptedFront("disk", "1", "pool", "1", "pool", "1", CONFIRM)
    interview({"_groups": {"Data": ["store", "host", "pool"]}, **STORE}, front, {})
    assert [label for tone, label, _ in front.said if tone == "heading"] == ["Data", "Changed"]


def test_no_key_typed_ahead_reaches_the_review() -> None:
    front = ScriptedFront("pool", "1", CONFIRM)
    interview(STORE, front, {"store": "disk", "pool": "1"})
    assert front.forgot == 2


def test_cancel_is_an_interruption() -> None:
    with pytest.raises(KeyboardInterrupt):
        interview(STORE, ScriptedFront(CANCEL), {"store": "disk", "pool": "1"})


def test_a_question_may_be_called_like_a_line_of_the_review() -> None:
    questions = {name: {"type": "str", "default": "x"} for name in ("confirm", "cancel")}
    front = ScriptedFront("cancel", "y", CONFIRM)
    assert interview(questions, front, {"confirm": "x", "cancel": "x"}) == {"confirm": "x", "cancel": "y"}
