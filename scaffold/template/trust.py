"""Which template addresses may be contacted because a project names them.

A project is input: its `.copier-answers.yml` may name any address, which git would contact with the
user's keys. One that the user has never agreed to is therefore contacted only after a yes, which is
remembered in the user's own configuration.
"""

from __future__ import annotations

import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import ScaffoldError, address_not_trusted, template_unavailable, trust_unreadable
from scaffold.files.configuration import configuration_folder
from scaffold.git.run import TRANSPORTS
from scaffold.template.source import TEMPLATE_ADDRESS
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Addresses that hold for one command, for machines: separated by blanks or line breaks.
VARIABLE = "SCAFFOLD_TRUST_ADDRESSES"
LONGEST_ADDRESS = 1000
_LARGEST_FILE = 1024 * 1024
# An answers file is somebody's text: `ext::sh -c …` as an address would run a program.
_TRANSPORT = re.compile(rf"({TRANSPORTS.replace(':', '|')})://|[\w.-]+@[\w.-]+:|/|[A-Za-z]:[\\/]|\.{{1,2}}/")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SCP = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+):(?!//)")


@dataclass
class Consent:
    """What the user has agreed to, for one command.

    Attributes:
        given: addresses that were given with the command.
        ask: asks a person whether an address may be contacted; None where there is no person.
    """

    given: Iterable[str] = ()
    ask: Callable[[str], bool] | None = None
    _refused: set[str] = field(default_factory=set)

    def require(self, address: str) -> None:
        """Require that an address which a project names may be contacted.

        Args:
            address: as the project's `.copier-answers.yml` has it.

        Raises:
            ScaffoldError: `address-not-trusted`, or `template-unavailable` for an address that no
                template can have, or `trust-unreadable`.
        """
        if address == TEMPLATE_ADDRESS:
            return
        check(address)
        allowed = {canonical(one) for one in (*self.given, *os.environ.get(VARIABLE, "").split())}
        if canonical(address) in allowed or is_trusted(address):
            return
        if self.ask is None or address in self._refused or not self.ask(address):
            self._refused.add(address)
            raise _not_trusted(address)
        # The yes holds for this command also where it cannot be written down.
        self.given = (*self.given, address)
        remember(address)


def check(address: str) -> None:
    """Refuse an address that git cannot fetch, that cannot be shown as it is, or that holds a password.

    Raises:
        ScaffoldError: `template-unavailable`.
    """
    if not address.isprintable() or address != address.strip() or len(address) > LONGEST_ADDRESS:
        raise template_unavailable(
            shown(address, 200), "the address holds characters that cannot be shown, or too many."
        )
    if not _TRANSPORT.match(address):
        raise template_unavailable(address, "updates need a git address (https, ssh) or an absolute path.")
    host = host_of(address)
    if host and not host.isascii():
        raise template_unavailable(shown(address, 200), "its host is not in ASCII; write it as xn--….")
    if _URL.match(address) and ":" in _authority(address).rpartition("@")[0]:
        raise template_unavailable(f"at {host}", "the address holds a password; git's credential helper can give it.")


def canonical(address: str) -> str:
    """Return the one spelling of an address: scheme and host in lower case (RFC 3986, 6.2.2.1).

    Everything else of it is significant: `x`, `x/` and `x.git` may be three repositories.
    """
    if not _URL.match(address):
        return address
    scheme, _, rest = address.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    return f"{scheme.lower()}://{user}{at}{host.lower()}{slash}{path}"


def host_of(address: str) -> str:
    """Return the machine that an address makes git contact, empty for this one."""
    if _URL.match(address):
        return _authority(address).rpartition("@")[2]
    # As git reads it: a slash before the first colon makes it a path.
    found = _SCP.match(address)
    return found["host"] if found else ""


def is_trusted(address: str) -> bool:
    """Return whether the user has said yes to an address before.

    Raises:
        ScaffoldError: `trust-unreadable`.
    """
    return canonical(address) in map(canonical, remembered())


def remembered() -> tuple[str, ...]:
    """Return the addresses that the user has said yes to, in the order of the alphabet.

    Raises:
        ScaffoldError: `trust-unreadable`.
    """
    path = configuration_file()
    try:
        if path is None or not os.path.lexists(path):
            return ()
        return _addresses(path)
    except (OSError, ValueError, RecursionError) as error:
        raise trust_unreadable(path, error) from error


def remember(*addresses: str) -> bool:
    """Add addresses to those that the user has said yes to.

    Returns:
        Whether they could be written down: a machine without a home folder forgets them.

    Raises:
        ScaffoldError: `trust-unreadable`.
    """
    known = {canonical(address): address for address in remembered()}
    new = {canonical(address): address for address in addresses if address != TEMPLATE_ADDRESS}
    return known.keys() >= new.keys() or _written({**new, **known}.values())


def agree(address: str) -> str | None:
    """Remember an address that the user has named for a project.

    Returns:
        None, or a note that says why it could not be remembered.
    """
    try:
        kept = remember(address)
    except ScaffoldError as error:
        return f"{error.sentence} Until then you are asked before {shown(address, 200)} is contacted."
    return (
        None if kept else f"{shown(address, 200)} could not be remembered: you are asked before it is contacted again."
    )


def forget(address: str) -> bool:
    """Take an address out of those that the user has said yes to.

    Returns:
        Whether it was among them.

    Raises:
        ScaffoldError: `trust-unreadable`, also when it cannot be written.
    """
    known = remembered()
    kept = [one for one in known if canonical(one) != canonical(address)]
    if len(kept) < len(known) and not _written(kept):
        raise trust_unreadable(configuration_file(), OSError("it cannot be written"))
    return len(kept) < len(known)


def configuration_file() -> Path | None:
    """Return the file that remembers; None on a machine without a place for it."""
    folder = configuration_folder()
    return folder / "trusted.json" if folder else None


def _addresses(path: Path) -> tuple[str, ...]:
    # Not one that others could have planted, nor one that never ends.
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_FILE:
        raise ValueError("it is no plain file")
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & stat.S_IWOTH:
        raise ValueError("others may write it")
    document = json.loads(path.read_text(encoding="utf-8"))
    addresses = document.get("addresses") if isinstance(document, dict) else None
    if not isinstance(addresses, list) or not all(isinstance(address, str) for address in addresses):
        raise ValueError("it has no list of addresses")
    return tuple(sorted(addresses))


def _written(addresses: Iterable[str]) -> bool:
    path = configuration_file()
    if path is None:
        return False
    content = json.dumps({"version": 1, "addresses": sorted(addresses)}, indent=2) + "\n"
    # Somebody may keep it elsewhere and link to it; the link stays.
    path = Path(os.path.realpath(path))
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        return False
    return True


def _authority(address: str) -> str:
    from urllib.parse import urlsplit

    try:
        return urlsplit(address).netloc
    except ValueError:
        return address.partition("://")[2].partition("/")[0]


def _not_trusted(address: str) -> ScaffoldError:
    from shlex import quote

    host = host_of(address)
    place = f"the host {host}" if host else "this machine or a network drive"
    return address_not_trusted(address, place, quote(address))
