"""The wizard: asks a person in a terminal for the answers that are still open, then lets them review all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.errors import Interrupted
from scaffold.wizard.interview import Interview
from scaffold.wizard.terminal import open_prompts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaffold.questions.question import Answers
    from scaffold.questions.questionnaire import Questionnaire

__all__ = ["ask"]


def ask(
    questionnaire: Questionnaire,
    given: Mapping[str, object],
    *,
    suggested: Mapping[str, object] | None = None,
    title: str = "New project",
    confirm: str = "Create the project",
) -> Answers:
    """Ask for every answer that applies and is not given, then show all of them for review.

    Args:
        questionnaire: says which questions apply, and what is wrong with an answer.
        given: answers that are known already; they are not asked again, but can be changed in the review.
        suggested: answers to pre-fill instead of the questions' own defaults. Default: none.
        title: first line: what will be made, and where.
        confirm: the line of the review that accepts all answers.

    Returns:
        The confirmed answers, one for each question that applies, in page order.

    Raises:
        Interrupted: Ctrl-C, Ctrl-D, end of input, or "Cancel" in the review.
    """
    try:
        interview = Interview(questionnaire, open_prompts(), given, suggested or {})
        return interview.run(title, confirm)
    except Interrupted:
        raise
    except (KeyboardInterrupt, EOFError):
        raise Interrupted from None
