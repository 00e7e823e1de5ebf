"""A project that exists: where it came from and what was answered."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.errors import dirty_tree, no_commit, no_git, no_repository, not_a_project, project_unreadable
from scaffold.git.run import Git, GitError, applying, disk_is_full
from scaffold.git.view import filtered, find, view
from scaffold.questions.question import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from scaffold.questions.question import Answers

ANSWERS_FILE = ".copier-answers.yml"


@dataclass(frozen=True)
class Project:
    """A rendered project.

    Attributes:
        folder: absolute path of its folder.
        address: where its template lives, as recorded when it was rendered.
        version: the release it was rendered from, for example `v0.1.0`.
        answers: the recorded answers, of whatever types the file holds.
    """

    folder: Path
    address: str
    version: str
    answers: Mapping[str, object]

    @property
    def typed_answers(self) -> Answers:
        """The recorded answers that are of a type an answer can have."""
        return {name: value for name, value in self.answers.items() if isinstance(value, str | bool)}

    @property
    def git(self) -> Git:
        """Git that changes the project; to look at it there is `look_at`."""
        return applying(self.folder)


def open_project(folder: Path) -> Project:
    """Read the record that Scaffold and Copier leave in a project.

    Raises:
        ScaffoldError: `not-a-project` or `project-unreadable`.
    """
    path = folder / ANSWERS_FILE
    if not path.is_file():
        raise not_a_project(folder, ANSWERS_FILE)
    if path.is_symlink():
        raise project_unreadable(path, "it is a link")
    record = _read(path)
    address, version = record.get("_src_path"), record.get("_commit")
    if isinstance(version, int | float):
        version = _digits(path)
    if not isinstance(address, str) or not isinstance(version, str):
        raise project_unreadable(path, "it does not say which template and version it was made from")
    answers = {name: value for name, value in record.items() if name not in RESERVED}
    return Project(folder.resolve(), address, version, answers)


def look_at(project: Project, into: Path) -> Git:
    """Return git that sees the project but follows none of its configuration; see `scaffold.git.view`.

    Args:
        project: the project; git must keep it, so that nothing an update does can be lost.
        into: folder to create for the view.

    Raises:
        ScaffoldError: `no-git`, `no-repository` or `no-commit`.
    """
    with _git_problems(project.folder):
        git = view(project.folder, into)
    if git.run("rev-parse", "--verify", "--quiet", "HEAD:./" + ANSWERS_FILE, check=False).returncode:
        raise no_commit(ANSWERS_FILE)
    return git


def repository_of(folder: Path) -> Git:
    """Return git that changes a project whose record may be half written, in conflict or missing.

    Raises:
        ScaffoldError: `not-a-project`, `no-git` or `no-repository`.
    """
    if not folder.is_dir():
        raise not_a_project(folder, ANSWERS_FILE)
    with _git_problems(folder):
        find(folder)
    return applying(folder.resolve())


@contextmanager
def _git_problems(folder: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise no_git() from None
    except GitError as error:
        if disk_is_full(error):
            raise
        raise no_repository(folder, error) from error


def require_clean(git: Git) -> None:
    """Check that every tracked file of the project is as committed.

    A file with a filter is not judged here, where no filter runs: applying an update looks again.

    Args:
        git: what `look_at` returned.

    Raises:
        ScaffoldError: `dirty-tree`, naming some of them.
    """
    # Git would ask a submodule for its state by its own configuration; its commit can be compared without.
    quietly = ("--untracked-files=no", "--ignore-submodules=dirty", "--no-renames")
    status = git.output("status", "--porcelain", "-z", *quietly, "--", ".")
    # Two letters of state and a blank stand before each name, which begins at the top of the repository.
    names = [entry[3:] for entry in status.split("\0") if entry]
    unjudged = filtered(git.top(), names)
    changed = [name for name in names if name not in unjudged]
    if changed:
        raise dirty_tree(changed)


def _digits(path: Path) -> str | None:
    """Return a commit of digits as it is written: until 0.3 it was written without quotes, and YAML reads a number."""
    found = re.search(r"^_commit: ([0-9e]{7,40})$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else None


def _read(path: Path) -> dict[str, object]:
    import yaml

    from scaffold.questions.answers_file import LARGEST, parsed

    try:
        if path.stat().st_size > LARGEST:
            raise project_unreadable(path, f"it is larger than {LARGEST // 1024} KiB")
        # Aliases and merge keys make gigabytes of a few lines.
        record = parsed(path.read_bytes())
    except OSError as error:
        raise project_unreadable(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise project_unreadable(path, "it is not plain YAML (a merge conflict in it?)") from error
    if not isinstance(record, dict):
        raise project_unreadable(path, "it is no list of names and values")
    return record
