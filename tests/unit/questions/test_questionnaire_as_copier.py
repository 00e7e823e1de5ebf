"""Scaffold and Copier must judge the same answers alike: a project can be made with either."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from copier._jinja_ext import SandboxedEnvironment
from copier._template import load_template_config
from copier._user_data import AnswersMap
from copier._user_data import Question as CopierQuestion
from jinja2 import StrictUndefined

from scaffold.questions.questionnaire import Questionnaire
from scaffold.template.source import CHECKOUT

if TYPE_CHECKING:
    from scaffold.questions.question import Question

COPIER_YML = CHECKOUT / "copier.yml"
TEXTS = [
    "",
    " ",
    "my-api",
    "My-Api",
    "a",
    "-a",
    "a--b",
    "express",
    "a" * 63,
    "a" * 64,
    "line\nbreak",
    "trailing\n",
    "quote'\"",
    "{{ 7 * 7 }}",
    "${HOME}",
    "`id`",
    "<script>",
    "naïve",
    "日本語",
    "\u202eabc",
    "a\x00b",
    "security@example.com",
    "security@example",
    "https://example.com/security",
    "http://example.com",
    "https://example.com/?q=1",
    "a@example.com\nContact: b@example.com",
    "sqlite",
    "SQLITE",
    "none",
    "null",
    "true",
    "1",
    "x" * 5000,
]


@cache
def questionnaire() -> Questionnaire:
    return Questionnaire.load(COPIER_YML)


def as_copier(name: str, answers: dict[str, Any]) -> CopierQuestion:
    config = load_template_config(COPIER_YML)
    hidden = {"installed_packages": yaml.safe_load(config["installed_packages"]["default"])}
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
    )
    return CopierQuestion(
        var_name=name,
        answers=AnswersMap(user=dict(answers)),
        context={**answers, **hidden, "_folder_name": ""},
        jinja_env=environment,
        **config[name],
    )


def copier_accepts(question: CopierQuestion, value: object) -> bool:
    try:
        question.validate_answer(question.parse_answer(value))
    except ValueError:
        return False
    return True


def before(question: Question) -> dict[str, Any]:
    """Return valid answers to everything that is asked before a question."""
    answers = questionnaire().resolve({"security_contact": "security@example.com"}, defaults=True)
    return dict(itertools.takewhile(lambda answer: answer[0] != question.name, answers.items()))


EVERY_QUESTION = [pytest.param(question, id=question.name) for question in questionnaire().questions]


@pytest.mark.parametrize("question", EVERY_QUESTION)
def test_both_accept_the_same_answers(question: Question) -> None:
    answers = before(question)
    values: list[object] = [*TEXTS, *(choice.value for choice in question.choices)]
    if question.kind == "bool":
        # Copier takes any text for a yes; Scaffold wants a word that means it.
        values = [True, False, "yes", "no", "true", "false"]
    copier_question = as_copier(question.name, answers)
    ours = [value for value in values if questionnaire().validate(question, value, answers) is None]
    theirs = [value for value in values if copier_accepts(copier_question, value)]
    assert ours == theirs


@pytest.mark.parametrize("question", EVERY_QUESTION)
def test_both_take_the_same_default(question: Question) -> None:
    answers = before(question)
    config = load_template_config(COPIER_YML)[question.name]
    theirs = as_copier(question.name, answers).get_default() if "default" in config else None
    assert questionnaire().default(question, answers) == theirs


@pytest.mark.parametrize("question", EVERY_QUESTION)
def test_both_ask_under_the_same_condition(question: Question) -> None:
    answers = before(question)
    assert questionnaire().is_asked(question, answers) == as_copier(question.name, answers).get_when()


def test_both_know_the_same_questions() -> None:
    config = load_template_config(COPIER_YML)
    asked = [name for name, details in config.items() if not name.startswith("_") and details.get("when") is not False]
    assert [question.name for question in questionnaire().questions] == asked


def test_this_is_the_template_that_is_shipped() -> None:
    assert Path(COPIER_YML).is_file()
