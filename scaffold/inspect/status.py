"""Where a project stands: its version, what waits for it, what its owner has edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.inspect.comparison import compared
from scaffold.project.unfinished import is_unfinished
from scaffold.template import changelog
from scaffold.template.releases import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.version import Version

    from scaffold.template.changelog import Entry
    from scaffold.template.trust import Consent


@dataclass(frozen=True)
class Status:
    """Where a project stands.

    Attributes:
        version: release it was rendered from.
        newest: newest release there is.
        behind: how many releases lie between.
        entries: what they change in a project, security first.
        answers: the recorded answers.
        edited: rendered files that the owner changed since.
        deleted: rendered files that the owner deleted.
        unfinished: an update was interrupted; the next `scaffold update` restores the project.
    """

    folder: Path
    version: str
    newest: str
    behind: int
    entries: tuple[Entry, ...]
    answers: Mapping[str, object]
    edited: tuple[str, ...]
    deleted: tuple[str, ...]
    unfinished: bool

    @property
    def security(self) -> bool:
        """Whether one of the waiting releases closes a hole."""
        return any(entry.security for entry in self.entries)


def status_of(folder: Path, consent: Consent | None = None) -> Status:
    """Look at a project; nothing is changed.

    Args:
        folder: holds the project's `.copier-answers.yml`.
        consent: which addresses may be contacted because the project names them. Default: those the user
            has agreed to before.

    Raises:
        ScaffoldError: the project or its template cannot be used.
    """
    with compared(folder, consent) as comparison:
        project, found = comparison.project, comparison.releases
        current = version_of(project.version)
        newest = found.newest(than=current)
        waiting = [v for v in found.versions if _lies_between(v, current, newest)]
        text = found.read(found.refs[newest], "CHANGELOG.md") if newest else ""
        return Status(
            folder=project.folder,
            version=project.version,
            newest=found.described(found.refs[newest]) if newest else project.version,
            behind=len(waiting),
            entries=changelog.between(text, current, newest) if newest and waiting else (),
            answers=project.answers,
            edited=comparison.names("M") + comparison.names("T"),
            deleted=comparison.names("D"),
            unfinished=is_unfinished(project.folder),
        )


def _lies_between(version: Version, older: Version | None, newer: Version | None) -> bool:
    return older is not None and newer is not None and older < version <= newer and not version.is_prerelease
