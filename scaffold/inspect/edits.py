"""What owners have edited: each project beside a fresh render, several at a time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, TypeAlias

from scaffold.errors import ScaffoldError, no_repository
from scaffold.git.run import GitError
from scaffold.inspect.comparison import View
from scaffold.template.confined import Confined
from scaffold.template.render import render_recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scaffold.inspect.templates import Templates
    from scaffold.project.record import Project
    from scaffold.template.source import Template

# How many renders one process does: its processor time is limited.
_RENDERS_OF_A_PROCESS = 20


@dataclass(frozen=True)
class Edits:
    """What an owner has done to rendered files.

    Attributes:
        changed: files with other content, or of another kind.
        deleted: files that are gone.
    """

    changed: tuple[str, ...]
    deleted: tuple[str, ...]


# One result for each project, by its folder.
_Results: TypeAlias = "dict[Path, Edits | ScaffoldError]"


@dataclass(frozen=True)
class _Group:
    """Projects with the same release and the same answers: one render serves them all."""

    template: Template
    projects: list[Project]


def find_edits(projects: Sequence[Project], templates: Templates, work: Path) -> list[Edits | ScaffoldError]:
    """Compare each project with a fresh render of its own release and answers; nothing of them is changed.

    Args:
        projects: the projects.
        templates: where their templates are.
        work: an existing private folder for scratch files.

    Returns:
        One result for each project, in the same order.
    """
    groups = _groups(projects, templates)
    # A single one in this process: another process would have to load Copier, too.
    found = _compared(groups[0], work) if len(groups) == 1 else _in_parallel(groups, work)
    return [found[project.folder] for project in projects]


def _groups(projects: Sequence[Project], templates: Templates) -> list[_Group]:
    groups: dict[tuple[str, str, str], _Group] = {}
    for project in projects:
        # The record holds plain values only, so that equal texts are equal answers.
        key = (project.address, project.version, repr(sorted(project.typed_answers.items())))
        if key not in groups:
            groups[key] = _Group(templates.template(project), [])
        groups[key].projects.append(project)
    return list(groups.values())


def _in_parallel(groups: list[_Group], work: Path) -> _Results:
    """Compare groups of projects, with one process that renders for each processor."""
    workers, stop = os.cpu_count() or 1, Event()
    tasks = [(portion, Confined(portion[0].template.address)) for portion in _portions(groups, workers)]
    found: _Results = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            for results in pool.map(lambda task: _of_portion(task[0], task[1], stop, work), tasks):
                found |= results
        except BaseException:
            # Ctrl-C must not wait for what has not begun, nor for a render.
            stop.set()
            for _, confined in tasks:
                confined.close()
            raise
    return found


def _portions(groups: list[_Group], workers: int) -> Iterator[list[_Group]]:
    """Part the groups into lists of one template address each, enough of them for all workers."""
    size = max(1, min(_RENDERS_OF_A_PROCESS, -(-len(groups) // workers)))
    for address in dict.fromkeys(group.template.address for group in groups):
        alike = [group for group in groups if group.template.address == address]
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def _of_portion(groups: list[_Group], confined: Confined, stop: Event, work: Path) -> _Results:
    found: _Results = {}
    with closing(confined):
        for group in groups:
            if not stop.is_set():
                # Copier is not made for threads: also our own template is rendered in a process of its own.
                found |= _compared(replace(group, template=replace(group.template, ours=False, shared=confined)), work)
    return found


def _compared(group: _Group, work: Path) -> _Results:
    """Compare the projects of a group with one render, and remove what was written for that."""
    with TemporaryDirectory(dir=work, ignore_cleanup_errors=True) as folder:
        places = {project.folder: Path(folder, str(number)) for number, project in enumerate(group.projects)}
        views = {project.folder: _view(project, places[project.folder]) for project in group.projects}
        render = Path(folder, "render")
        usable = any(isinstance(view, View) for view in views.values())
        failure = _rendered(group, render) if usable else None
        return {path: _edits(path, failure or view, render) for path, view in views.items()}


def _view(project: Project, work: Path) -> View | ScaffoldError:
    work.mkdir()
    try:
        return View(project, work)
    except ScaffoldError as error:
        return error


def _rendered(group: _Group, into: Path) -> ScaffoldError | None:
    """Render for a group; returns the error that all of its projects share, if there is one."""
    try:
        with closing(group.template) as template:
            render_recorded(template, group.projects[0], into)
    except ScaffoldError as error:
        return error
    return None


def _edits(folder: Path, view: View | ScaffoldError, render: Path) -> Edits | ScaffoldError:
    if isinstance(view, ScaffoldError):
        return view
    try:
        found = view.beside(render)
        return Edits(found.names("M") + found.names("T"), found.names("D"))
    except GitError as error:
        return no_repository(folder, error)
