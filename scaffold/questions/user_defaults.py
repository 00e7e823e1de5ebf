"""The user's own defaults, such as the security contact of their company: one file for all new projects."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import AnswerErrors, defaults_unusable
from scaffold.questions.answers_file import UnusableFileError, answers_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaffold.questions.question import Answers
    from scaffold.questions.questionnaire import Questionnaire

FILE_NAME = "defaults.yml"


@dataclass(frozen=True)
class UserDefaults:
    """Answers from the user's own file.

    Attributes:
        path: the file as it is shown to the user; empty when there is none.
        answers: its answers that matter for the template, typed.
    """

    path: str = ""
    answers: Answers = field(default_factory=dict)

    def sources(self, given: Mapping[object, object]) -> dict[str, str]:
        """Return where each answer comes from that was not given otherwise, by name of the question."""
        return {name: f"from {self.path}" for name in self.answers if name not in given}

    def notes(self, given: Mapping[object, object], answers: Answers) -> list[str]:
        """Return a sentence about the answers that a project has from the file; none without any."""
        used = [name for name in self.sources(given) if name in answers and answers[name] == self.answers[name]]
        return [f"From {self.path}: {', '.join(used)}."] if used else []


def read_user_defaults(folder: Path | None, questionnaire: Questionnaire, *, other_template: bool) -> UserDefaults:
    """Read `defaults.yml` and check it like any other answers.

    Args:
        folder: the folder of the user's settings; None where there is none.
        questionnaire: the questions of the template at hand.
        other_template: the template is not the built-in one, for which the file is written: answers to questions
            that it does not have are left out.

    Raises:
        ScaffoldError: `defaults-unusable`: it cannot be read, or an answer is wrong or unknown.
    """
    path = folder / FILE_NAME if folder else None
    if path is None or not os.path.lexists(path):
        return UserDefaults()
    named = _shortened(path)
    if not path.is_file():
        raise defaults_unusable(named, "it is no plain file")
    try:
        answers: dict[str, object] = {str(name): value for name, value in answers_in(str(path)).items()}
        if other_template:
            known = {question.name for question in questionnaire.questions}
            answers = {name: value for name, value in answers.items() if name in known}
        return UserDefaults(named, questionnaire.check(answers))
    except AnswerErrors as errors:
        problems = [replace(problem, flag="") for problem in errors.problems]
        raise defaults_unusable(named, "an answer in it is wrong or unknown", problems) from errors
    except UnusableFileError as error:
        raise defaults_unusable(named, str(error)) from error


def _shortened(path: Path) -> str:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails where there is none
    return f"~/{path.relative_to(home)}" if home.is_absolute() and path.is_relative_to(home) else str(path)
