"""What the owner of a project has changed since it was rendered."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.files.staging import scratch
from scaffold.git.difference import difference
from scaffold.git.run import bare
from scaffold.inspect.comparison import View
from scaffold.inspect.status import opened
from scaffold.inspect.templates import Templates
from scaffold.template.render import render_recorded
from scaffold.template.trust import Consent

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.git.difference import Difference
    from scaffold.project.record import Project


@dataclass(frozen=True)
class OwnChanges:
    """What the owner of a project has changed since it was rendered.

    Attributes:
        difference: from a fresh render of the same release and answers to the project.
    """

    project: Project
    difference: Difference


def diff_of(folder: Path, consent: Consent | None = None) -> OwnChanges:
    """Compare a project with a fresh render of the same release and answers; nothing is changed.

    Args:
        folder: holds the project's `.copier-answers.yml`.
        consent: which addresses may be contacted because the project names them. Default: those the user
            has agreed to before.

    Raises:
        ScaffoldError: the project or its template cannot be used.
    """
    project = opened(folder)
    with scratch() as work:
        templates = Templates(work, consent or Consent())
        templates.base(project)
        view = View(project, work)
        with closing(templates.template(project)) as template:
            render_recorded(template, project, work / "render")
        found = view.beside(work / "render")
        return OwnChanges(project, difference(bare(found.repository), found.rendered, found.present))
