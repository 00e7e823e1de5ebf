"""The course of the wizard, with a person who answers from a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from scaffold.questions.questionnaire import Questionnaire
from scaffold.wizard.interview import CANCEL, CONFIRM, SHOW, Interview
from scaffold.wizard.prompts import Explain, GoBack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scaffold.questions.question import Answer, Answers, Question
    from scaffold.wizard.prompts import Block, Effects, Tone

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

    def text(
        self, message: str, *, default: str, example: str, problem: Callable[[str], str | None], steps: bool
    ) -> str:
        """Reply, with a text that must be accepted."""
        del example, steps
        self.asked.append((message, default))
        reply = self._reply()
        assert isinstance(reply, str)
        assert problem(reply) is None, problem(reply)
        return reply

    def choose(self, message: str, *blocks: Block[T], default: T | None = None, steps: bool) -> T:
        """Reply, with a value that must be offered."""
        del steps
        self.asked.append((message, default))
        if len(blocks) > 1:
            self.reviews.append([f"{o.label}={o.meaning}" for block in blocks[1:-1] for o in block.options])
        reply = self._reply()
        return next(option.value for block in blocks for option in block.options if option.value == reply)

    def _reply(self) -> object:
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def discard_typeahead(self) -> None:
        """Count the calls."""
        self.forgot += 1


def interview(
    questions: dict[str, Any],
    front: ScriptedFront,
    given: dict[str, object],
    sources: dict[str, str] | None = None,
    effects: Effects | None = None,
) -> dict[str, str | bool]:
    questionnaire = Questionnaire(questions)
    answers = Interview(questionnaire, front, given, sources, effects).run("Title", "Go")
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


def test_a_question_with_one_choice_is_not_asked_but_shown() -> None:
    front = ScriptedFront(CONFIRM)
    answers = interview({"auth": {"type": "str", "choices": {"jwt: tokens": "jwt"}, "default": "jwt"}}, front, {})
    assert answers == {"auth": "jwt"}
    assert front.reviews == [["auth=jwt"]]


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


STEPS = {name: {"type": "str", "help": name.title(), "default": name} for name in ("one", "two", "three")}


def test_back_asks_the_question_before_again_with_its_answer() -> None:
    front = ScriptedFront("1", "2", GoBack(), GoBack(), "1b", "2b", "3", CONFIRM)
    assert interview(STEPS, front, {}) == {"one": "1b", "two": "2b", "three": "3"}
    asked = [("One", "one"), ("Two", "two"), ("Three", "three"), ("Two", "2"), ("One", "1"), ("Two", "2")]
    assert front.asked[:6] == asked


def test_back_in_the_review_asks_the_last_question_again() -> None:
    front = ScriptedFront("1", "2", "3", GoBack(), "3b", CONFIRM)
    assert interview(STEPS, front, {})["three"] == "3b"


def test_back_at_the_first_question_stays_there() -> None:
    front = ScriptedFront(GoBack(), "1", "2", "3", CONFIRM)
    assert interview(STEPS, front, {})["one"] == "1"
    assert ("hint", "This is the first question.", "") in front.said


def test_back_while_changing_an_answer_keeps_it() -> None:
    front = ScriptedFront("one", GoBack(), CONFIRM)
    assert interview(STEPS, front, {"one": "1", "two": "2", "three": "3"})["one"] == "1"


def test_back_skips_a_question_that_no_longer_matters() -> None:
    front = ScriptedFront("net", GoBack(), "disk", "1", CONFIRM)
    assert interview(STORE, front, {}) == {"store": "disk", "pool": "1"}


class ListedEffects:
    """Tells what was asked for."""

    def of_choices(self, question: Question, answers: Answers) -> Mapping[Answer, Sequence[str]]:
        """Return one line a choice."""
        return {choice.value: [f"{choice.value} after {sorted(answers)}"] for choice in question.choices}

    def of_project(self, answers: Answers) -> Sequence[str]:
        """Return one line."""
        return [f"a project of {sorted(answers.items())}"]


def test_an_explanation_shows_what_each_choice_brings_and_asks_again() -> None:
    front = ScriptedFront(Explain("net"), "net", "h", "5", CONFIRM)
    interview(STORE, front, {}, effects=ListedEffects())
    said = [(tone, text) for tone, text, _ in front.said]
    assert {("heading", "store: Where"), ("detail", "disk after []"), ("detail", "net after []")} <= set(said)
    assert front.asked[:2] == [("Where", "disk"), ("Where", "net")]


@pytest.mark.parametrize("wish", [SHOW, Explain(CONFIRM), Explain()])
def test_the_review_shows_what_the_project_will_have(wish: object) -> None:
    front = ScriptedFront(wish, CONFIRM)
    interview(STORE, front, {"store": "disk", "pool": "1"}, effects=ListedEffects())
    assert ("detail", "a project of [('pool', '1'), ('store', 'disk')]", "") in front.said


def test_the_review_explains_the_answer_that_is_pointed_at() -> None:
    front = ScriptedFront(Explain("store"), CONFIRM)
    interview(STORE, front, {"store": "disk", "pool": "1"})
    assert ("heading", "store: Where", "") in front.said


def test_an_advanced_question_takes_its_default_and_can_be_changed() -> None:
    questions = {"_advanced": ["two"], **STEPS}
    front = ScriptedFront("1", "3", "two", "2", CONFIRM)
    assert interview(questions, front, {}) == {"one": "1", "two": "2", "three": "3"}
    assert front.reviews[0] == ["one=1", "three=3", "two=two"]


def test_an_advanced_question_without_a_default_is_asked() -> None:
    front = ScriptedFront("x", CONFIRM)
    assert interview({"_advanced": ["word"], "word": {"type": "str", "help": "Word"}}, front, {}) == {"word": "x"}


def test_the_review_says_which_answer_comes_from_a_file_until_it_is_changed() -> None:
    front = ScriptedFront("one", "9", CONFIRM)
    interview(STEPS, front, {"one": "1", "two": "2", "three": "3"}, {"one": "from a file", "two": "from a file"})
    assert front.reviews[0] == ["one=1 (from a file)", "two=2 (from a file)", "three=3"]
    assert front.reviews[1][0] == "one=9"
