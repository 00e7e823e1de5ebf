"""`scaffold new`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from scaffold.cli import output
from scaffold.cli.completion import completing_paths
from scaffold.cli.flags import OpenTemplate, QuestionCommand, given_answers
from scaffold.cli.terminal import is_interactive
from scaffold.errors import wrong_usage
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scaffold.new.create import CreateOptions
    from scaffold.questions.question import Answers
    from scaffold.questions.user_defaults import UserDefaults

HELP = """\
Create an Express project in DEST, a new or empty folder, or a fresh clone: files like README stay as they are.

In a terminal it asks for the answers that are still open and shows all of them for review. Without one,
or with --defaults or --json, it never asks: answers come from flags, from --answers, from your own
defaults.yml and from the defaults of the questions, in this order.
"""


@click.pass_obj
def _new(opened: OpenTemplate, /, destination: str | None, **parameters: Any) -> None:  # noqa: ANN401 - click's
    from scaffold.new.create import create, folder_name, remembering, resolve_destination

    asking = _may_ask(parameters)
    if destination is None and not opened.unknown:
        destination = _asked_destination(asking=asking)
    opened.questionnaire.for_folder(folder_name(destination or ""))
    own = _user_defaults(opened, parameters)
    given = {**_from_file(parameters["answers"]), **given_answers(parameters)}
    # Mistakes on the command line are reported before anybody is asked anything.
    answers = opened.answers(lambda: _judged(opened, {**own.answers, **given}, asking=asking))
    path = resolve_destination(destination or "")
    if asking := asking and not opened.questionnaire.is_complete(answers):
        answers = _asked(opened, answers, path, own.sources(given))
    result = create(path, opened.template, answers, _options(parameters))
    result = replace(result, notes=(*result.notes, *own.notes(given, result.answers)))
    if parameters["template"]:
        result = remembering(result)
    if parameters["json"]:
        output.write_json(output.created_fields(result), sys.stdout)
        return
    output.write(output.created(result, destination or ""), sys.stdout)
    if asking:
        from scaffold.cli.after_wizard import conclude

        conclude(opened, result, destination or "", parameters)


def _asked_destination(*, asking: bool) -> str:
    if not asking:
        raise wrong_usage(
            "DEST is missing.",
            "Name the folder to create, e.g. `scaffold new my-api`; `scaffold new --help` explains the command.",
        )
    from scaffold import wizard
    from scaffold.errors import ScaffoldError
    from scaffold.new.create import resolve_destination

    def problem(text: str) -> str | None:
        try:
            resolve_destination(text)
        except ScaffoldError as error:
            return error.sentence
        return None

    return wizard.ask_line("Folder to create the project in", example="my-api", problem=problem)


def _user_defaults(opened: OpenTemplate, parameters: Mapping[str, Any]) -> UserDefaults:
    from scaffold.files.configuration import configuration_folder
    from scaffold.questions.user_defaults import UserDefaults, read_user_defaults

    if parameters["no_user_defaults"]:
        return UserDefaults()
    return read_user_defaults(
        configuration_folder(), opened.questionnaire, other_template=parameters["template"] is not None
    )


def _judged(opened: OpenTemplate, given: Mapping[str, object], *, asking: bool) -> Answers:
    if asking:
        return opened.questionnaire.check(given)
    return opened.questionnaire.resolve(given, defaults=True)


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


def _asked(opened: OpenTemplate, answers: Answers, path: Path, sources: Mapping[str, str]) -> Answers:
    from scaffold import wizard
    from scaffold.new.effects import Effects

    asked = wizard.ask(
        opened.questionnaire,
        answers,
        title=f"New project in {shown(str(path), 200)}",
        sources=sources,
        effects=Effects(opened.template, opened.questionnaire),
    )
    return opened.questionnaire.resolve(asked, defaults=False)


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
        click.Argument(["destination"], metavar="DEST", required=False, shell_complete=completing_paths("dir")),
        click.Option(
            ["--answers"],
            metavar="FILE",
            help="Answers as YAML or JSON; - reads standard input.",
            shell_complete=completing_paths("file"),
        ),
        click.Option(["--defaults"], is_flag=True, help="Take the default of every answer not given; never ask."),
        click.Option(
            ["--no-user-defaults"],
            is_flag=True,
            envvar="SCAFFOLD_NO_USER_DEFAULTS",
            help="Ignore your own defaults.yml; also with SCAFFOLD_NO_USER_DEFAULTS=1.",
        ),
        click.Option(["--dry-run"], is_flag=True, help="List every file with its size; write nothing."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output; never ask."),
        click.Option(["--git/--no-git"], default=True, help="Make a repository and a first commit [default: yes]."),
        click.Option(["--install"], is_flag=True, help="Install the packages with npm ci, without their scripts."),
        click.Option(
            ["--template"],
            metavar="URL",
            help="Git repository or folder of another template.",
            shell_complete=completing_paths("dir"),
        ),
        click.Option(["--ref"], metavar="REF", help="Tag, branch or commit of it [default: its newest version]."),
    ],
)
