"""The answers for which the catalogue is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.errors import AnswerErrors, not_in_catalogue, recorded_answers_wrong
from scaffold.project.record import ANSWERS_FILE, open_project
from scaffold.template.source import TEMPLATE_ADDRESS

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.project.record import Project
    from scaffold.questions.question import Answers
    from scaffold.questions.questionnaire import Questionnaire


def is_project(folder: Path) -> bool:
    """Return whether a folder has the record of a project."""
    return (folder / ANSWERS_FILE).is_file()


def project_of_catalogue(folder: Path) -> Project:
    """Open a project of the template that comes with Scaffold.

    Raises:
        ScaffoldError: `not-a-project`, `project-unreadable` or `not-in-catalogue`.
    """
    project = open_project(folder)
    if project.address != TEMPLATE_ADDRESS:
        raise not_in_catalogue(project.folder, project.address)
    return project


def recorded_answers(project: Project, questionnaire: Questionnaire) -> Answers:
    """Return the recorded answers to the questions of this version of Scaffold.

    Args:
        project: its record is somebody's text; answers to questions that this version does not ask are left out.
        questionnaire: the questions of this version.

    Raises:
        ScaffoldError: `project-unreadable`, when an answer is not accepted.
    """
    try:
        return questionnaire.check_known(project.answers)
    except AnswerErrors as errors:
        raise recorded_answers_wrong(project.folder / ANSWERS_FILE, errors.problems) from errors
