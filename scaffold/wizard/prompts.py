"""What the interview needs from a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
Tone = Literal["title", "heading", "answer", "hint"]


@dataclass(frozen=True)
class Option(Generic[T]):
    """One line to choose: its value, a short label, what it means, and optionally a key that points at it."""

    value: T
    label: str
    meaning: str = ""
    key: str = ""


class Prompts(Protocol):
    """A way to talk to a person. Every method raises KeyboardInterrupt or EOFError when the person leaves."""

    def say(self, label: str, text: str = "", *, tone: Tone, column: int = 0) -> None:
        """Print one paragraph; with a text, the label stands in a column of its own."""

    def text(self, message: str, *, default: str, example: str, problem: Callable[[str], str | None]) -> str:
        """Ask for one line until `problem` has nothing to say about it."""

    def choose(self, message: str, *blocks: Sequence[Option[T]], default: T | None = None) -> T:
        """Ask for one option; the blocks are set apart from each other."""

    def discard_typeahead(self) -> None:
        """Drop what was typed or pasted ahead of the next question."""
