"""`scaffold controls`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scaffold.cli import output
from scaffold.cli.completion import completing_paths
from scaffold.cli.flags import OpenTemplate, QuestionCommand, given_answers
from scaffold.errors import wrong_usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaffold.cli.output_controls import Shown
    from scaffold.project.record import Project
    from scaffold.questions.question import Answers
    from scaffold.questions.questionnaire import Questionnaire

HELP = """\
List the security controls that PROJECT has, and the security practices that they contribute to.

Without PROJECT it is the project in this folder. In any other folder it is the whole catalogue, with the answers that
a control needs.

--QUESTION VALUE lists what a project with this answer has, e.g. --database postgres; `scaffold questions` lists them.
In a project it replaces the recorded answer, elsewhere the defaults answer the rest.
"""

EXAMPLES = """\
\b
Examples:
  scaffold controls my-api
  scaffold controls my-api --uncovered     what is not covered, and why
  scaffold controls my-api --by asvs       by level of ASVS 5.0
  scaffold controls --database postgres    before there is a project
  scaffold controls --by practice --json
"""


class ControlsCommand(QuestionCommand):
    """The command; its help does not repeat the questions."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options that are no answers."""
        self.format_own_options(ctx, formatter)


@click.pass_obj
def _controls(opened: OpenTemplate, /, folder: str | None, **parameters: Any) -> None:  # noqa: ANN401 - click's
    from scaffold.cli import output_controls

    by = _view(parameters["by"], uncovered=parameters["uncovered"])
    shown = _shown(opened, folder, given_answers(parameters))
    if parameters["json"]:
        output.write_json(output_controls.fields(shown, by, uncovered=parameters["uncovered"]), sys.stdout)
    else:
        output.write(output_controls.lines(shown, by, uncovered=parameters["uncovered"]), sys.stdout)


def _view(by: str | None, *, uncovered: bool) -> str:
    if uncovered and by not in {None, "practice"}:
        raise wrong_usage(
            f"--uncovered lists practices, and --by {by} does not.", "`scaffold controls --help` explains the command."
        )
    return by or ("practice" if uncovered else "control")


def _shown(opened: OpenTemplate, folder: str | None, given: Mapping[Any, object]) -> Shown:
    from scaffold.cli.output_controls import Shown
    from scaffold.controls.catalogue import load
    from scaffold.controls.project import is_project, project_of_catalogue
    from scaffold.controls.selection import select
    from scaffold.template.source import version

    project = project_of_catalogue(Path(folder or ".")) if folder is not None or is_project(Path()) else None
    answers = _answers(opened, project, given)
    questionnaire = opened.questionnaire
    holds = (lambda _: True) if answers is None else (lambda condition: questionnaire.holds(condition, answers))
    return Shown(select(load(), holds), project, _chosen(questionnaire, answers), f"v{version()}")


def _chosen(questionnaire: Questionnaire, answers: Answers | None) -> Answers | None:
    """Return the answers that are chosen from a list: free text decides about no control."""
    if answers is None:
        return None
    listed = {question.name for question in questionnaire.questions if question.allowed}
    return {name: value for name, value in questionnaire.with_defaults(answers).items() if name in listed}


def _answers(opened: OpenTemplate, project: Project | None, given: Mapping[Any, object]) -> Answers | None:
    """Return the answers that were given or recorded; None for the whole catalogue."""
    from scaffold.controls.project import recorded_answers

    recorded = recorded_answers(project, opened.questionnaire) if project else {}
    answers = opened.answers(lambda: opened.questionnaire.check({**recorded, **given}))
    return answers if project or given else None


command = ControlsCommand(
    name="controls",
    help=HELP,
    epilog=EXAMPLES,
    callback=_controls,
    params=[
        click.Argument(["folder"], metavar="[PROJECT]", required=False, shell_complete=completing_paths("dir")),
        click.Option(
            ["--by"],
            type=click.Choice(["control", "practice", "asvs"]),
            help="What to list: controls, the practices of the literature, or requirements of OWASP ASVS 5.0 by level "
            "[default: control].",
        ),
        click.Option(["--uncovered"], is_flag=True, help="List only practices that are not covered, with the reason."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output."),
    ],
)
