"""The wizard: asks a person in a terminal for the answers that are still open, then lets them review all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from scaffold.errors import Interrupted
from scaffold.wizard.interview import Interview
from scaffold.wizard.terminal import open_prompts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from scaffold.questions.question import Answers
    from scaffold.questions.questionnaire import Questionnaire
    from scaffold.wizard.prompts import Effects

__all__ = ["ask", "ask_line", "leaving"]


def ask(  # noqa: PLR0913 - each has a name
    questionnaire: Questionnaire,
    given: Mapping[str, object],
    *,
    title: str = "New project",
    confirm: str = "Create the project",
    sources: Mapping[str, str] | None = None,
    effects: Effects | None = None,
) -> Answers:
    """Ask for every answer that applies and is not given, then show all of them for review.

    Args:
        questionnaire: says which questions apply, and what is wrong with an answer.
        given: answers that are known already; they are not asked again, but can be changed in the review.
        title: first line: what will be made, and where.
        confirm: the line of the review that accepts all answers.
        sources: where given answers come from, by name of the question, for the review. Default: not shown.
        effects: what answers bring into a project. Default: not shown.

    Returns:
        The confirmed answers, one for each question that applies, in page order.

    Raises:
        Interrupted: Ctrl-C, Ctrl-D, end of input, or "Cancel" in the review.
    """
    with leaving():
        return Interview(questionnaire, open_prompts(), given, sources, effects).run(title, confirm)


def ask_line(message: str, *, example: str, problem: Callable[[str], str | None]) -> str:
    """Ask for one line of text that is no answer of a questionnaire.

    Args:
        message: what is asked for.
        example: what could be typed.
        problem: says what is wrong with a text, None when it is accepted.

    Raises:
        Interrupted: Ctrl-C, Ctrl-D or end of input.
    """
    with leaving():
        return open_prompts().text(message, default="", example=example, problem=problem, steps=False)


@contextmanager
def leaving() -> Iterator[None]:
    """Raise Interrupted when the person leaves.

    Raises:
        Interrupted: Ctrl-C, Ctrl-D or end of input.
    """
    try:
        yield
    except Interrupted:
        raise
    except (KeyboardInterrupt, EOFError):
        raise Interrupted from None
