"""Where projects stand: their version, what waits for them, what their owners have edited."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import ScaffoldError, update_unfinished
from scaffold.files.staging import scratch
from scaffold.inspect.edits import find_edits
from scaffold.inspect.templates import Templates
from scaffold.project.record import open_project
from scaffold.project.unfinished import is_unfinished
from scaffold.template.trust import Consent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scaffold.inspect.edits import Edits
    from scaffold.project.record import Project
    from scaffold.template.upgrade import Waiting


@dataclass(frozen=True)
class Status:
    """Where a project stands.

    Attributes:
        project: what it records: its folder, its release, its answers.
        waiting: what an update would bring.
        unfinished: an update was interrupted; the next `scaffold update` restores the project.
        edits: files that the owner changed or deleted; None when nobody asked for them.
    """

    project: Project
    waiting: Waiting
    unfinished: bool
    edits: Edits | None = None

    @property
    def security(self) -> bool:
        """Whether one of the waiting releases closes a hole."""
        return any(entry.security for entry in self.waiting.entries)


@dataclass(frozen=True)
class Failure:
    """A project that cannot be looked at.

    Attributes:
        folder: absolute path that was named.
        error: why.
    """

    folder: Path
    error: ScaffoldError


def status_of(folder: Path, consent: Consent | None = None, *, edited: bool = True) -> Status:
    """Look at a project; nothing is changed.

    Args:
        folder: holds the project's `.copier-answers.yml`.
        consent: which addresses may be contacted because the project names them. Default: those the user
            has agreed to before.
        edited: also look for files that the owner changed or deleted; the template is rendered for that.

    Raises:
        ScaffoldError: the project or its template cannot be used.
    """
    [found] = statuses_of([folder], consent, edited=edited)
    if isinstance(found, Failure):
        raise found.error
    return found


def statuses_of(
    folders: Sequence[Path], consent: Consent | None = None, *, edited: bool = False
) -> list[Status | Failure]:
    """Look at many projects; nothing is changed.

    Args:
        folders: as for `status_of`.
        consent: as for `status_of`; each address is asked about once.
        edited: also look for files that the owners changed or deleted; takes about a second for each project.

    Returns:
        One result for each folder, in the same order.
    """
    with scratch() as work:
        templates = Templates(work, consent or Consent())
        found = [_looked_at(one, templates) for one in folders]
        return list(_with_edits(found, templates, work)) if edited else found


def opened(folder: Path) -> Project:
    """Open a project, or tell that an update died while it wrote the project's record.

    Raises:
        ScaffoldError: `not-a-project`, `project-unreadable` or `update-unfinished`.
    """
    try:
        return open_project(folder)
    except ScaffoldError:
        if not is_unfinished(folder):
            raise
        raise update_unfinished(folder) from None


def _looked_at(folder: Path, templates: Templates) -> Status | Failure:
    try:
        project = opened(folder)
        return Status(project, templates.waiting(project), is_unfinished(folder))
    except ScaffoldError as error:
        return Failure(Path(os.path.realpath(folder)), error)


def _with_edits(found: Sequence[Status | Failure], templates: Templates, work: Path) -> Iterator[Status | Failure]:
    edits = iter(find_edits([one.project for one in found if isinstance(one, Status)], templates, work))
    for one in found:
        result = None if isinstance(one, Failure) else next(edits)
        if isinstance(one, Failure):
            yield one
        elif isinstance(result, ScaffoldError):
            yield Failure(one.project.folder, result)
        else:
            yield replace(one, edits=result)
