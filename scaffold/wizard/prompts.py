"""What the interview needs from a terminal, and from whoever knows what an answer brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scaffold.questions.question import Answer, Answers, Question

T = TypeVar("T")
Tone = Literal["title", "heading", "answer", "detail", "hint"]


class GoBack(Exception):  # noqa: N818 - a wish of the person, no error
    """The person wants to see the question before."""


class Explain(Exception):  # noqa: N818 - a wish of the person, no error
    """The person wants an explanation.

    Attributes:
        pointed: value of the option that was pointed at; None for a text.
    """

    def __init__(self, pointed: object = None) -> None:
        """Remember the option."""
        super().__init__()
        self.pointed = pointed


@dataclass(frozen=True)
class Option(Generic[T]):
    """One line to choose: its value, a short label, what it means, and optionally a key that points at it."""

    value: T
    label: str
    meaning: str = ""
    key: str = ""


@dataclass(frozen=True)
class Block(Generic[T]):
    """Options that belong together, under a title that may be empty."""

    options: Sequence[Option[T]]
    title: str = ""


class Prompts(Protocol):
    """A way to talk to a person. Every method raises KeyboardInterrupt or EOFError when the person leaves."""

    def say(self, label: str, text: str = "", *, tone: Tone, column: int = 0) -> None:
        """Print one paragraph; with a text, the label stands in a column of its own."""

    def text(
        self, message: str, *, default: str, example: str, problem: Callable[[str], str | None], steps: bool
    ) -> str:
        """Ask for one line until `problem` has nothing to say about it.

        Raises:
            GoBack: the person wants the question before; only with `steps`.
            Explain: the person wants an explanation; only with `steps`.
        """

    def choose(self, message: str, *blocks: Block[T], default: T | None = None, steps: bool) -> T:
        """Ask for one option; the blocks are set apart from each other.

        Raises:
            GoBack: the person wants the question before; only with `steps`.
            Explain: the person wants an explanation; only with `steps`.
        """

    def discard_typeahead(self) -> None:
        """Drop what was typed or pasted ahead of the next question.

        Raises:
            KeyboardInterrupt: Ctrl-C or Ctrl-D was among it.
        """


class Effects(Protocol):
    """Knows what answers bring into a project."""

    def of_choices(self, question: Question, answers: Answers) -> Mapping[Answer, Sequence[str]]:
        """Return for each value of a question, in lines of text, what not every value brings."""

    def of_project(self, answers: Answers) -> Sequence[str]:
        """Return what a project of these answers has, in lines of text."""
