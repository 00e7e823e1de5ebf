"""`scaffold diff`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scaffold.cli import output
from scaffold.cli.addresses import consent, trust_address_option
from scaffold.cli.terminal import is_interactive
from scaffold.errors import wrong_usage
from scaffold.text import visible

if TYPE_CHECKING:
    from scaffold.git.difference import Difference
    from scaffold.template.trust import Consent

HELP = """\
Show what you changed in PROJECT (default: this folder) since it was rendered, as a unified diff.

With --incoming it shows what `scaffold update` would change, with the defaults of new questions. Nothing is changed.
"""


def _diff(*, project: str, incoming: bool, ref: str | None, json: bool, trust_address: tuple[str, ...]) -> None:
    if ref and not incoming:
        raise wrong_usage("--ref needs --incoming.", "`scaffold diff --help` explains the command.")
    agreed = consent(trust_address, watched=is_interactive() and not json)
    found, fields = _incoming(Path(project), ref, agreed) if incoming else _own(Path(project), agreed)
    if json:
        from scaffold.cli.output_status import difference_fields

        output.write_json({"command": "diff", **fields, **difference_fields(found)}, sys.stdout)
    else:
        _write(found)


def _own(folder: Path, agreed: Consent) -> tuple[Difference, dict[str, object]]:
    from scaffold.inspect.diff import diff_of

    found = diff_of(folder, agreed)
    fields = {"path": str(found.project.folder), "incoming": False, "from": found.project.version, "to": None}
    return found.difference, fields


def _incoming(folder: Path, ref: str | None, agreed: Consent) -> tuple[Difference, dict[str, object]]:
    from scaffold.update.incoming import incoming
    from scaffold.update.plan import UpdateRequest

    found = incoming(UpdateRequest(folder, ref=ref, defaults=True, consent=agreed))
    return found.difference, {
        "path": str(found.project.folder),
        "incoming": True,
        "from": found.project.version,
        "to": found.to_version,
        "conflicts": list(found.conflicts),
        "would_be_refused": list(found.refusals),
    }


def _write(found: Difference) -> None:
    styles = {"+": "green", "-": "red", "@": "cyan", "d": "bold"}
    lines = found.text.removesuffix("\n").split("\n") if found.text else []
    # A file of a project that nobody has read yet must not control the reader's terminal.
    safe = visible if sys.stdout.isatty() else str
    output.write([(safe(line), styles.get(line[:1], "")) for line in lines], sys.stdout)


command = click.Command(
    name="diff",
    help=HELP,
    callback=_diff,
    params=[
        click.Argument(["project"], default="."),
        click.Option(["--incoming"], is_flag=True, help="Show what an update would change."),
        click.Option(["--ref"], metavar="REF", help="Release to go to, with --incoming [default: the newest]."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output; never ask."),
        trust_address_option(),
    ],
)
