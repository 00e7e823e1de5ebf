"""The answers a project would have after an update: kept, renamed, changed, new or dropped.

A template names renamed questions in `_renamed` of its `copier.yml` (old name: new name), renamed values in
`_renamed_values` (question: old value: new value), and in `_when_changed` what an owner has to know when an answer
changes (question: text). Copier ignores the three settings.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from scaffold.errors import template_broken
from scaffold.questions.coercion import coerced

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from scaffold.questions.question import Answer, Answers, Question
    from scaffold.questions.questionnaire import Questionnaire
    from scaffold.template.source import Template

T = TypeVar("T", bound="str | bool")
Ask: TypeAlias = "Callable[[Questionnaire, dict[str, object]], Answers]"


@dataclass(frozen=True)
class Renames:
    """What templates have renamed; read backwards for an update to an older release.

    Attributes:
        questions: new name of each old one.
        values: new value of each old one, by question.
    """

    questions: Mapping[str, str]
    values: Mapping[str, Mapping[Answer, Answer]]

    @classmethod
    def of(cls, *templates: Template) -> Renames:
        """Read the renames of some releases; a later one wins.

        Raises:
            ScaffoldError: `template-broken`: a setting is no mapping of this shape.
        """
        questions: dict[str, str] = {}
        values: dict[str, dict[Answer, Answer]] = {}
        for template in templates:
            questions |= template.mapping("renamed", "old names of questions to new ones")
            for question, renamed in _values_of(template).items():
                values[question] = values.get(question, {}) | renamed
        return cls(questions, values)

    def question(self, name: str, known: Container[str]) -> str | None:
        """Return the name under which a recorded answer goes on; None when its question is gone."""
        return _followed(name, self.questions, known)

    def value(self, value: object, question: Question, recorded_as: str) -> object:
        """Return what a recorded value is called now; one that is still allowed stays."""
        if not isinstance(value, str | bool) or not question.choices:
            return value
        renamed = {**self.values.get(recorded_as, {}), **self.values.get(question.name, {})}
        found = _followed(value, renamed, [choice.value for choice in question.choices])
        return value if found is None else found


@dataclass(frozen=True)
class Renamed:
    """An answer that goes on under another name, or as another value."""

    old_question: str
    old_value: object
    question: str
    value: object


@dataclass(frozen=True)
class Changed:
    """An answer that the owner changes; `note` is what the template says about that, often nothing."""

    question: str
    old_value: object
    value: Answer
    note: str = ""


@dataclass(frozen=True)
class SettledAnswers:
    """The answers after an update, and where they differ from the recorded ones.

    Attributes:
        answers: all of them.
        renamed: recorded answers that go on under another name, or as another value.
        changed: recorded answers that the owner changes.
        defaulted: new questions that nobody answered, with their defaults.
        dropped: recorded answers that no question asks for any more, with their values.
    """

    answers: Answers
    renamed: tuple[Renamed, ...] = ()
    changed: tuple[Changed, ...] = ()
    defaulted: Mapping[str, Answer] = field(default_factory=dict)
    dropped: Mapping[str, object] = field(default_factory=dict)


def settled(  # noqa: PLR0913 - what is known about the answers, by name
    recorded: Mapping[str, object],
    changes: Mapping[str, object],
    newer: Template,
    renames: Renames,
    *,
    defaults: bool,
    ask: Ask | None,
) -> SettledAnswers:
    """Carry recorded answers over to the questions of another release.

    Args:
        recorded: the answers of the project's record.
        changes: answers that the owner changes, by name of the question.
        newer: the release whose questions are answered.
        renames: what releases have renamed.
        defaults: take the default of a question that is new and was not answered.
        ask: asks a person for what is still open; None where nobody is there.

    Raises:
        AnswerErrors: answers are wrong or missing.
        ScaffoldError: `template-broken`.
    """
    questionnaire = newer.questionnaire()
    carried, renamed = _carried(recorded, questionnaire, renames)
    given = {**carried, **changes}
    if ask is not None and not questionnaire.is_complete(given):
        given = {**ask(questionnaire, given)}
    answers = questionnaire.resolve(given, defaults=defaults)
    questions = {question.name: question for question in questionnaire.questions}
    notes = newer.mapping("when_changed", "questions to what an owner has to know")
    changed = [
        Changed(name, carried[name], answers[name], notes.get(name, ""))
        for name in carried
        if name in answers and answers[name] != coerced(questions[name], carried[name])
    ]
    went_on = {one.old_question for one in renamed} | answers.keys()
    return SettledAnswers(
        answers,
        tuple(one for one in renamed if one.question in answers),
        tuple(changed),
        {name: value for name, value in answers.items() if name not in given},
        {name: value for name, value in recorded.items() if name not in went_on},
    )


def _carried(
    recorded: Mapping[str, object], questionnaire: Questionnaire, renames: Renames
) -> tuple[dict[str, object], list[Renamed]]:
    """Return the recorded answers by the names of another release, and those that are called otherwise there."""
    questions = {question.name: question for question in questionnaire.questions}
    carried: dict[str, object] = {}
    renamed = []
    # An answer recorded under the present name wins over one under a former name.
    for old in sorted(recorded, key=lambda name: name not in questions):
        name = renames.question(old, questions)
        if name is None or name in carried:
            continue
        carried[name] = renames.value(recorded[old], questions[name], old)
        if (name, carried[name]) != (old, recorded[old]):
            renamed.append(Renamed(old, recorded[old], name, carried[name]))
    return carried, renamed


def _followed(start: T, renamed: Mapping[T, T], known: Container[T]) -> T | None:
    """Follow renames forwards, else backwards, to something that is known; None when there is no such way."""
    times = Counter(renamed.values())
    backwards = {new: old for old, new in renamed.items() if times[new] == 1}
    for steps in (renamed, backwards):
        at = start
        seen: set[T] = set()
        while at not in known and at in steps and at not in seen:
            seen.add(at)
            at = steps[at]
        if at in known:
            return at
    return None


def _values_of(template: Template) -> dict[str, dict[Answer, Answer]]:
    found = template.questionnaire().settings.get("renamed_values") or {}
    mappings = list(found.values()) if isinstance(found, dict) else [None]
    parts = [part for each in mappings if isinstance(each, dict) for pair in each.items() for part in pair]
    if not all(isinstance(each, dict) for each in mappings) or not all(isinstance(p, str | bool) for p in parts):
        raise template_broken(template.address, "_renamed_values is no mapping of questions to old and new values")
    return found
