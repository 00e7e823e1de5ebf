"""`scaffold status`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scaffold.cli import output
from scaffold.cli.addresses import consent, trust_address_option
from scaffold.cli.terminal import is_interactive
from scaffold.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaffold.inspect.status import Failure, Status


HELP = """\
Tell where each PROJECT (default: this folder) stands: version, waiting releases, answers, edited files.

Of several projects one line each is shown, and edited files only with --edited: the template is rendered for
each project to find them.
"""


def _status(
    *, projects: tuple[str, ...], edited: bool | None, json: bool, exit_code: bool, trust_address: tuple[str, ...]
) -> None:
    from scaffold.inspect.status import statuses_of

    folders = [Path(project) for project in projects or (".",)]
    agreed = consent(trust_address, watched=is_interactive() and not json)
    found = statuses_of(folders, agreed, edited=len(folders) == 1 if edited is None else edited)
    _write(found, as_json=json)
    _exit(found, exit_code=exit_code)


def _write(found: Sequence[Status | Failure], *, as_json: bool) -> None:
    from scaffold.cli import output_status
    from scaffold.inspect.status import Failure

    if as_json:
        output.write_json(output_status.status_fields(found), sys.stdout)
    elif len(found) > 1:
        output.write(output_status.statuses(found), sys.stdout)
    elif isinstance(found[0], Failure):
        raise found[0].error
    else:
        output.write(output_status.one_status(found[0]), sys.stdout)


def _exit(found: Sequence[Status | Failure], *, exit_code: bool) -> None:
    from scaffold.inspect.status import Failure

    failed = [one.error.exit_code for one in found if isinstance(one, Failure)]
    if failed:
        raise click.exceptions.Exit(max(failed))
    if exit_code and any(one.waiting.behind for one in found if not isinstance(one, Failure)):
        raise click.exceptions.Exit(ExitCode.UPDATE_WAITING)


command = click.Command(
    name="status",
    help=HELP,
    callback=_status,
    params=[
        click.Argument(["projects"], nargs=-1, metavar="[PROJECT]..."),
        click.Option(
            ["--edited/--no-edited"],
            default=None,
            help="Find edited and deleted files [default: for a single project].",
        ),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output."),
        click.Option(["--exit-code"], is_flag=True, help="Exit with 1 when an update is waiting."),
        trust_address_option(),
    ],
)
