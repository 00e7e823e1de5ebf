"""Which releases a project can go to: those this package carries, or those of a git address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scaffold import releases
from scaffold.errors import template_unavailable
from scaffold.git import GitError
from scaffold.source import CHECKOUT, PACKAGE, TEMPLATE_ADDRESS

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.releases import Releases

_BUNDLE = PACKAGE / "_releases.bundle"
# An answers file is somebody's text: `ext::sh -c …` as an address would run a program.
_TRANSPORT = re.compile(r"(https|ssh|git|file)://|[\w.-]+@[\w.-]+:|/|[A-Za-z]:[\\/]|\.{1,2}/")


def releases_of(address: str, work: Path) -> Releases:
    """Return the releases of a template, unpacked below a scratch folder.

    Args:
        address: git address as recorded in a project; our own stands for what this package carries.
        work: an existing folder for scratch files.

    Raises:
        ScaffoldError: `template-unavailable`.
    """
    try:
        if address != TEMPLATE_ADDRESS:
            return _fetched(address, work / "template.git")
        if _BUNDLE.is_file():
            return releases.from_bundle(_BUNDLE, work / "template.git")
        return releases.from_checkout(CHECKOUT, work / "template.git")
    except (GitError, OSError) as error:
        raise template_unavailable(address, f"{error}.") from error


def _fetched(address: str, into: Path) -> Releases:
    if not _TRANSPORT.match(address):
        raise template_unavailable(address, "updates need a git address (https, ssh) or an absolute path.")
    return releases.from_address(address, into)
