"""Every combination of answers, and small samples of them, read from copier.yml."""

from __future__ import annotations

import os
import random
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]

# Combinations that each run draws in addition to the sample with every pair.
DRAWN = 30

Answers = dict[str, str | bool]
Pair = tuple[tuple[str, str | bool], ...]

# What a question without a list of values is answered with.
FREE_TEXT: Answers = {
    "project_name": "my-api",
    "description": "A secure HTTP API",
    "security_contact": "security@example.com",
}


@cache
def copier_yml() -> dict[str, Any]:
    """Return copier.yml as it stands."""
    loaded: dict[str, Any] = yaml.safe_load((REPOSITORY / "copier.yml").read_text(encoding="utf-8"))
    return loaded


def questions() -> dict[str, dict[str, Any]]:
    """Return the questions people see, in their order."""
    return {
        name: details
        for name, details in copier_yml().items()
        if not name.startswith("_") and details.get("when") is not False
    }


def values(question: dict[str, Any]) -> list[str | bool]:
    """Return what a question can be answered with, its default first; nothing when any text will do."""
    if question["type"] == "bool":
        found: list[str | bool] = [True, False]
    else:
        choices = question.get("choices", {})
        found = list(choices.values() if isinstance(choices, dict) else choices)
    return sorted(found, key=lambda value: value != question.get("default"))


def chosen() -> dict[str, list[str | bool]]:
    """Return the questions with a list of values, and the values."""
    return {name: values(question) for name, question in questions().items() if values(question)}


@cache
def every_combination() -> tuple[Answers, ...]:
    """Return all answers that differ in a question with a list of values; the default answers first."""
    names = list(chosen())
    return tuple(FREE_TEXT | dict(zip(names, row, strict=True)) for row in product(*chosen().values()))


def pairs(answers: Answers) -> set[Pair]:
    """Return each two answers of a combination."""
    return set(combinations(((name, answers[name]) for name in chosen()), 2))


@cache
def pairwise_sample() -> tuple[Answers, ...]:
    """Return few combinations in which every two answers meet; the default answers first."""
    sample = [every_combination()[0]]
    missing = set().union(*map(pairs, every_combination())) - pairs(sample[0])
    while missing:
        sample.append(max(every_combination(), key=lambda row: len(pairs(row) & missing)))
        missing -= pairs(sample[-1])
    return tuple(sample)


@cache
def drawn_sample() -> tuple[Answers, ...]:
    """Return the pairwise sample and other combinations drawn by the printed seed, for tests that render each of them.

    Each question doubles the combinations, so rendering all of them would take twice as long with each question.
    """
    draw = random.Random(os.environ.get("SCAFFOLD_TEST_SEED", "1"))  # noqa: S311 - a sample, no secret
    others = [answers for answers in every_combination() if answers not in pairwise_sample()]
    return (*pairwise_sample(), *draw.sample(others, min(DRAWN, len(others))))


def title(answers: Answers) -> str:
    """Name a combination for a test report."""
    return "-".join(
        f"{name}:{answers[name]}" if isinstance(answers[name], bool) else str(answers[name]) for name in chosen()
    )
