"""What runs in the process of `confined`: it reads requests from its input and answers them."""

from __future__ import annotations

import errno
import os
import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

from scaffold.errors import AnswerErrors, ScaffoldError
from scaffold.questions.questionnaire import Questionnaire
from scaffold.template.limits import MEMORY_BYTES, MIB, ONE_FILE_BYTES, limit_this_process

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from scaffold.questions.question import Answer, Question

LARGEST_CONFIGURATION = MIB
MOST_QUESTIONS = 500
_LENGTH_BYTES = 8
_LOOK_SECONDS = 0.5
# Of all other settings only whether they are there is needed.
_VALUES_TOLD = ("keep", "moved", "renamed", "renamed_values", "when_changed")


def serve() -> None:
    """Answer requests until the input ends."""
    limit_this_process()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # A template that prints must not be taken for a reply.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nowhere, descriptor)
    desk = _Desk()
    while length := int.from_bytes(requests.read(_LENGTH_BYTES), "big"):
        name, arguments = pickle.loads(requests.read(length))  # noqa: S301 - from the process that started this one
        _send(replies, _answer(desk, name, arguments))


class _Desk:
    """Does what is asked for."""

    def __init__(self) -> None:
        self.questionnaire = Questionnaire({})

    def load(self, path: Path, address: str) -> tuple[tuple[Question, ...], tuple[str, ...], dict[str, Any]]:
        """Read a `copier.yml` and return what can be known of it without evaluating anything."""
        if path.stat().st_size > LARGEST_CONFIGURATION:
            raise _TooLargeError(f"{path.name} is larger than {LARGEST_CONFIGURATION // MIB} MiB")
        self.questionnaire = found = Questionnaire.load(path, address)
        if len(found.questions) > MOST_QUESTIONS:
            raise _TooLargeError(f"it has more than {MOST_QUESTIONS} questions")
        titles = tuple(str(title) for title in found.settings.get("groups", {}))
        told = {name: value if name in _VALUES_TOLD else bool(value) for name, value in found.settings.items()}
        return found.questions, titles, told

    def render(
        self, described: tuple[Path, str, str | None, bool], answers: dict[str, Answer], into: Path
    ) -> tuple[str, ...]:
        """Render a template."""
        from scaffold.template.render import render_here
        from scaffold.template.source import Template

        return render_here(Template(*described), answers, into)

    def resolve(self, given: dict[str, object], defaults: bool) -> object:  # noqa: FBT001 - as it is sent
        """Return all answers."""
        return self.questionnaire.resolve(given, defaults=defaults)


class _TooLargeError(Exception):
    """A limit of size is reached; the message says which."""


def _answer(desk: _Desk, name: str, arguments: tuple[Any, ...]) -> tuple[str, object]:
    try:
        method = getattr(desk, name, None) or getattr(desk.questionnaire, name)
        return "result", method(*arguments)
    except _TooLargeError as error:
        return "large", str(error)
    except Exception as error:  # noqa: BLE001 - a template's expression can raise anything
        return _too_large(error) or _described(error)


def _described(error: Exception) -> tuple[str, object]:
    if isinstance(error, AnswerErrors):
        return "answers", error.problems
    if isinstance(error, ScaffoldError):
        return "scaffold", (error.code, error.sentence, error.next_step)
    if isinstance(error, OSError):
        return "disk", (error.errno, error.strerror, error.filename)
    return "broken", f"{type(error).__name__}: {error}"[:1000]


def _too_large(error: BaseException | None) -> tuple[str, object] | None:
    """Return whether an error, or what caused it, is that a limit of this process was reached."""
    while error is not None:
        if isinstance(error, MemoryError):
            return "large", f"it needs more than {MEMORY_BYTES // MIB} MiB of memory"
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            return "large", f"one of its files is larger than {ONE_FILE_BYTES // MIB} MiB"
        error = error.__cause__ or error.__context__
    return None


def _send(replies: BinaryIO, answer: tuple[str, object]) -> None:
    content = pickle.dumps(answer)
    replies.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
    replies.flush()


def _end_with(parent: int) -> None:
    """End this process when the one that started it was killed."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)
