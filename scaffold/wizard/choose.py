"""One decision outside the questionnaire: what an update should do."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from scaffold.wizard import leaving
from scaffold.wizard.prompts import Block, Option
from scaffold.wizard.terminal import open_prompts

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def choose(question: str, options: Sequence[tuple[T, str, str]]) -> T:
    """Let a person pick one option; the first is the one that Enter picks.

    Args:
        question: what is asked.
        options: value, short label and meaning of each option.

    Raises:
        Interrupted: Ctrl-C, Ctrl-D or end of input.
    """
    with leaving():
        prompts = open_prompts()
        prompts.discard_typeahead()
        block = Block([Option(*option) for option in options])
        return prompts.choose(question, block, default=options[0][0], steps=False)
