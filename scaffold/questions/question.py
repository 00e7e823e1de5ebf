"""One question of a template, and the types of its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Answer: TypeAlias = str | bool
Answers: TypeAlias = dict[str, Answer]

# Copier's own record in an answers file of an existing project; no answers.
RESERVED = frozenset({"_src_path", "_commit"})


@dataclass(frozen=True)
class Choice:
    """One value of a question.

    Attributes:
        value: the answer itself.
        label: what it means, in one line; empty when the template says nothing.
    """

    value: Answer
    label: str


@dataclass(frozen=True)
class Question:
    """One question of the template.

    Attributes:
        name: name of the answer.
        kind: type of the answer.
        help: the question as a sentence.
        placeholder: an example answer; may be empty.
        choices: the allowed values; empty when any text that passes the validator is allowed.
        group: title of the page the question stands on; empty for a page of its own.
        flag: the flag of the command line that answers it.
        advanced: the wizard does not ask it, unless it has no default; it can be changed in the review.
    """

    name: str
    kind: Literal["str", "bool"]
    help: str
    placeholder: str
    choices: tuple[Choice, ...]
    group: str
    flag: str
    advanced: bool = False

    @property
    def allowed(self) -> tuple[str, ...]:
        """The allowed values as a user writes them; empty when they cannot be listed."""
        if self.kind == "bool":
            return ("true", "false")
        return tuple(str(choice.value) for choice in self.choices)
