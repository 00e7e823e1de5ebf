"""`scaffold update`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

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
    from scaffold.update.update import UpdateOptions

HELP = """\
Bring each PROJECT (default: this folder) to the newest release of its template, or to other answers.

What would change is shown first. The project must be in git without uncommitted changes; the update is
staged, and committed only with --commit. Both sides' work is kept: where both changed the same lines, git
marks a conflict.

Of several projects each is updated without a question and without a preview; the exit code is the highest one.

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
def _update(changes: dict[str, object], /, projects: tuple[str, ...], **parameters: Any) -> None:  # noqa: ANN401 - click's
    _require_fitting(parameters)
    if len(projects) > 1:
        _update_several(changes, list(dict.fromkeys(projects)), parameters)
    folder = Path(projects[0] if projects else ".")
    if parameters["abort"]:
        _abort(folder, as_json=parameters["json"])
    elif not (_wants_settings(changes, parameters) and _only_settings(folder, as_json=parameters["json"])):
        _update_one(folder, changes, parameters)


def _wants_settings(changes: dict[str, object], parameters: dict[str, Any]) -> bool:
    """Return whether nothing was asked for but settings: after an update, no new one is needed for them."""
    others = ("dry_run", "ref", "template", "branch", "commit")
    return bool(parameters["add_settings"]) and not changes and not any(parameters[name] for name in others)


def _update_one(folder: Path, changes: dict[str, object], parameters: dict[str, Any]) -> None:
    from scaffold.update.plan import plan_update

    watched = _is_watched(parameters)
    with plan_update(_request(folder, changes, parameters, watched=watched)) as plan:
        if not parameters["json"]:
            output.write(output_project.preview(plan), sys.stdout)
        if parameters["dry_run"]:
            _foretell(plan, parameters, watched=watched)
        elif watched and not plan.is_empty:
            from scaffold.cli.update_decision import decided

            decision = decided(plan)
            if decision is not None:
                _carry_out(decision, parameters)
        else:
            _carry_out(plan, parameters)


def _foretell(plan: UpdatePlan, parameters: dict[str, Any], *, watched: bool) -> None:
    """End as the update itself would, as far as looking can tell; what a person is asked about refuses nothing."""
    from scaffold.update.update import refusals

    asked = plan.undecided if watched else ()
    found = [one for one in refusals(plan, _options(parameters)) if one.code not in {each.code for each in asked}]
    if parameters["json"]:
        output.write_json(output_project.plan_fields(plan, refusals=found), sys.stdout)
    elif found:
        raise found[0]
    code = found[0].exit_code if found else ExitCode.CONFLICTS if plan.joined.conflicts else ExitCode.DONE
    raise click.exceptions.Exit(code)


def _carry_out(plan: UpdatePlan, parameters: dict[str, Any]) -> None:
    from scaffold.template.trust import agree
    from scaffold.update.update import execute

    result = execute(plan, _options(parameters))
    if parameters["template"] and result.applied:
        agree(parameters["template"])
    if parameters["json"]:
        output.write_json(output_project.update_fields(result), sys.stdout)
    else:
        output.write(output_project.updated(result), sys.stdout)
    if plan.joined.conflicts:
        raise click.exceptions.Exit(ExitCode.CONFLICTS)


def _abort(folder: Path, *, as_json: bool) -> None:
    from scaffold.update.abort import take_back

    applied = take_back(folder)
    if as_json:
        fields: dict[str, object] = {"command": "update", "path": str(folder.resolve()), "aborted": applied.version}
        output.write_json(fields, sys.stdout)
    else:
        said = f"The update to {applied.version} is taken back: files and index are as before it."
        output.write([(said, "bold green")], sys.stdout)


def _only_settings(folder: Path, *, as_json: bool) -> bool:
    """Add settings for an update that is staged already; False if none is."""
    from scaffold.update.update import add_settings

    added = add_settings(folder)
    if added is not None and as_json:
        fields: dict[str, object] = {"command": "update", "path": str(folder.resolve()), "settings_added": list(added)}
        output.write_json(fields, sys.stdout)
    elif added is not None:
        said = f"Added to .env: {', '.join(added)}." if added else ".env has all settings of the update already."
        output.write([(said, "green")], sys.stdout)
    return added is not None


def _update_several(changes: dict[str, object], projects: list[str], parameters: dict[str, Any]) -> NoReturn:
    from scaffold.cli.update_several import update_several

    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in changes.items()]
    for name, value in parameters.items():
        flag = f"--{name.replace('_', '-')}"
        if name in {"json", "jobs"} or not value:
            continue
        arguments += [flag] if value is True else [f"{flag}={one}" for one in _as_tuple(value)]
    jobs = parameters["jobs"] or os.cpu_count() or 1
    raise click.exceptions.Exit(update_several(projects, arguments, jobs=jobs, as_json=parameters["json"]))


def _as_tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_watched(parameters: dict[str, Any]) -> bool:
    if parameters["json"] or parameters["defaults"] or parameters["yes"]:
        return False
    return is_interactive()


def _require_fitting(parameters: dict[str, Any]) -> None:
    """Refuse flags that contradict each other."""
    if parameters["keep_edited"] and parameters["remove_edited"]:
        raise wrong_usage("--keep-edited and --remove-edited exclude each other.")
    others = [name for name, value in parameters.items() if value and name not in {"abort", "json", "yes", "jobs"}]
    if parameters["abort"] and others:
        raise wrong_usage(f"--abort and --{others[0].replace('_', '-')} exclude each other.")


def _options(parameters: dict[str, Any]) -> UpdateOptions:
    from scaffold.update.update import UpdateOptions

    return UpdateOptions(parameters["add_settings"], parameters["branch"], parameters["commit"])


def _request(folder: Path, changes: dict[str, object], parameters: dict[str, Any], *, watched: bool) -> UpdateRequest:
    from scaffold.update.plan import UpdateRequest

    edited: Edited = "refuse"
    if parameters["keep_edited"] or parameters["remove_edited"]:
        edited = "keep" if parameters["keep_edited"] else "remove"
    shows_progress = watched and sys.stderr is not None and sys.stderr.isatty()
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
        downgrade=parameters["downgrade"],
        progress=_show_progress if shows_progress else lambda _: None,
    )


def _show_progress(step: str) -> None:
    output.write([(step, "dim")], sys.stderr)


def _ask(questionnaire: Questionnaire, given: dict[str, object]) -> Answers:
    from scaffold import wizard

    return wizard.ask(questionnaire, given, title="The new version has new questions", confirm="Continue")


command = UpdateCommand(
    name="update",
    help=HELP,
    callback=_update,
    params=[
        click.Argument(["projects"], nargs=-1, metavar="[PROJECT]..."),
        click.Option(["--dry-run"], is_flag=True, help="Show what would change, with the same exit code."),
        click.Option(["--yes"], is_flag=True, help="Do not ask for confirmation."),
        click.Option(["--defaults"], is_flag=True, help="Take the default of new questions; never ask."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output; never ask."),
        click.Option(["--ref"], metavar="REF", help="Release to go to [default: the newest]."),
        click.Option(["--downgrade"], is_flag=True, help="Allow --ref to be older than the project's release."),
        click.Option(["--template"], metavar="URL", help="Git address of another template."),
        click.Option(["--keep-edited"], is_flag=True, help="Keep edited files that are no longer shipped."),
        click.Option(["--remove-edited"], is_flag=True, help="Remove edited files that are no longer shipped."),
        click.Option(
            ["--remove-kept"],
            is_flag=True,
            help="Remove files that stay once shipped, too: migrations. Databases break.",
        ),
        click.Option(["--add-settings"], is_flag=True, help="Append new settings to .env, with fresh secrets."),
        click.Option(["--branch"], metavar="NAME", help="Make a branch for the update; NAME must be new."),
        click.Option(["--commit"], is_flag=True, help="Commit the update if there are no conflicts; hooks run."),
        click.Option(["--abort"], is_flag=True, help="Take back the last update, if it is not committed."),
        click.Option(
            ["--jobs"], type=click.IntRange(1, 64), metavar="N", help="Projects at a time [default: one per core]."
        ),
        trust_address_option(),
    ],
)
