"""`scaffold trust`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from scaffold.cli import output
from scaffold.errors import ScaffoldError, trust_not_written, wrong_usage
from scaffold.text import shown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

HELP = """\
Show which template addresses you have agreed to contact, or agree to ADDRESS.

A project names the address of its template. Only the template that comes with Scaffold and the addresses
listed here are contacted without a question: an address can be anybody's, and git signs in there with your keys.
`scaffold new --template ADDRESS` adds its address. --trust-address ADDRESS of the other commands, and
the variable SCAFFOLD_TRUST_ADDRESSES, agree for one command: use them in CI.
"""


def _trust(*, addresses: tuple[str, ...], remove: bool, json: bool) -> None:
    from scaffold.template import trust

    if remove and not addresses:
        raise wrong_usage("--remove needs an ADDRESS.", "`scaffold trust` lists the addresses.")
    if remove:
        unknown = [address for address in addresses if not trust.forget(address)]
        if unknown:
            raise wrong_usage(f"{', '.join(unknown)} is not among the addresses.", "`scaffold trust` lists them.")
    elif addresses:
        _agree(addresses)
    known = trust.remembered()
    if json:
        path = trust.configuration_file()
        fields: dict[str, object] = {"command": "trust", "addresses": list(known), "file": str(path) if path else None}
        output.write_json(fields, sys.stdout)
    else:
        output.write([(shown(address, trust.LONGEST_ADDRESS), "") for address in known], sys.stdout)
        if not known:
            output.write([("No address yet; the template that comes with Scaffold needs none.", "")], sys.stderr)


def _agree(addresses: tuple[str, ...]) -> None:
    from scaffold.template import trust

    for address in addresses:
        trust.check(address)
    if not trust.remember(*addresses):
        raise trust_not_written(trust.configuration_file())


def _remembered(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete an address that can be removed."""
    from click.shell_completion import CompletionItem

    from scaffold.template import trust

    try:
        return [CompletionItem(address) for address in trust.remembered() if address.startswith(typed)]
    except ScaffoldError:
        return []


command = click.Command(
    name="trust",
    help=HELP,
    callback=_trust,
    params=[
        click.Argument(["addresses"], nargs=-1, metavar="[ADDRESS]...", shell_complete=_remembered),
        click.Option(["--remove"], is_flag=True, help="Forget ADDRESS: you are asked about it again."),
        click.Option(["--json"], is_flag=True, help="Print one JSON object on standard output."),
    ],
)
