"""Which release of its template a project was made from, and which one it can go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.errors import no_releases, release_unknown, template_older, template_unavailable, version_unknown
from scaffold.git.run import GitError, disk_is_full
from scaffold.template import changelog, releases, trust
from scaffold.template.confined import Confined
from scaffold.template.releases import version_of
from scaffold.template.source import CHECKOUT, PACKAGE, TEMPLATE_ADDRESS, Template

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.version import Version

    from scaffold.project.record import Project
    from scaffold.template.changelog import Entry
    from scaffold.template.releases import Releases

_BUNDLE = PACKAGE / "_releases.bundle"


@dataclass(frozen=True)
class Upgrade:
    """The two releases of an update.

    Attributes:
        address: where the template lives.
        releases: all its releases.
        older: git revision of the release the project was made from.
        newer: tag of the release it goes to.
        confined: the process that works on both, when the template is not ours.
    """

    address: str
    releases: Releases
    older: str
    newer: str
    confined: Confined

    def template(self, ref: str, work: Path) -> Template:
        """Unpack one of the releases below a scratch folder."""
        folder = work / f"template-{'older' if ref == self.older else 'newer'}"
        if not folder.exists():
            self.releases.export(ref, folder)
        return Template(folder, self.address, ref, ours=self.address == TEMPLATE_ADDRESS, shared=self.confined)

    @property
    def is_downgrade(self) -> bool:
        """Whether it goes to an older release."""
        to, current = version_of(self.newer), version_of(self.older)
        if to is not None and current is not None and to != current:
            return to < current
        return self.releases.precedes(self.newer, self.older)


@dataclass(frozen=True)
class Waiting:
    """What an update to the newest release would bring.

    Attributes:
        newest: the newest release, or the newest commit of a template without releases.
        behind: how many releases lie between; commits for a template without releases.
        entries: what they change in a project, security first.
    """

    newest: str
    behind: int
    entries: tuple[Entry, ...]


def waiting_for(project: Project, older: str, found: Releases) -> Waiting:
    """Return what waits for a project; nothing is rendered.

    Args:
        project: its record names the release it was made from.
        older: git revision of that release, from `base_release`.
        found: the releases of its template.

    Raises:
        GitError: git failed.
    """
    current = version_of(project.version)
    newest = found.newest(than=current)
    if newest is None:
        return Waiting(project.version, 0, ())
    ref = found.refs[newest]
    behind = len(_between(found, older, current, newest)) if found.is_tagged else found.commits_since(older)
    return Waiting(found.described(ref), behind, news(found, older, ref) if behind else ())


def news(found: Releases, older: str, newer: str) -> tuple[Entry, ...]:
    """Return what the changelog says about the way from one revision to another, security first."""
    before, after = (found.read(ref, "CHANGELOG.md") for ref in (older, newer))
    return changelog.news(before, after, version_of(older), version_of(newer))


def _between(found: Releases, older: str, current: Version | None, newest: Version) -> list[Version]:
    if current is None:
        return found.since(older)
    return [version for version in found.versions if current < version <= newest and not version.is_prerelease]


def upgrade_of(project: Project, address: str, ref: str | None, work: Path) -> Upgrade:
    """Choose the two releases of an update.

    Args:
        project: its record names the release it was made from.
        address: where the template lives.
        ref: release to go to; None for the newest.
        work: an existing folder for scratch files.

    Raises:
        ScaffoldError: `template-unavailable`, `version-unknown`, `release-unknown` or `template-older`.
    """
    found = releases_of(address, work)
    older = base_release(project, found)
    newer = found.described(_target(ref, older, found))
    return Upgrade(address, found, older, newer, Confined(address))


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
        if disk_is_full(error):
            raise
        raise template_unavailable(address, f"{error}.") from error


def base_release(project: Project, found: Releases) -> str:
    """Return the git revision a project was rendered from.

    An unreleased one, as of a checkout that was worked in, counts as the release before it.

    Raises:
        ScaffoldError: `version-unknown`, or `template-older` when the project is ahead of every release.
    """
    if found.has(project.version):
        return project.version
    if not found.is_tagged:
        raise no_releases(project.version, found.address or project.address)
    recorded = version_of(project.version)
    if recorded is not None and recorded > found.versions[-1]:
        raise template_older(project.version, str(found.versions[-1]), found.address)
    before = [version for version in found.versions if recorded is not None and version <= recorded]
    if not before:
        raise version_unknown(project.version)
    return found.refs[before[-1]]


def _target(ref: str | None, older: str, found: Releases) -> str:
    if ref:
        named = next((name for name in (ref, f"v{ref}") if found.has(name)), None)
        if named is None:
            raise release_unknown(ref, [str(version) for version in found.versions[-5:]])
        return named
    current = version_of(older)
    newest = found.newest(than=current)
    if newest is None or (current is not None and newest < current):
        raise template_older(older, str(found.versions[-1]), found.address)
    return found.refs[newest] if newest != current else older
