"""What makes a proof sound: the attack gets through once the defence is gone, and nothing else explains the failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

Value: TypeAlias = "str | int | float | bool | None"


class Flaw(StrEnum):
    """Why a failed attack test does not prove a control."""

    SURVIVED = "survived"
    TYPES = "types"
    NOT_RUN = "not-run"
    ABORTED = "aborted"
    CRASH = "crash"
    SERVER_ERROR = "server-error"
    STILL_REFUSED = "still-refused"
    EVERYTHING_FAILS = "everything-fails"
    TEXT_ONLY = "text-only"


@dataclass(frozen=True)
class Failure:
    """How a test of Node's test runner failed; the values are those of `reporter.mjs`.

    Attributes:
        type: what ended it: `testCodeFailure`, `testTimeoutFailure`, `unhandledRejection`, ...
        code: of the error, `ERR_ASSERTION` if it was an assertion.
        operator: of the assertion, for example `strictEqual`.
        actual: what the assertion got.
        expected: what it wanted.
        message: of the error.
        frames: of the error's stack.
    """

    type: str
    code: str | None
    operator: str | None
    actual: Value
    expected: Value
    message: str
    frames: Sequence[str]


@dataclass(frozen=True)
class Result:
    """One test of a run.

    Attributes:
        title: of the test.
        milliseconds: how long it took.
        failure: None if it passed.
    """

    title: str
    milliseconds: float
    failure: Failure | None


@dataclass(frozen=True)
class Run:
    """What tests did without the defence.

    Attributes:
        results: the tests that ran.
        programs: how many programs they started: npm, git, node, ESLint, ...
        output: everything that was printed.
    """

    results: tuple[Result, ...]
    programs: int
    output: str = ""

    def of(self, title: str) -> Result | None:
        """Return the test of this title."""
        return next((result for result in self.results if result.title == title), None)


@dataclass(frozen=True)
class Verdict:
    """What the judge says of a proof.

    Attributes:
        flaw: None if the proof is sound.
        reason: one sentence about the flaw; empty if there is none.
    """

    flaw: Flaw | None = None
    reason: str = ""


SOUND = Verdict()


def judge(
    title: str, run: Run, *, type_errors: Sequence[str] = (), text: bool = False, tolerated: Collection[str] = ()
) -> Verdict:
    """Judge what happened to an attack test after the defence was removed.

    Args:
        title: of the attack test.
        run: the tests that ran without the defence; for a text file the attack test alone.
        type_errors: what the compiler says of the project without the defence.
        text: the defence is in a file that is no code: only a program that reads it shows an effect.
        tolerated: flaws that the catalogue accepts for this proof.
    """
    return next((found for found in _flaws(title, run, type_errors, text=text) if found.flaw not in tolerated), SOUND)


def _flaws(title: str, run: Run, type_errors: Sequence[str], *, text: bool) -> Iterator[Verdict]:
    attacked = run.of(title)
    if type_errors:
        yield Verdict(Flaw.TYPES, f"the compiler refuses the code without the defence: {type_errors[0]}")
    if attacked is None:
        yield Verdict(Flaw.NOT_RUN, "the attack test did not run without the defence")
    elif attacked.failure is None:
        yield Verdict(Flaw.SURVIVED, "the attack test passes without the defence")
    else:
        yield from _of_failure(attacked.failure)
    if not any(result.failure is None for result in run.results) and not text:
        yield Verdict(Flaw.EVERYTHING_FAILS, "no other test passes without the defence")
    if text and not run.programs:
        yield Verdict(
            Flaw.TEXT_ONLY, "the attack test reads a file and starts no program that the file has an effect on"
        )


def _of_failure(failure: Failure) -> Iterator[Verdict]:
    if failure.type != "testCodeFailure":
        yield Verdict(Flaw.ABORTED, f"the attack test was ended by {failure.type}: {failure.message}")
    elif failure.code != "ERR_ASSERTION":
        yield Verdict(Flaw.CRASH, f"the attack test crashed: {failure.message}")
    elif not _asserted_in_a_test(failure.frames):
        yield Verdict(Flaw.CRASH, f"the assertion that failed is not in a test: {failure.message}")
    elif _is_server_error(failure):
        yield Verdict(Flaw.SERVER_ERROR, f"the server answered with an unexpected error: {failure.message}")
    elif _is_still_refused(failure):
        sides = f"{failure.actual!r} instead of {failure.expected!r}"
        yield Verdict(Flaw.STILL_REFUSED, f"the attack is still refused, with {sides}")


# Frames of Node and of packages are passed over: the assertion itself is one.
_FRAME = re.compile(r"at .*?/(src|tests?)/(?!.*/node_modules/)[^\s)]*:\d+:\d+\)?$")
_PROBLEM_CODE = re.compile(r"[a-z]+(-[a-z]+)+|[a-z]+")
_INTERNAL_ERROR = 500
_REFUSALS = range(400, 600)


def _asserted_in_a_test(frames: Sequence[str]) -> bool:
    frame = next(filter(None, map(_FRAME.search, frames)), None)
    return frame is not None and frame[1].startswith("test")


def _is_server_error(failure: Failure) -> bool:
    return failure.actual == _INTERNAL_ERROR and failure.expected != _INTERNAL_ERROR


def _is_still_refused(failure: Failure) -> bool:
    """Tell whether only the status or the wording of a refusal has changed."""
    sides = (failure.actual, failure.expected)
    if all(isinstance(side, int) and side in _REFUSALS for side in sides):
        return failure.operator == "strictEqual"
    if any("assertProblem" in frame for frame in failure.frames):
        return failure.operator == "strictEqual" and all(
            isinstance(side, str) and _PROBLEM_CODE.fullmatch(side) for side in sides
        )
    return False
