"""`scaffold new`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click

from scaffold.cli import output
from scaffold.cli.flags import OpenTemplate, QuestionCommand, given_answers
from scaffold.cli.terminal import is_interactive
from scaffold.errors import wrong_usage
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scaffold.new.create import CreateOptions
    from scaffold.questions.question import Answers
    from scaffold.questions.questionnaire import Questionnaire

HELP = """\
Create an Express project in DEST, a new or empty folder.

In a terminal it asks for the answers that are still open and shows all of them for review. Without one,
or with --defaults or --json, it never asks: answers come from flags and from --answers; flags win.
"""


@click.pass_obj
def _new(opened: OpenTemplate, /, destination: str | None, **parameters: Any) -> None:  # noqa: ANN401 - click's
    from scaffold.new.create import create, remembering, resolve_destination

    if destination is None and not opened.unknown:
        raise wrong_usage("DEST is missing.", "Name the folder to create, e.g. `scaffold new my-api`.")
    questionnaire = opened.questionnaire
    given = {**_from_file(parameters["answers"]), **given_answers(parameters)}
    if _may_ask(parameters):
        # Mistakes on the command line are reported before anybody is asked anything.
        answers = opened.answers(lambda: questionnaire.check(given))
        path = resolve_destination(destination or "")
        answers = _asked(questionnaire, answers, path)
    else:
        answers = opened.answers(lambda: questionnaire.resolve(given, defaults=parameters["defaults"]))
        path = resolve_destination(destination or "")
    result = create(path, opened.template, answers, _options(parameters))
    if parameters["template"]:
        result = remembering(result)
    if parameters["json"]:
        output.write_json(output.created_fields(result), sys.stdout)
    else:
        output.write(output.created(result, destination or ""), sys.stdout)


def _from_file(source: str | None) -> dict[Any, object]:
    if source is None:
        return {}
    from scaffold.questions.answers_file import read_answers

    return read_answers(source)


def _may_ask(parameters: Mapping[str, Any]) -> bool:
    """Return whether prompts fit: not where the answers come from standard input, or the output is JSON."""
    if parameters["defaults"] or parameters["json"] or parameters["answers"] == "-":
        return False
    return is_interactive()


def _asked(questionnaire: Questionnaire, answers: Answers, path: Path) -> Answers:
    if questionnaire.is_complete(answers):
        return answers
    from scaffold import wizard

    suggested = {
        question.name: path.name
        for question in questionnaire.questions
        if question.name == "project_name" and questionnaire.validate(question, path.name, answers) is None
    }
    asked = wizard.ask(questionnaire, answers, suggested=suggested, title=f"New project in {shown(str(path), 200)}")
    return questionnaire.resolve(asked, defaults=False)


def _options(parameters: Mapping[str, Any]) -> CreateOptions:
    from scaffold.new.create import CreateOptions

    watched = sys.stderr is not None and sys.stderr.isatty() and not parameters["json"]
    return CreateOptions(
        git=parameters["git"],
        install=parameters["install"],
        dry_run=parameters["dry_run"],
        output=sys.stderr.fileno() if sys.stderr is not None else subprocess.DEVNULL,
        progress=_show_progress if watched else lambda _: None,
    )


def _show_progress(step: str) -> None:
    output.write([(step, "dim")], sys.stderr)


command = QuestionCommand(
    name="new",
    help=HELP,
    callback=_new,
    params=[
        click.Argument(["destination"], metavar="DEST", required=False),
        click.Option(["--answers"], metavar="FILE", help="Answers as YAML or JSON; - reads standard input."),
        click.Option(["--defaults"], is_flag=True, help="Take the default of every answer not given; never ask."),
        click.Option(["--dry-run"], is_flag=True, help="List every file with its size; write nothing."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output; never ask."),
        click.Option(["--git/--no-git"], default=True, help="Make a repository and a first commit [default: yes]."),
        click.Option(["--install"], is_flag=True, help="Install the packages with npm ci, without their scripts."),
        click.Option(["--template"], metavar="URL", help="Git repository or folder of another template."),
        click.Option(["--ref"], metavar="REF", help="Tag, branch or commit of it [default: its newest version]."),
    ],
)
