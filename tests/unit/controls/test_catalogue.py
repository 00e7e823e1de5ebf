"""The catalogue is complete and true: every practice is covered or has a reason, and what it names exists."""

from __future__ import annotations

import re
from functools import cache

import pytest

from scaffold.controls.catalogue import Catalogue, Practice, load
from scaffold.controls.gather import ALWAYS, gathered
from scaffold.controls.selection import COVERED, MEANINGS, Selection, select
from scaffold.template.source import CHECKOUT, builtin
from tests.support.answers import Answers, pairwise_sample, title
from tests.support.rendering import in_memory
from tools import controls as tool

STATUSES = {"tested", "documented", "operator", "not-claimed"}
TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")


@cache
def catalogue() -> Catalogue:
    return load()


def problems(practice: Practice, known: set[str]) -> list[str]:
    """Return what is wrong with a practice."""
    found = [f"there is no control {name}" for name in practice.controls if name not in known]
    if not practice.controls and not practice.status:
        found.append("it has neither a control nor a status")
    if practice.status and practice.status not in STATUSES:
        found.append("its status is unknown")
    if bool(practice.status) != bool(practice.reason):
        found.append("a status and a reason need each other")
    if practice.status == "tested" and not practice.tests:
        found.append("no test is named")
    if practice.status == "documented" and not practice.files:
        found.append("no document is named")
    return found + [f"there is no test {name}" for name in practice.tests if not exists(name)]


def exists(test: str) -> bool:
    named = TEST.fullmatch(test)
    return named is not None and f"\ndef {named[2]}(" in (CHECKOUT / named[1]).read_text(encoding="utf-8")


@cache
def selected(number: int) -> Selection:
    questionnaire, answers = builtin().questionnaire(), pairwise_sample()[number]
    return select(catalogue(), lambda condition: questionnaire.holds(condition, answers))


def test_the_practices_are_125_and_in_order() -> None:
    assert [practice.id for practice in catalogue().practices] == [f"S{number:03}" for number in range(1, 126)]
    assert len({practice.title for practice in catalogue().practices}) == 125


def test_every_practice_is_covered_or_has_a_status_and_a_reason() -> None:
    known = {control.id for control in catalogue().controls}
    assert not {one.id: problems(one, known) for one in catalogue().practices if problems(one, known)}


@pytest.mark.parametrize(
    "wrong",
    [
        Practice("S001", "t"),
        Practice("S001", "t", ("misspelt",)),
        Practice("S001", "t", ("known",), "operator"),
        Practice("S001", "t", ("known",), reason="why"),
        Practice("S001", "t", status="perhaps", reason="why"),
        Practice("S001", "t", status="tested", reason="why"),
        Practice("S001", "t", status="documented", reason="why"),
        Practice("S001", "t", status="tested", reason="why", tests=("tests/unit/test_errors.py::test_of_nothing",)),
        Practice("S001", "t", status="tested", reason="why", tests=("tests/unit/test_errors.py",)),
    ],
)
def test_a_wrong_entry_is_found(wrong: Practice) -> None:
    assert problems(wrong, {"known"})


def test_no_practice_names_a_control_twice() -> None:
    assert not [one.id for one in catalogue().practices if len(set(one.controls)) < len(one.controls)]


def test_every_requirement_of_asvs_has_its_level() -> None:
    """A new id needs a line in `asvs.yml`."""
    used = {requirement for control in catalogue().controls for requirement in control.asvs}
    assert used - catalogue().levels.keys() == set()
    assert set(catalogue().levels.values()) == {1, 2, 3}


def test_the_controls_are_those_of_the_tool() -> None:
    """Conditions and files are the same as in the document of a project."""
    wanted = [
        (one.id, one.statement, one.when, one.asvs, {p.file for p in one.proofs}, {p.test_file for p in one.proofs})
        for one in tool.load()
    ]
    found = [(one.id, one.statement, one.when, one.asvs, set(one.code), set(one.tests)) for one in catalogue().controls]
    assert found == wanted


def test_a_wheel_gets_no_edit_that_removes_a_control() -> None:
    entries = gathered(CHECKOUT)["controls"]
    assert {name for entry in entries for name in entry} == {"id", "statement", "when", "asvs", "code", "tests"}


@pytest.mark.parametrize("number", range(len(pairwise_sample())), ids=lambda n: title(pairwise_sample()[n]))
def test_a_project_has_what_is_listed_for_its_answers(number: int) -> None:
    answers: Answers = pairwise_sample()[number]
    project, selection = in_memory(answers), selected(number)
    sections = re.findall(r"(?m)^### ([\w-]+)$", project["docs/security-controls.md"].decode())
    assert sorted(one.id for one in selection.controls) == sorted(sections)
    folders = {path.rpartition("/")[0] for path in project}
    files = {file for one in selection.controls for file in (*one.code, *one.tests)}
    files |= {file for one in selection.practices if one.rest not in {None, "choice"} for file in one.practice.files}
    assert not [file for file in files - project.keys() - folders if not (CHECKOUT / file).is_file()]


@pytest.mark.parametrize("number", range(len(pairwise_sample())), ids=lambda n: title(pairwise_sample()[n]))
def test_whatever_the_answers_are_every_practice_that_is_open_has_a_reason(number: int) -> None:
    practices = selected(number).practices
    assert {one.status for one in practices} <= MEANINGS.keys()
    assert not [one.practice.id for one in practices if one.status not in COVERED and not one.reason]
    assert not [one.practice.id for one in practices if one.status in {"proven", "in-part"} and not one.controls]


def test_conditions_are_of_the_kind_that_can_be_said_in_words() -> None:
    conditions = {one.when for one in catalogue().controls} | {one.when for one in catalogue().practices}
    conditions.discard(ALWAYS)
    part = r"(?:\w+ == '\w+'|(?:not )?\w+)"
    assert conditions
    assert not [one for one in conditions if not re.fullmatch(rf"{part}(?: (?:and|or) {part})*", one)]
