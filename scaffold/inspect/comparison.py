"""A project beside a fresh render of its own version and answers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.git.run import bare, borrow_objects, missing_object
from scaffold.git.view import filtered
from scaffold.project.record import look_at

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.git.run import Git
    from scaffold.project.record import Project

# The mode that the index gives a submodule.
_SUBMODULE = "160000 "


@dataclass(frozen=True)
class Comparison:
    """A project beside a fresh render of its own version and answers.

    Attributes:
        repository: scratch repository with both trees.
        rendered: tree of the fresh render.
        present: tree of the tracked files as they lie in the project now.
    """

    repository: Path
    rendered: str
    present: str

    def names(self, letters: str) -> tuple[str, ...]:
        """Return the files that git's status letters (M, D, A, T) describe, render to project."""
        git = bare(self.repository)
        listed = git.output(
            "diff-tree", "-r", "-z", "--no-renames", "--name-only", f"--diff-filter={letters}",
            self.rendered, self.present,
        )  # fmt: skip
        return tuple(name for name in listed.split("\0") if name)


class View:
    """A project as it lies there, ready to be compared with a render."""

    def __init__(self, project: Project, work: Path) -> None:
        """Look at a project; refuse it before anything is rendered for it.

        Args:
            project: the project.
            work: an existing folder for scratch files.

        Raises:
            ScaffoldError: `no-git`, `no-repository` or `no-commit`.
        """
        self._git, self._work = look_at(project, work / "view.git"), work

    def beside(self, render: Path) -> Comparison:
        """Store the project and a render of its own version and answers in a scratch repository.

        Raises:
            GitError: git failed.
        """
        store = _Store(self._git, self._work / "store.git")
        return Comparison(store.folder, store.of_folder(render), store.of_project())


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
