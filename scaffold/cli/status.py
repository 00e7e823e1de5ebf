"""`scaffold status`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scaffold.cli import output, output_project
from scaffold.cli.addresses import consent, trust_address_option
from scaffold.cli.terminal import is_interactive
from scaffold.errors import ExitCode, ScaffoldError


def _status(*, projects: tuple[str, ...], json: bool, exit_code: bool, trust_address: tuple[str, ...]) -> None:
    from scaffold.inspect.status import status_of

    found, failures, several = [], [], len(projects) > 1
    # One for all: each address is asked about once.
    agreed = consent(trust_address, watched=is_interactive() and not json)
    for project in projects or (".",):
        try:
            found.append(status_of(Path(project), agreed))
        except ScaffoldError as failure:
            if not several:
                raise
            failures.append((project, failure))
    if json:
        output.write_json(output_project.status_fields(found, failures, several=several), sys.stdout)
    else:
        output.write(output_project.status(found, failures), sys.stdout)
    if failures:
        raise click.exceptions.Exit(max(failure.exit_code for _, failure in failures))
    if exit_code and any(status.behind for status in found):
        raise click.exceptions.Exit(ExitCode.UPDATE_WAITING)


command = click.Command(
    name="status",
    help="Tell where each PROJECT (default: this folder) stands: version, waiting releases, answers, edited files.",
    callback=_status,
    params=[
        click.Argument(["projects"], nargs=-1, metavar="[PROJECT]..."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output."),
        click.Option(["--exit-code"], is_flag=True, help="Exit with 1 when an update is waiting."),
        trust_address_option(),
    ],
)
