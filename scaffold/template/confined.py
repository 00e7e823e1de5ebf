"""A process of its own for templates of others: it has a clock, a limit of memory and a limit of disk.

Expressions of a template can loop for ever, fill the memory or the disk. The process that evaluates
them is therefore another one, started when it is needed and ended with everything it started.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from scaffold.errors import (
    AnswerErrors,
    ScaffoldError,
    template_broken,
    template_too_large,
    template_too_slow,
)
from scaffold.questions.questionnaire import Questionnaire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from subprocess import Popen

    from scaffold.questions.question import Answer, Answers, Question


# The interpreter without what a folder or a variable could slip in, and with this one's packages.
_START = "import sys; sys.path[:] = sys.argv[1:]; from scaffold.template.confined_worker import serve; serve()"
_LENGTH_BYTES = 8
_LARGEST_REPLY = 16 * 1024 * 1024
_TOO_LARGE = b"too large"
_QUESTIONS = "SCAFFOLD_QUESTIONS_SECONDS"
_RENDER = "SCAFFOLD_RENDER_SECONDS"


class Described(NamedTuple):
    """What the process needs to know of a template: the first attributes of `scaffold.template.source.Template`."""

    folder: Path
    address: str
    version: str | None
    tracked_only: bool


@dataclass(frozen=True)
class _Clock:
    left: float
    allowed: float
    variable: str
    what: str


class Confined:
    """The process in which one template's questions are evaluated and its files are rendered.

    Attributes:
        address: where the template comes from, for errors.
    """

    def __init__(self, address: str) -> None:
        """Remember the address; the process starts with the first request."""
        self.address = address
        self._process: Popen[bytes] | None = None
        self._end: Callable[[], object] = _nothing
        self._questions_seconds = 0.0

    def questionnaire(self, path: Path) -> Questionnaire:
        """Read a `copier.yml`; what is asked of the result is evaluated in the process too.

        Raises:
            ScaffoldError: `template-broken`, `template-too-slow` or `template-too-large`.
        """
        return _ConfinedQuestionnaire(self, path)

    def render(self, template: Described, answers: Mapping[str, Answer], into: Path) -> tuple[str, ...]:
        """Render the template and return the paths of its files.

        Raises:
            ScaffoldError: `template-broken`, `template-runs-code`, `template-too-slow` or `template-too-large`.
            OSError: the files cannot be written.
        """
        from scaffold.template.limits import RENDERED, seconds

        arguments = (tuple(template), dict(answers), into)
        allowed = seconds(_RENDER)
        clock = _Clock(allowed, allowed, _RENDER, "rendering it")
        paths: tuple[str, ...] = self._request("render", arguments, clock, growing=into)
        RENDERED.check(into, self.address)
        return paths

    def ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - each question has an answer of its own type
        """Evaluate something of the questionnaire. All evaluations together have one limit of time.

        Raises:
            ScaffoldError: `template-too-slow`, `template-too-large` or what the questionnaire raises.
        """
        from scaffold.template.limits import seconds

        allowed = seconds(_QUESTIONS)
        started = time.monotonic()
        clock = _Clock(allowed - self._questions_seconds, allowed, _QUESTIONS, "evaluating its questions")
        try:
            return self._request(name, arguments, clock)
        finally:
            self._questions_seconds += time.monotonic() - started

    def close(self) -> None:
        """End the process, if there is one, and everything it started."""
        from scaffold.files.staging import signals_deferred

        # A signal in the middle would leave the process behind, or be printed and lost.
        with signals_deferred():
            self._end()
            self._process = None

    def _request(self, name: str, arguments: tuple[object, ...], clock: _Clock, growing: Path | None = None) -> Any:  # noqa: ANN401
        from pickle import dumps, loads

        try:
            reply = self._exchange(self._running(), dumps((name, arguments)), clock, growing)
        except BaseException:
            # Also for Ctrl-C: a reply that comes later would be taken for that of the next request.
            self.close()
            raise
        kind, value = loads(reply)  # noqa: S301 - from our own process, which runs as the same user
        if kind != "result":
            raise _raised(kind, value, self.address)
        return value

    def _running(self) -> Popen[bytes]:
        from weakref import finalize

        if self._process is None:
            self._process = _start()
            # Also when the template is forgotten, or this process comes to its end.
            self._end = finalize(self, _end, self._process)
        return self._process

    def _exchange(self, process: Popen[bytes], request: bytes, clock: _Clock, growing: Path | None) -> bytes:
        """Send a request and return the reply, or end in an error when a limit is reached first."""
        from threading import Thread

        from scaffold.template.limits import LOOK_SECONDS, RENDERED

        replies: list[bytes] = []
        thread = Thread(target=lambda: replies.append(_reply(process, request)), daemon=True)
        deadline = time.monotonic() + clock.left
        thread.start()
        while thread.is_alive():
            thread.join(LOOK_SECONDS)
            if thread.is_alive() and time.monotonic() > deadline:
                raise template_too_slow(self.address, clock.what, clock.allowed, clock.variable)
            if thread.is_alive() and growing:
                RENDERED.check(growing, self.address)
        if replies[0] == _TOO_LARGE:
            raise template_too_large(self.address, "its questions are too many or too long")
        if not replies[0]:
            raise template_broken(self.address, f"the process that works on it ended with code {process.wait(10)}")
        return replies[0]


class _ConfinedQuestionnaire(Questionnaire):
    """The questions of a template whose expressions are evaluated elsewhere."""

    def __init__(self, confined: Confined, path: Path) -> None:
        self._confined = confined
        self.questions, self._pages, self.settings = confined.ask("load", path, confined.address)

    def for_folder(self, name: str) -> None:
        self._confined.ask("for_folder", name)

    def default_in_words(self, question: Question) -> str:
        return str(self._confined.ask("default_in_words", question))

    def is_asked(self, question: Question, answers: Mapping[str, object]) -> bool:
        return bool(self._confined.ask("is_asked", question, dict(answers)))

    def default(self, question: Question, answers: Mapping[str, object]) -> Answer | None:
        found: Answer | None = self._confined.ask("default", question, dict(answers))
        return found

    def validate(self, question: Question, value: object, answers: Mapping[str, object]) -> str | None:
        found: str | None = self._confined.ask("validate", question, value, dict(answers))
        return found

    def is_required(self, question: Question) -> bool:
        return bool(self._confined.ask("is_required", question))

    def static_default(self, question: Question) -> Answer | None:
        found: Answer | None = self._confined.ask("static_default", question)
        return found

    def patterns(self, question: Question) -> list[str]:
        found: list[str] = self._confined.ask("patterns", question)
        return found

    def is_complete(self, answers: Mapping[str, object]) -> bool:
        return bool(self._confined.ask("is_complete", dict(answers)))

    def resolve(self, given: Mapping[str, object], *, defaults: bool) -> Answers:
        answers: Answers = self._confined.ask("resolve", dict(given), defaults)
        return answers

    def check(self, given: Mapping[str, object]) -> Answers:
        answers: Answers = self._confined.ask("check", dict(given))
        return answers


def _nothing() -> None:
    """End no process."""


def _start() -> Popen[bytes]:
    from subprocess import DEVNULL, PIPE, Popen

    places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100 - an empty entry is this folder
    return Popen(  # noqa: S603 - this interpreter and code of ours
        [sys.executable, "-I", "-X", "utf8", "-c", _START, *places],
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        # A group of its own, so that whatever it starts ends with it.
        start_new_session=True,
    )


def _end(process: Popen[bytes]) -> None:
    with suppress(OSError):
        # Before it is waited for, so that its number cannot be somebody else's yet.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()


def _reply(process: Popen[bytes], request: bytes) -> bytes:
    """Send a request and return the reply, empty when the process ends instead."""
    assert process.stdin is not None  # noqa: S101 - for mypy
    assert process.stdout is not None  # noqa: S101 - for mypy
    with suppress(OSError, ValueError):
        process.stdin.write(len(request).to_bytes(_LENGTH_BYTES, "big") + request)
        process.stdin.flush()
        length = int.from_bytes(process.stdout.read(_LENGTH_BYTES), "big")
        if length > _LARGEST_REPLY:
            return _TOO_LARGE
        reply = process.stdout.read(length)
        return reply if len(reply) == length else b""
    return b""


def _raised(kind: str, value: Any, address: str) -> Exception:  # noqa: ANN401
    """Return the error that was raised in the process."""
    if kind == "answers":
        return AnswerErrors(value)
    if kind == "scaffold":
        return ScaffoldError(*value)
    if kind == "disk":
        return OSError(*value)
    if kind == "large":
        return template_too_large(address, value)
    return template_broken(address, value)
