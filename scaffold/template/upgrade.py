"""Which releases a project can go to: those this package carries, or those of a git address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.errors import template_unavailable
from scaffold.git.run import GitError
from scaffold.template import releases, trust
from scaffold.template.source import CHECKOUT, PACKAGE, TEMPLATE_ADDRESS

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.template.releases import Releases

_BUNDLE = PACKAGE / "_releases.bundle"


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
            trust.check(address)
            return releases.from_address(address, work / "template.git")
        if _BUNDLE.is_file():
            return releases.from_bundle(_BUNDLE, work / "template.git")
        return releases.from_checkout(CHECKOUT, work / "template.git")
    except (GitError, OSError) as error:
        raise template_unavailable(address, f"{error}.") from error
