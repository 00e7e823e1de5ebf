"""`--branch` and `--commit`: an update on a branch of its own, in the owner's name and past their hooks."""

from __future__ import annotations

import json
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.git.run import applying
from scaffold.update.branch import new_branch
from scaffold.update.update import update_project
from tests.support.command import git, scaffold
from tests.support.command import start as start_command
from tests.support.template_repository import commit, lines, start, state, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that a release waits for."""
    folder = tmp_path_factory.mktemp("made")
    history = start(folder / "template")
    history.release("v1.0.0", {"a.txt": lines(*range(20))})
    history.release("v1.1.0", {"a.txt": lines(*range(21)), "b.txt": "b\n"})
    return history.project(folder / "project", "v1.0.0")


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return copytree(made, tmp_path / "project")


def hook(project: Path, text: str) -> None:
    path = project / ".git/hooks/pre-commit"
    write(project, {".git/hooks/pre-commit": f"#!/bin/sh\n{text}\n"})
    path.chmod(0o755)


def test_the_update_is_committed_on_a_new_branch(project: Path) -> None:
    main = git("branch", "--show-current", cwd=project)
    done = scaffold("update", "--yes", "--json", "--branch", "template/v1.1.0", "--commit", cwd=project)
    said = json.loads(done.stdout)
    assert (said["branch"], said["commit"]) == ("template/v1.1.0", git("rev-parse", "HEAD", cwd=project))
    assert git("log", "--format=%an %s", f"{main}..", cwd=project) == "Somebody Update the template to v1.1.0"
    assert git("status", "--porcelain", cwd=project) == ""


@pytest.mark.parametrize("name", ["taken", "taken/below", "-x", "a..b", ""])
def test_a_branch_that_cannot_be_made_changes_nothing(project: Path, name: str) -> None:
    git("branch", "taken", cwd=project)
    before, branch = state(project), git("branch", "--show-current", cwd=project)
    with pytest.raises(ScaffoldError) as refused, new_branch(applying(project), name):
        pass
    assert refused.value.code == "branch-refused"
    assert (state(project), git("branch", "--show-current", cwd=project)) == (before, branch)


def test_a_refused_update_leaves_no_branch(project: Path) -> None:
    write(project, {"b.txt": "mine\n"})
    branch = git("branch", "--show-current", cwd=project)
    with pytest.raises(ScaffoldError, match=r"b\.txt"):
        update_project(project, branch="update")
    assert git("branch", "--format=%(refname:short)", cwd=project) == branch


def test_a_hook_that_refuses_is_quoted_and_the_update_stays_staged(project: Path) -> None:
    hook(project, "echo 'the linter found a mistake' >&2; exit 1")
    done = scaffold("update", "--yes", "--commit", cwd=project)
    assert done.returncode == 4
    assert "git did not commit it: the linter found a mistake" in done.stderr
    assert "--abort" in done.stderr
    assert "b.txt" in git("diff", "--cached", "--name-only", cwd=project).splitlines()
    assert scaffold("update", "--abort", cwd=project).returncode == 0
    assert git("status", "--porcelain", cwd=project) == ""


@pytest.mark.matrix
def test_a_hook_that_agrees_has_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Somebody")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "somebody@example.com")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "somebody@example.com")
    hook(project, "touch .git/has-run")
    assert update_project(project, commit=True).commit == git("rev-parse", "HEAD", cwd=project)
    assert (project / ".git/has-run").exists()


def test_conflicts_are_not_committed(project: Path) -> None:
    write(project, {"a.txt": lines(*range(20)) + "mine\n"})
    head = commit(project)
    assert update_project(project, commit=True).commit == ""
    assert git("rev-parse", "HEAD", cwd=project) == head


@pytest.mark.matrix
def test_a_commit_holds_nothing_but_the_update(made: Path, tmp_path: Path) -> None:
    project = copytree(made, tmp_path / "top/service")
    (project / ".git").rename(tmp_path / "top/.git")
    write(tmp_path / "top", {"service/a.txt": lines(*range(20)), "other.txt": "other\n"})
    git("add", "--all", cwd=tmp_path / "top")
    git("commit", "-qm", "move", cwd=tmp_path / "top")
    write(tmp_path / "top", {"other.txt": "staged\n"})
    git("add", "--all", cwd=tmp_path / "top")
    before = state(tmp_path / "top")
    with pytest.raises(ScaffoldError, match=r"other\.txt"):
        update_project(project, commit=True)
    assert state(tmp_path / "top") == before


def test_an_interruption_while_a_hook_of_the_commit_runs_takes_the_update_back(project: Path) -> None:
    before, branch = state(project), git("branch", "--show-current", cwd=project)
    # The command is the parent of the git that runs the hook.
    hook(project, "kill -INT $(ps -o ppid= -p $PPID); sleep 20")
    command = start_command("update", "--yes", "--branch", "template", "--commit", cwd=project)
    _, complaints = command.communicate(timeout=300)
    assert (command.returncode, b"Traceback" in complaints) == (130, False)
    (project / ".git/hooks/pre-commit").unlink()
    assert (state(project), git("branch", "--show-current", cwd=project)) == (before, branch)
    assert git("branch", "--list", "template", cwd=project) == ""
    assert scaffold("update", "--yes", "--commit", cwd=project).returncode == 0


def test_an_interruption_while_npm_looks_at_the_lockfile_takes_the_update_back(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scaffold.update.update._confirmed", interrupt)
    before = state(project)
    with pytest.raises(KeyboardInterrupt):
        update_project(project)
    assert state(project) == before
