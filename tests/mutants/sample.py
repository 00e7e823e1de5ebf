"""Mutants, and which of them a run looks at."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EQUIVALENT = Path(__file__).with_name("equivalent.yml")


class Status(StrEnum):
    """What noticed a mutant."""

    TESTS = "killed by tests"
    TYPES = "killed by types"
    LINT = "killed by lint"
    EQUIVALENT = "equivalent"
    ALIVE = "alive"


@dataclass(frozen=True)
class Mutant:
    """An edit of one place.

    Attributes:
        file: path within the project or repository.
        start: index of the first character that is replaced.
        end: index behind the last one.
        replacement: the text to put there.
        kind: `dropped-call`, `never-true`, ...
        line: of the place, from 1.
        place: names of the functions and variables around it, joined with dots.
        original: the text that changes, with single spaces; it may be longer than what is replaced.
    """

    file: str
    start: int
    end: int
    replacement: str
    kind: str
    line: int
    place: str
    original: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What names the mutant even after lines were added above it."""
        return self.file, self.place, self.kind, self.original

    def of(self, content: str) -> str:
        """Return the content of its file with the edit."""
        return content[: self.start] + self.replacement + content[self.end :]


@dataclass(frozen=True)
class Outcome:
    """What happened to a mutant.

    Attributes:
        status: what noticed it.
        by: the test, the error of types, the message of the linter, or why it is equivalent; may be empty.
        seconds: how long that took.
    """

    status: Status
    by: str = ""
    seconds: float = 0.0


class Subject(Protocol):
    """Code that mutants are made of."""

    @cached_property
    def candidates(self) -> Sequence[Mutant]:
        """All mutants."""

    def prepare(self) -> None:
        """Do what all mutants need."""

    def judge(self, mutant: Mutant, worker: int) -> Outcome:
        """Say what notices a mutant; workers do so at the same time, each in a copy of its own."""


def sample(candidates: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    """Draw mutants so that kinds are drawn equally often, and within a kind files too."""
    draw = random.Random(seed)  # noqa: S311 - a sample, no secret
    left: defaultdict[str, list[Mutant]] = defaultdict(list)
    for mutant in draw.sample(candidates, len(candidates)):
        left[mutant.kind].append(mutant)
    drawn: list[Mutant] = []
    files: Counter[str] = Counter()
    while len(drawn) < count and left:
        for kind in sorted(left):
            mutant = min(left[kind], key=lambda one: files[one.file])
            left[kind].remove(mutant)
            if not left[kind]:
                del left[kind]
            files[mutant.file] += 1
            drawn.append(mutant)
    return drawn[:count]


def equivalents(path: Path = EQUIVALENT) -> Mapping[tuple[str, str, str, str], str]:
    """Return the reasons of the mutants that change nothing anybody can notice."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return {(entry["file"], entry["place"], entry["kind"], entry["original"]): entry["reason"] for entry in entries}
