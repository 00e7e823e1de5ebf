"""`scaffold update`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scaffold.cli import output, output_project
from scaffold.cli.addresses import consent, trust_address_option
from scaffold.cli.flags import AnswerCommand
from scaffold.cli.terminal import is_interactive
from scaffold.errors import ExitCode, wrong_usage

if TYPE_CHECKING:
    from scaffold.questions.question import Answers
    from scaffold.questions.questionnaire import Questionnaire
    from scaffold.update.plan import Edited, UpdatePlan, UpdateRequest

HELP = """\
Bring PROJECT (default: this folder) to the newest release of its template, or to other answers.

What would change is shown first. The project must be in git without uncommitted changes; the update is
staged, never committed. Both sides' work is kept: where both changed the same lines, git marks a conflict.

--QUESTION VALUE changes an answer, e.g. --database postgres; `scaffold questions` lists them.
"""


class UpdateCommand(AnswerCommand):
    """A command that takes `--question VALUE` for questions known only once the template is open."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the answers aside and parse the rest."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        own = {flag for param in self.params for flag in param.opts if flag.startswith("--")}
        ctx.obj = changes = {}
        rest, waiting = [], self.with_values(args)
        while waiting:
            argument = waiting.pop(0)
            flag, equals, value = argument.partition("=")
            if flag in {*own, "--help"} or not argument.startswith("--") or argument == "--":
                rest.append(argument)
                continue
            if not equals and (not waiting or waiting[0].startswith("--")):
                raise wrong_usage(f"{flag} needs a value.", "`scaffold questions` lists the values.")
            changes[flag[2:].replace("-", "_")] = value if equals else waiting.pop(0)
        return super().parse_args(ctx, rest)


@click.pass_obj
def _update(changes: dict[str, object], /, project: str, **parameters: Any) -> None:  # noqa: ANN401 - click's
    from scaffold.update.plan import plan_update

    watched = _is_watched(parameters)
    request = _request(Path(project), changes, parameters, watched=watched)
    with plan_update(request) as plan:
        if not parameters["json"]:
            output.write(output_project.preview(plan), sys.stdout)
        edited: Edited | None = plan.edited
        if watched and not plan.is_empty and not parameters["dry_run"]:
            edited = _decided(plan)
        if edited is not None:
            _finish(plan if edited == plan.edited else plan.decided(edited), parameters)


def _finish(plan: UpdatePlan, parameters: dict[str, Any]) -> None:
    if parameters["dry_run"]:
        if parameters["json"]:
            output.write_json(output_project.plan_fields(plan, dry_run=True), sys.stdout)
        return
    from scaffold.template.trust import agree
    from scaffold.update.update import execute

    result = execute(plan, add_settings=parameters["add_settings"])
    if parameters["template"] and result.applied:
        agree(parameters["template"])
    if parameters["json"]:
        output.write_json(output_project.update_fields(result), sys.stdout)
    else:
        output.write(output_project.updated(result), sys.stdout)
    if plan.joined.conflicts:
        raise click.exceptions.Exit(ExitCode.CONFLICTS)


def _is_watched(parameters: dict[str, Any]) -> bool:
    if parameters["json"] or parameters["defaults"] or parameters["yes"]:
        return False
    return is_interactive()


def _request(folder: Path, changes: dict[str, object], parameters: dict[str, Any], *, watched: bool) -> UpdateRequest:
    from scaffold.update.plan import UpdateRequest

    if parameters["keep_edited"] and parameters["remove_edited"]:
        raise wrong_usage("--keep-edited and --remove-edited exclude each other.")
    edited: Edited = "refuse"
    if parameters["keep_edited"] or parameters["remove_edited"]:
        edited = "keep" if parameters["keep_edited"] else "remove"
    return UpdateRequest(
        folder=folder,
        changes=changes,
        ref=parameters["ref"],
        template=parameters["template"],
        defaults=parameters["defaults"],
        edited=edited,
        ask=_ask if watched else None,
        dry_run=parameters["dry_run"],
        consent=consent(parameters["trust_address"], watched=watched),
        remove_kept=parameters["remove_kept"],
    )


def _ask(questionnaire: Questionnaire, given: dict[str, object]) -> Answers:
    from scaffold import wizard

    return wizard.ask(questionnaire, given, title="The new version has new questions", confirm="Continue")


def _decided(plan: UpdatePlan) -> Edited | None:
    """Ask what to do; None means nothing."""
    from scaffold.wizard.choose import choose

    if plan.joined.removed_edited and plan.edited == "refuse":
        return choose(
            "Files that you edited are no longer shipped. What becomes of them?",
            [
                ("keep", "keep", "update, and keep them as your own"),
                ("remove", "remove", "update, and remove them with your edits"),
                (None, "cancel", "change nothing"),
            ],
        )
    options = [(plan.edited, "update", "stage these changes"), (None, "cancel", "change nothing")]
    return choose("Update the project?", options)


command = UpdateCommand(
    name="update",
    help=HELP,
    callback=_update,
    params=[
        click.Argument(["project"], default="."),
        click.Option(["--dry-run"], is_flag=True, help="Show what would change; change nothing."),
        click.Option(["--yes"], is_flag=True, help="Do not ask for confirmation."),
        click.Option(["--defaults"], is_flag=True, help="Take the default of new questions; never ask."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output; never ask."),
        click.Option(["--ref"], metavar="REF", help="Release to go to [default: the newest]."),
        click.Option(["--template"], metavar="URL", help="Git address of another template."),
        click.Option(["--keep-edited"], is_flag=True, help="Keep edited files that are no longer shipped."),
        click.Option(["--remove-edited"], is_flag=True, help="Remove edited files that are no longer shipped."),
        click.Option(
            ["--remove-kept"],
            is_flag=True,
            help="Remove files that stay once shipped, too: migrations. Databases break.",
        ),
        click.Option(["--add-settings"], is_flag=True, help="Append new settings to .env, with fresh secrets."),
        trust_address_option(),
    ],
)
