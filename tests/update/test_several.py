"""`scaffold update` of several projects: each as if it were alone, and the exit code of the worst."""

from __future__ import annotations

import json
import signal
from shutil import copytree, rmtree
from typing import TYPE_CHECKING

import pytest

from tests.support.command import git, scaffold
from tests.support.command import start as start_command
from tests.support.template_repository import commit, lines, start, write

if TYPE_CHECKING:
    from pathlib import Path


def test_each_project_is_updated_and_named_and_the_highest_exit_code_wins(tmp_path: Path) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": lines(*range(20)), "gone.txt": "gone\n"})
    history.release("v1.1.0", {"a.txt": lines(*range(21)), "gone.txt": None})
    plain = history.project(tmp_path / "plain", "v1.0.0")
    conflict, edited = (copytree(plain, tmp_path / name) for name in ("conflict", "edited"))
    newest = history.project(tmp_path / "newest", "v1.1.0")
    write(conflict, {"a.txt": lines(*range(20)) + "mine\n"})
    write(edited, {"gone.txt": "mine\n"})
    commit(conflict)
    commit(edited)
    projects = ("plain", "conflict", "edited", "newest", "nothing", "plain")
    dry = scaffold("update", "--jobs", "2", "--dry-run", *projects, cwd=tmp_path)
    assert (dry.returncode, len(dry.stdout.splitlines())) == (4, 5)
    assert not git("status", "--porcelain", cwd=plain)
    done = scaffold("update", "--jobs", "2", "--commit", "--json", *projects, cwd=tmp_path)
    said = json.loads(done.stdout)["projects"]
    assert (done.returncode, [one["exit_code"] for one in said]) == (4, [0, 3, 4, 0, 2])
    assert [one["project"] for one in said] == ["plain", "conflict", "edited", "newest", "nothing"]
    assert said[0]["commit"] == git("rev-parse", "HEAD", cwd=plain)
    assert [said[number]["error"]["code"] for number in (2, 4)] == ["edited-files-would-go", "not-a-project"]
    assert said[3]["up_to_date"]
    assert not git("status", "--porcelain", cwd=newest)
    lined = scaffold("update", "conflict", "plain", "--abort", cwd=tmp_path)
    assert "conflict: the update to v1.1.0 is taken back" in lined.stdout
    assert "plain: nothing-to-abort" in lined.stdout
    assert not git("status", "--porcelain", cwd=conflict)


@pytest.mark.matrix
def test_projects_of_one_repository_are_updated_one_after_the_other(tmp_path: Path) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": lines(*range(20))})
    history.release("v1.1.0", {"a.txt": lines(*range(21))})
    top, names = tmp_path / "top", ("one", "two", "three")
    project = history.project(tmp_path / "project", "v1.0.0")
    rmtree(project / ".git")
    for name in names:
        copytree(project, top / name)
    git("init", "--quiet", cwd=top)
    commit(top)
    done = scaffold("update", "--jobs", "3", "--defaults", *names, cwd=top)
    assert done.returncode == 0, done.stdout
    assert all((top / name / "a.txt").read_text() == lines(*range(21)) for name in names)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_each_project_updated_or_as_it_was(tmp_path: Path, number: signal.Signals) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": lines(*range(20))})
    history.release("v1.1.0", {"a.txt": lines(*range(21))})
    plain = history.project(tmp_path / "0", "v1.0.0")
    projects = [plain, *(copytree(plain, tmp_path / str(number)) for number in range(1, 8))]
    process = start_command("update", "--jobs", "2", "--commit", *projects, cwd=tmp_path)
    assert process.stdout
    first = process.stdout.readline()
    process.send_signal(number)
    printed, complaints = process.communicate(timeout=60)
    assert process.returncode == 128 + number, complaints
    assert b"Traceback" not in complaints
    updated = [project for project in projects if (project / "a.txt").read_text() == lines(*range(21))]
    assert b"committed" in first
    assert 1 <= len(updated) < len(projects), printed
    for project in projects:
        assert git("status", "--porcelain", cwd=project) == ""
        assert len(git("log", "--format=%h", cwd=project).splitlines()) == 1 + (project in updated)
        assert not (project / ".git/scaffold-update.json").exists()
