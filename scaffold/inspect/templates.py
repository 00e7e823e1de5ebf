"""The templates of the projects that one command looks at: each address is contacted once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from scaffold.errors import ScaffoldError
from scaffold.template.source import TEMPLATE_ADDRESS, Template
from scaffold.template.upgrade import base_release, releases_of, waiting_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scaffold.project.record import Project
    from scaffold.template.releases import Releases
    from scaffold.template.trust import Consent
    from scaffold.template.upgrade import Waiting

Found = TypeVar("Found")


class Templates:
    """What is known about the templates of some projects."""

    def __init__(self, work: Path, consent: Consent) -> None:
        """Start with nothing.

        Args:
            work: an existing folder for what is fetched and unpacked.
            consent: which addresses may be contacted because a project names them.
        """
        self._work, self._consent = work, consent
        self._known: dict[tuple[str, ...], object] = {}

    def base(self, project: Project) -> str:
        """Return the git revision that a project was rendered from.

        Raises:
            ScaffoldError: the template is not available or does not know the project's release.
        """
        key = ("base", project.address, project.version)
        return self._once(key, lambda: base_release(project, self._releases(project.address)))

    def waiting(self, project: Project) -> Waiting:
        """Return what waits for a project.

        Raises:
            ScaffoldError: as `base`.
        """
        key = ("waiting", project.address, project.version)
        base = self.base(project)
        return self._once(key, lambda: waiting_for(project, base, self._releases(project.address)))

    def template(self, project: Project) -> Template:
        """Return the template that a project was rendered from, unpacked.

        Raises:
            ScaffoldError: as `base`.
            GitError: it cannot be unpacked.
        """
        ref, address = self.base(project), project.address
        folder = self._work / f"template-{len(self._known)}"
        unpacked = self._once(("unpacked", address, ref), lambda: self._releases(address).export(ref, folder))
        return Template(unpacked, address, project.version, ours=address == TEMPLATE_ADDRESS)

    def _releases(self, address: str) -> Releases:
        self._consent.require(address)
        return self._once(("releases", address), lambda: self._fetched(address))

    def _fetched(self, address: str) -> Releases:
        folder = self._work / f"releases-{len(self._known)}"
        folder.mkdir()
        return releases_of(address, folder)

    def _once(self, key: tuple[str, ...], find: Callable[[], Found]) -> Found:
        """Find something out, or fail, once: an address that does not answer is not contacted for every project."""
        if key not in self._known:
            try:
                self._known[key] = find()
            except ScaffoldError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, ScaffoldError):
            raise found
        return cast("Found", found)
