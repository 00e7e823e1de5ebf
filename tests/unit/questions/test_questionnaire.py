"""The questions: which are asked, what is accepted, and how mistakes are told."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scaffold.errors import AnswerErrors, ScaffoldError
from scaffold.questions.coercion import as_bool
from scaffold.questions.questionnaire import Questionnaire

if TYPE_CHECKING:
    from pathlib import Path

COPIER_YML = r"""
_envops: {undefined: jinja2.StrictUndefined}
_groups: {First: [name, color], Last: [loud]}
name:
  type: str
  help: A name
  default: someone
  placeholder: me
  validator: "{% if not name | regex_search('^[a-z]+$') %}Use small letters{% endif %}"
contact: {type: str, help: A contact}
color:
  type: str
  help: A color
  choices: {"red: like blood": red, "green: like grass": green}
  default: red
shade:
  type: str
  help: A shade
  when: "{{ color == 'green' }}"
  default: "{{ name }}-{{ color }}"
loud: {type: bool, help: Loud or not, default: "{{ color == 'red' }}"}
hidden: {type: yaml, when: false, default: "{{ {'a': color} }}"}
"""


@pytest.fixture
def questionnaire() -> Questionnaire:
    return Questionnaire(yaml.safe_load(COPIER_YML))


def problems(questionnaire: Questionnaire, given: dict[Any, object], *, defaults: bool = True) -> dict[str, str]:
    with pytest.raises(AnswerErrors) as caught:
        questionnaire.resolve(given, defaults=defaults)
    return {problem.question: problem.problem for problem in caught.value.problems}


def test_defaults_complete_what_was_answered(questionnaire: Questionnaire) -> None:
    assert questionnaire.with_defaults({"color": "green"}) == {
        "name": "someone",
        "color": "green",
        "shade": "someone-green",
        "loud": False,
    }


@pytest.mark.parametrize(
    ("condition", "answers", "holds"),
    [
        ("true", {}, True),
        ("color == 'red'", {}, True),
        ("color == 'red'", {"color": "green"}, False),
        ("loud", {"color": "green"}, False),
        ("not loud or color == 'red'", {}, True),
    ],
)
def test_a_condition_holds_for_answers_and_defaults(
    questionnaire: Questionnaire, condition: str, answers: dict[str, object], *, holds: bool
) -> None:
    assert questionnaire.holds(condition, answers) is holds


def test_a_condition_on_no_question_is_an_error(questionnaire: Questionnaire) -> None:
    with pytest.raises(ScaffoldError, match="the condition colour == 'red': 'colour' is undefined"):
        questionnaire.holds("colour == 'red'", {})


def test_defaults_answer_what_nobody_answered(questionnaire: Questionnaire) -> None:
    assert questionnaire.resolve({"contact": "c"}, defaults=True) == {
        "name": "someone",
        "contact": "c",
        "color": "red",
        "loud": True,
    }


def test_a_default_follows_earlier_answers(questionnaire: Questionnaire) -> None:
    answers = questionnaire.resolve({"contact": "c", "color": "green", "name": "me"}, defaults=True)
    assert answers["shade"] == "me-green"
    assert answers["loud"] is False


def test_an_answer_to_a_question_that_does_not_matter_is_dropped(questionnaire: Questionnaire) -> None:
    assert "shade" not in questionnaire.resolve({"contact": "c", "shade": "dark"}, defaults=True)


def test_all_mistakes_are_told_at_once(questionnaire: Questionnaire) -> None:
    found = problems(questionnaire, {"name": "ME", "colour": "red", "color": "gren", "loud": "maybe"})
    assert found == {
        "colour": "there is no such question",
        "name": "'ME': Use small letters",
        "contact": "no answer was given. A contact",
        "color": "'gren': there is no such value",
        "loud": "'maybe': there is no such value",
    }


def test_a_question_that_hangs_on_a_missing_answer_does_not_hide_it() -> None:
    document = {
        "_envops": {"undefined": "jinja2.StrictUndefined"},
        "contact": {"type": "str"},
        "mail": {"type": "bool", "default": "{{ '@' in contact }}"},
    }
    assert list(problems(Questionnaire(document), {})) == ["contact"]


def test_without_defaults_every_open_question_is_told(questionnaire: Questionnaire) -> None:
    assert list(problems(questionnaire, {}, defaults=False)) == ["name", "contact", "color", "loud"]


@pytest.mark.parametrize(
    ("given", "suggestion"),
    [({"colr": "red"}, "color"), ({"Name": "x"}, "name"), ({"color": "GREEN"}, "green"), ({"xyzzy": 1}, None)],
)
def test_what_was_probably_meant_is_suggested(
    questionnaire: Questionnaire, given: dict[str, object], suggestion: str | None
) -> None:
    with pytest.raises(AnswerErrors) as caught:
        questionnaire.resolve({"contact": "c", **given}, defaults=True)
    assert [problem.suggestion for problem in caught.value.problems] == [suggestion]


def test_a_suggestion_has_the_case_of_the_value() -> None:
    questionnaire = Questionnaire({"license": {"type": "str", "choices": ["UNLICENSED", "Apache-2.0"]}})
    with pytest.raises(AnswerErrors) as caught:
        questionnaire.resolve({"license": "apache 2.0"}, defaults=True)
    assert caught.value.problems[0].suggestion == "Apache-2.0"


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.5,
        None,
        True,
        [],
        ["a"],
        {"a": 1},
        dt.date(2024, 1, 1),
        dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        b"bytes",
        {"set"},
        float("nan"),
        10**400,
    ],
    ids=repr,
)
def test_an_answer_of_an_odd_type_is_a_mistake_like_any_other(questionnaire: Questionnaire, value: object) -> None:
    found = problems(questionnaire, {"contact": value, "color": value, "loud": value if value is not True else 1})
    assert list(found) == ["contact", "color", "loud"]
    assert "Give text, not " in found["contact"]


def test_a_huge_answer_is_not_printed_in_full(questionnaire: Questionnaire) -> None:
    found = problems(questionnaire, {"contact": "c", "name": "X" * 10_000, "y" * 10_000: 1})
    assert all(len(name) + len(problem) < 200 for name, problem in found.items())


@pytest.mark.parametrize("name", [1, None, True, 1.5, dt.date(2024, 1, 1), "", "\x1b[2J", "a\nb"], ids=repr)
def test_an_odd_name_is_an_unknown_question(questionnaire: Questionnaire, name: object) -> None:
    found = problems(questionnaire, {"contact": "c", name: 1})
    assert list(found.values()) == ["there is no such question"]
    assert all(text.isprintable() for text in found)


@pytest.mark.parametrize("word", ["true", "TRUE", " yes ", "on", "y", True])
def test_yes_is_understood_in_many_ways(questionnaire: Questionnaire, word: object) -> None:
    assert questionnaire.resolve({"contact": "c", "loud": word}, defaults=True)["loud"] is True


@pytest.mark.parametrize("word", ["false", "No", "off", "n", False])
def test_no_is_understood_in_many_ways(questionnaire: Questionnaire, word: object) -> None:
    assert questionnaire.resolve({"contact": "c", "loud": word}, defaults=True)["loud"] is False


def test_what_copier_recorded_about_itself_is_no_answer(questionnaire: Questionnaire) -> None:
    assert questionnaire.resolve({"contact": "c", "_commit": "v1", "_src_path": "x"}, defaults=True)


@pytest.mark.parametrize("name", ["hidden", "_templates_suffix"])
def test_what_is_not_asked_cannot_be_answered(questionnaire: Questionnaire, name: str) -> None:
    assert problems(questionnaire, {"contact": "c", name: "x"}) == {name: "there is no such question"}


def test_checking_leaves_open_questions_alone(questionnaire: Questionnaire) -> None:
    assert questionnaire.check({"color": "green"}) == {"color": "green"}
    assert not questionnaire.is_complete({"color": "green"})
    assert questionnaire.is_complete({"name": "a", "contact": "b", "color": "red", "loud": True})


def test_pages_come_in_the_order_of_the_groups(questionnaire: Questionnaire) -> None:
    pages = [(title, [question.name for question in page]) for title, page in questionnaire.groups()]
    assert pages == [("First", ["name", "color"]), ("Last", ["loud"]), ("contact", ["contact"]), ("shade", ["shade"])]


def test_a_choice_carries_its_meaning(questionnaire: Questionnaire) -> None:
    color = next(question for question in questionnaire.questions if question.name == "color")
    assert [(choice.value, choice.label) for choice in color.choices] == [
        ("red", "like blood"),
        ("green", "like grass"),
    ]
    assert color.flag == "--color"


@pytest.mark.parametrize(
    "details",
    [
        {"type": "int", "default": 1},
        {"type": "json", "default": "{}"},
        {"type": "str", "choices": ["a"], "multiselect": True},
        {"type": "str", "choices": "{{ [1] }}"},
        {"type": "str", "choices": [["a", {"value": "a", "validator": "x"}]]},
        ["a", "list"],
    ],
    ids=repr,
)
def test_a_question_that_cannot_be_asked_is_the_templates_mistake(details: object) -> None:
    with pytest.raises(ScaffoldError) as caught:
        Questionnaire({"odd": details})
    assert caught.value.code == "template-broken"


@pytest.mark.parametrize("source", ["{{ nothing_like_it }}", "{% if %}", "{{ 1 / 0 }}", "{{ ''.__class__.__mro__ }}"])
def test_a_mistake_in_a_templates_expression_is_told_as_such(source: str) -> None:
    document = {"_envops": {"undefined": "jinja2.StrictUndefined"}, "name": {"type": "str", "default": source}}
    with pytest.raises(ScaffoldError) as caught:
        Questionnaire(document).resolve({}, defaults=True)
    assert caught.value.code == "template-broken"


@pytest.mark.parametrize("text", ["- a list", "a: [", "\tx: 1", "!!python/object:os.system {}", "x: !include y"])
def test_an_unreadable_copier_yml_is_told_as_such(tmp_path: Path, text: str) -> None:
    path = tmp_path / "copier.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScaffoldError) as caught:
        Questionnaire.load(path)
    assert caught.value.code == "template-broken"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", False),
        ("no", False),
        ("0", False),
        ("0.0", False),
        ("anything", True),
        ("1", True),
        (None, False),
        ([], False),
    ],
)
def test_conditions_are_read_as_copier_reads_them(value: object, expected: bool) -> None:  # noqa: FBT001
    from copier._tools import cast_to_bool

    assert as_bool(value) is expected
    assert cast_to_bool(value) is expected
