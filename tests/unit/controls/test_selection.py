"""What becomes of a practice with certain answers."""

from __future__ import annotations

import pytest

from scaffold.controls.catalogue import Catalogue, Control, Practice
from scaffold.controls.gather import any_of
from scaffold.controls.selection import Coverage, in_words, select


def control(name: str, when: str = "true") -> Control:
    return Control(name, f"{name} holds.", when, ("V1.1.1",), {"a.ts": "true", "b.ts": "metrics"}, {"t.ts": "true"})


CONTROLS = (control("always"), control("counts", "metrics"))


def coverage(practice: Practice, *true: str) -> Coverage:
    catalogue = Catalogue(CONTROLS, (practice,), {"V1.1.1": 2})
    return select(catalogue, lambda condition: condition in {"true", *true}).practices[0]


def practice(*controls: str) -> Practice:
    return Practice("S001", "Do it", controls)


def yours(*controls: str) -> Practice:
    return Practice("S001", "Do it", controls, "operator", "It is yours.")


def by_choice(*controls: str) -> Practice:
    return Practice("S001", "Do it", controls, "tested", "It is tested.", tests=("t",), when="ci == 'github'")


@pytest.mark.parametrize(
    ("one", "true", "status", "rest", "reason"),
    [
        (practice("always"), (), "proven", None, ""),
        (practice("always", "counts"), (), "proven", None, ""),
        (practice("counts"), ("metrics",), "proven", None, ""),
        (practice("counts"), (), "choice", "choice", "It comes with metrics: true."),
        (yours(), (), "operator", "operator", "It is yours."),
        (yours("always"), (), "in-part", "operator", "It is yours."),
        (yours("counts"), (), "operator", "operator", "It is yours."),
        (by_choice(), ("ci == 'github'",), "tested", "tested", "It is tested."),
        (by_choice("always"), ("ci == 'github'",), "tested", "tested", "It is tested."),
        (by_choice(), (), "choice", "choice", "It comes with ci: github."),
        (by_choice("always"), (), "in-part", "choice", "It comes with ci: github."),
    ],
)
def test_the_status_of_a_practice(one: Practice, true: tuple[str, ...], status: str, rest: str, reason: str) -> None:
    found = coverage(one, *true)
    assert (found.status, found.rest, found.reason) == (status, rest, reason)


def test_only_controls_that_the_project_has_are_named() -> None:
    assert coverage(practice("always", "counts")).controls == ("always",)
    assert coverage(practice("always", "counts"), "metrics").controls == ("always", "counts")


def test_controls_files_and_requirements_are_those_of_the_answers() -> None:
    everything = Catalogue(CONTROLS, (practice("always"),), {"V1.1.1": 2, "V9.9.9": 1})
    [only] = (selection := select(everything, lambda condition: condition == "true")).controls
    assert (only.id, list(only.code), list(only.tests)) == ("always", ["a.ts"], ["t.ts"])
    assert selection.levels == {"V1.1.1": 2}
    assert selection.practices_of(only) == ["S001"]
    assert selection.controls_of("V1.1.1") == ["always"]
    assert (selection.count("proven"), selection.count("operator")) == (1, 0)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("database == 'postgres'", "database: postgres"),
        ("metrics", "metrics: true"),
        ("not metrics", "metrics: false"),
        ("deployment == 'compose' and metrics", "deployment: compose and metrics: true"),
        ("ci == 'github' or database == 'sqlite'", "ci: github or database: sqlite"),
    ],
)
def test_a_condition_is_said_in_words(condition: str, words: str) -> None:
    assert in_words(condition) == words


def test_what_one_part_always_has_is_always_there() -> None:
    assert any_of(["metrics", "true"]) == "true"
    assert any_of(["b", "a", "b"]) == "a or b"
    assert any_of(["b", "a or b", "a and c"]) == "a or b"
    assert any_of(["a and b", "a and c"]) == "a and b or a and c"
