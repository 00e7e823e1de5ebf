"""How commands ask whether an address that a project names may be contacted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scaffold.text import shown

if TYPE_CHECKING:
    from scaffold.template.trust import Consent


def trust_address_option() -> click.Option:
    """Return the flag by which a command line names addresses that may be contacted."""
    text = "Contact this template address if a project names it, for this command only. Can be repeated."
    return click.Option(["--trust-address"], multiple=True, metavar="ADDRESS", help=text)


def consent(addresses: tuple[str, ...], *, watched: bool) -> Consent:
    """Return what was agreed to on the command line; a person is asked about the rest.

    Args:
        addresses: values of `--trust-address`.
        watched: a person is there to be asked.
    """
    from scaffold.template.trust import Consent

    return Consent(addresses, _may_be_contacted if watched else None)


def _may_be_contacted(address: str) -> bool:
    from scaffold.template.trust import host_of
    from scaffold.wizard.choose import choose

    host = host_of(address)
    where = f"on {host}" if host else "a folder of this machine or of a network drive"
    return choose(
        f"The project names the template {shown(address, 1000)} ({shown(where, 300)}). Contact it?",
        [
            (False, "no", "contact nothing"),
            (True, "yes", "contact it now, and later without asking (`scaffold trust` lists such addresses)"),
        ],
    )
