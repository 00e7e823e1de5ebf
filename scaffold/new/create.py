"""Create a project."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from subprocess import DEVNULL
from tempfile import gettempdir
from typing import TYPE_CHECKING, TypeAlias

from scaffold.errors import cannot_create, wrong_usage
from scaffold.files.staging import check_free, move_into_place, parent_folder, remove_stale, scratch, staging
from scaffold.new.beside import IGNORE_FILE, REPOSITORY, Shared, may_stay, share, withdraw
from scaffold.new.first_commit import GitResult, enclosing_repository, first_commit
from scaffold.new.npm_install import install_packages
from scaffold.project.env_file import ENV_FILE, write_environment_file
from scaffold.template import trust
from scaffold.template.source import open_template, version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from scaffold.questions.question import Answers
    from scaffold.template.source import Template

Progress: TypeAlias = "Callable[[str], None]"


@dataclass(frozen=True)
class ProjectFile:
    """One file of a project.

    Attributes:
        path: relative to the project, with forward slashes.
        size: in bytes.
    """

    path: str
    size: int


@dataclass(frozen=True)
class CreateResult:
    """What was created, or would be.

    Attributes:
        path: the project, an absolute path.
        dry_run: nothing was written.
        answers: the answers it was rendered with.
        files: every file of it that was written, `.env` included, in order; neither git's nor npm's.
        template_address: where updates will look for the template.
        template_version: version of the template; None when it has none.
        git: what became of the repository.
        installed: its packages are installed.
        kept: files that the folder had before and that stay as they are, although the project has its own version.
        notes: what the user should know, one sentence or two each.
    """

    path: Path
    dry_run: bool
    answers: Answers
    files: tuple[ProjectFile, ...]
    template_address: str
    template_version: str | None
    git: GitResult = field(default_factory=GitResult)
    installed: bool = False
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreateOptions:
    """What to do besides rendering.

    Attributes:
        git: make a repository and a first commit.
        install: install the packages with npm.
        dry_run: write nothing at all.
        output: file descriptor for what npm prints.
        progress: is told each step when it is done.
    """

    git: bool = True
    install: bool = False
    dry_run: bool = False
    output: int = DEVNULL
    progress: Progress = field(default=lambda _: None)


def create_project(  # noqa: PLR0913 - the options of the command, by name
    destination: str | os.PathLike[str],
    answers: Mapping[str, object] | None = None,
    *,
    template: str | None = None,
    ref: str | None = None,
    git: bool = True,
    install: bool = False,
    dry_run: bool = False,
) -> CreateResult:
    """Create a project. Nothing is printed; on any failure nothing is left behind.

    The user's own file of defaults is not read: a program gets the same project on every machine.

    Args:
        destination: new, empty, or with nothing but the files of a fresh clone (`.git`, README, LICENSE and the
            like), which are not overwritten; missing parents are made.
        answers: answers by name of the question; the template's defaults answer the rest. The default of
            `project_name` is the folder's name.
        template: git URL or folder of another template. It is remembered as one that the user agreed to
            contact. Default: the template that comes with Scaffold.
        ref: tag, branch or commit of it. Default: its newest version.
        git: make a repository and a first commit. Default: True.
        install: install the packages with npm. Default: False.
        dry_run: tell what would be created and write nothing. Default: False.

    Returns:
        What was created.

    Raises:
        AnswerErrors: every missing, wrong or unknown answer at once.
        ScaffoldError: anything else that is the matter; its `code` says what.
    """
    options = CreateOptions(git=git, install=install, dry_run=dry_run)
    with open_template(template, ref) as source:
        questionnaire = source.questionnaire()
        questionnaire.for_folder(folder_name(destination))
        resolved = questionnaire.resolve(answers or {}, defaults=True)
        result = create(resolve_destination(destination), source, resolved, options)
    return remembering(result) if template else result


def folder_name(destination: str | os.PathLike[str]) -> str:
    """Return the name that the folder of a project has or will have; empty when the destination is none."""
    return "" if "\0" in os.fspath(destination) else Path(os.path.realpath(destination)).name


def resolve_destination(destination: str | os.PathLike[str]) -> Path:
    """Return the absolute path of a destination, links resolved.

    Raises:
        ScaffoldError: `usage`, `destination-not-empty`, `destination-not-a-folder` or `cannot-write`.
    """
    if not os.fspath(destination) or "\0" in os.fspath(destination):
        raise wrong_usage("DEST is not a valid folder name.", "Name the folder to create, e.g. `scaffold new my-api`.")
    path = Path(os.path.realpath(destination))
    with _disk_problems(path):
        remove_stale(path)
        check_free(path, may_stay)
    return path


def create(destination: Path, template: Template, answers: Answers, options: CreateOptions) -> CreateResult:
    """Create a project from a template that is at hand and answers that are complete.

    Args:
        destination: absolute path from `resolve_destination`.
        template: from `open_template`.
        answers: what `Questionnaire.resolve` returned.
        options: what to do besides rendering.

    Raises:
        ScaffoldError: nothing was created, and nothing is left behind.
    """
    if options.dry_run:
        elsewhere = Path(gettempdir())
        with _disk_problems(elsewhere), scratch() as folder:
            return _rendered(folder / "project", destination, template, answers, options)[0]
    with _disk_problems(destination), parent_folder(destination) as parent, staging(parent) as folder:
        project = folder / destination.name
        result, shared = _rendered(project, destination, template, answers, options)
        result = _with_packages(project, _with_repository(project, result, options), options)
        withdraw(project, shared)
        move_into_place(project, destination, shared.extended)
    return result


def remembering(result: CreateResult) -> CreateResult:
    """Remember the template's address, which the user has named: the project may be updated from there."""
    if result.dry_run or result.template_version is None:
        return result
    return _with_note(result, trust.agree(result.template_address))


def _rendered(
    project: Path, destination: Path, template: Template, answers: Answers, options: CreateOptions
) -> tuple[CreateResult, Shared]:
    from scaffold.template.render import render

    paths = list(render(template, answers, project))
    options.progress(f"Rendered {len(paths)} files")
    if write_environment_file(project):
        paths.append(ENV_FILE)
        options.progress(f"Wrote {ENV_FILE} with fresh secrets")
    shared = share(project, destination)
    result = CreateResult(
        path=destination,
        dry_run=options.dry_run,
        answers=answers,
        files=_files(project, set(paths), shared),
        template_address=template.address,
        template_version=template.version,
        kept=shared.kept,
        notes=shared.notes,
    )
    return result, shared


def _files(project: Path, paths: set[str], shared: Shared) -> tuple[ProjectFile, ...]:
    if os.path.lexists(project / IGNORE_FILE):
        paths.add(IGNORE_FILE)
    written = sorted(paths.difference(shared.kept))
    return tuple(ProjectFile(path, (project / path).lstat().st_size) for path in written)


def _with_repository(project: Path, result: CreateResult, options: CreateOptions) -> CreateResult:
    if not options.git:
        return result
    if os.path.lexists(result.path / REPOSITORY):
        note = "The folder is a git repository already, so Scaffold committed nothing."
        return _with_note(result, f"{note} Next: git add -A && git commit -m 'Create the project'")
    outer = enclosing_repository(result.path)
    if outer:
        note = f"The project lies in the git repository {outer}, so it did not become one of its own."
        return _with_note(result, note)
    git, problem = first_commit(project, f"Create the project with Scaffold {version()}")
    if git.commit:
        options.progress("Made the first commit")
    return replace(_with_note(result, problem), git=git)


def _with_packages(project: Path, result: CreateResult, options: CreateOptions) -> CreateResult:
    if not options.install:
        return result
    options.progress("Installing packages with npm ci")
    problem = install_packages(project, options.output)
    return replace(_with_note(result, problem), installed=problem is None)


def _with_note(result: CreateResult, note: str | None) -> CreateResult:
    return replace(result, notes=(*result.notes, note)) if note else result


@contextmanager
def _disk_problems(folder: Path) -> Iterator[None]:
    """Turn what the disk says (full, read-only, not ours, name too long) into our kind of error."""
    try:
        yield
    except OSError as error:
        raise cannot_create(folder, error.strerror or str(error)) from error
