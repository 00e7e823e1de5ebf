"""A project beside a fresh render of its own version and answers."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from scaffold.errors import ScaffoldError, update_unfinished
from scaffold.git.run import bare, borrow_objects, missing_object
from scaffold.git.view import filtered
from scaffold.project.record import Project, look_at, open_project
from scaffold.project.unfinished import is_unfinished
from scaffold.template.source import TEMPLATE_ADDRESS, Template
from scaffold.template.trust import Consent
from scaffold.template.upgrade import base_release, releases_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scaffold.git.run import Git
    from scaffold.template.releases import Releases

# The mode that the index gives a submodule.
_SUBMODULE = "160000 "


@dataclass(frozen=True)
class Comparison:
    """A project beside a fresh render of its own version and answers.

    Attributes:
        releases: the releases of its template.
        repository: scratch repository with both trees.
        rendered: tree of the fresh render.
        present: tree of the tracked files as they lie in the project now.
    """

    project: Project
    releases: Releases
    repository: Path
    rendered: str
    present: str

    def names(self, letter: str) -> tuple[str, ...]:
        """Return the files that git's status letter (M, D, A, T) describes, render to project."""
        git = bare(self.repository)
        listed = git.output(
            "diff-tree", "-r", "-z", "--no-renames", "--name-only", f"--diff-filter={letter}",
            self.rendered, self.present,
        )  # fmt: skip
        return tuple(name for name in listed.split("\0") if name)


@contextmanager
def compared(folder: Path, consent: Consent | None = None) -> Iterator[Comparison]:
    """Render a project afresh and store it beside the project as it is.

    Raises:
        ScaffoldError: the project or its template cannot be used.
    """
    from scaffold.template.render import render

    project = _opened(folder)
    (consent or Consent()).require(project.address)
    with TemporaryDirectory(prefix="scaffold-status-", ignore_cleanup_errors=True) as scratch:
        work = Path(scratch)
        git = look_at(project, work / "view.git")
        found = releases_of(project.address, work)
        ref = base_release(project, found)
        folder, ours = found.export(ref, work / "template"), project.address == TEMPLATE_ADDRESS
        template = Template(folder, project.address, project.version, ours=ours)
        with closing(template):
            render(template, project.typed_answers, work / "render")
        store = _Store(git, work / "store.git")
        yield Comparison(project, found, store.folder, store.of_folder(work / "render"), store.of_project())


def _opened(folder: Path) -> Project:
    """Open a project, or tell that an update died while it wrote the project's record."""
    try:
        return open_project(folder)
    except ScaffoldError:
        if not is_unfinished(folder):
            raise
        raise update_unfinished(folder) from None


class _Store:
    """A scratch repository that borrows the objects of a view of the project."""

    def __init__(self, project: Git, folder: Path) -> None:
        self.project, self.folder = project, folder
        folder.mkdir()
        bare(folder).output("init", "--quiet", "--bare", f"--object-format={project.object_format()}")
        borrow_objects(folder, project.path_of("objects"))

    def of_folder(self, folder: Path) -> str:
        """Store a folder and return its tree."""
        return bare(self.folder).stored(folder, self.folder / "render.index")

    def of_project(self) -> str:
        """Store the project's tracked files as they lie there now, and return their tree.

        The project's own index and objects are left alone: the view has its own.
        """
        git, prefix = self.project.top(), self.project.prefix()
        submodules = self._prepare(git, prefix or ".")
        git.output("add", "--update", "--", prefix or ".")
        _put(git, submodules)
        return git.output("write-tree", *((f"--prefix={prefix}",) if prefix else ()))

    def _prepare(self, git: Git, folder: str) -> list[str]:
        """Take submodules out of the index and return them; have filtered files compared by their content.

        Git would ask a submodule for its state by the submodule's own configuration. What the index holds of
        a filtered file is the filter's output, and the template renders its input.
        """
        entries = _entries(git, folder)
        submodules = [name for name, entry in entries.items() if entry.startswith(_SUBMODULE)]
        _put(git, [f"0 {missing_object(entries[name].split()[1])}\t{name}" for name in submodules])
        clean = filtered(git, [name for name, entry in entries.items() if not entry.startswith(_SUBMODULE)])
        _put(git, [entries[name] for name in clean])
        return [entry for entry in entries.values() if entry.startswith(_SUBMODULE)]


def _entries(git: Git, folder: str) -> dict[str, str]:
    """Return the entries of the index for a folder by name, as `update-index` takes them back.

    Those that no person has checked out (sparse checkouts) or resolved (conflicts) are left out.
    """
    listed = git.output("ls-files", "--stage", "-t", "-z", "--", folder).split("\0")
    entries = [entry[2:] for entry in listed if entry.startswith("H ")]
    return {entry.partition("\t")[2]: entry for entry in entries}


def _put(git: Git, entries: list[str]) -> None:
    if entries:
        git.output("update-index", "-z", "--index-info", stdin=os.fsencode("\0".join(entries) + "\0"))
