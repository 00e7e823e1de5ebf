"""`scaffold diff`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scaffold.cli import output
from scaffold.cli.addresses import consent, trust_address_option
from scaffold.cli.terminal import is_interactive


def _diff(*, project: str, trust_address: tuple[str, ...]) -> None:
    from scaffold.inspect.diff import diff_of

    styles = {"+": "green", "-": "red", "@": "cyan", "d": "bold"}
    lines = diff_of(Path(project), consent(trust_address, watched=is_interactive())).splitlines()
    output.write([(line, styles.get(line[:1], "")) for line in lines], sys.stdout)


command = click.Command(
    name="diff",
    help="Show what you changed in PROJECT (default: this folder) since it was rendered, as a unified diff.",
    callback=_diff,
    params=[click.Argument(["project"], default="."), trust_address_option()],
)
