"""`scaffold update --abort` takes back an update that is not committed, and never an edit of the owner's."""

from __future__ import annotations

import json
from shutil import copytree, rmtree
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.git.run import GitError
from scaffold.update.abort import take_back
from scaffold.update.update import update_project
from tests.support.command import git, scaffold
from tests.support.template_repository import History, commit, lines, start, state, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A template whose next release adds, changes, renames and removes files; with a project of the first one."""
    history = start(tmp_path_factory.mktemp("history") / "template")
    first = {"a.txt": lines(*range(20)), "gone/deep.txt": "gone\n", "old.txt": lines(*range(9)), ".gitignore": ".env\n"}
    history.release("v1.0.0", {**first, ".env.example": "PORT=3000\n"})
    second = {"a.txt": lines(*range(21)), "gone/deep.txt": None, "old.txt": None, "new.txt": lines(*range(9))}
    history.release("v1.1.0", {**second, "more/b.txt": "b\n", ".env.example": "PORT=3000\nKEY=\n"})
    history.project(history.folder.with_name("project"), "v1.0.0")
    return history


@pytest.fixture
def project(history: History, tmp_path: Path) -> Path:
    return copytree(history.folder.with_name("project"), tmp_path / "project")


def aborted(project: Path) -> str:
    """Take the update back and return the code of the refusal, empty if it is taken back."""
    try:
        take_back(project)
    except ScaffoldError as error:
        return error.code
    return ""


@pytest.mark.parametrize("mine", ["", "mine\n"], ids=["clean", "conflict"])
def test_files_index_and_folders_are_as_before(project: Path, mine: str) -> None:
    write(project, {"a.txt": lines(*range(20)) + mine, "own.txt": "own\n"})
    commit(project)
    write(project, {"untracked.txt": "untracked\n"})
    before = state(project)
    assert bool(update_project(project).plan.joined.conflicts) == bool(mine)
    assert state(project) != before
    assert aborted(project) == ""
    assert state(project) == before
    assert not (project / "more").exists()
    assert aborted(project) == "nothing-to-abort"


def test_an_edit_after_the_update_is_never_lost(project: Path) -> None:
    update_project(project)
    for name in ("a.txt", "more/b.txt", "gone/deep.txt"):
        updated = (project / name).read_bytes() if (project / name).exists() else None
        write(project, {name: "mine\n"})
        before = state(project)
        with pytest.raises(ScaffoldError, match=name) as refused:
            take_back(project)
        assert refused.value.code == "edited-since-update"
        assert state(project) == before
        git("add", "--all", cwd=project)
        staged = state(project)
        assert aborted(project) == "edited-since-update"
        assert state(project) == staged
        write(project, {name: updated})
        git("add", "--all", cwd=project)


@pytest.mark.matrix
def test_a_resolved_conflict_counts_as_an_edit_until_it_is_undone(project: Path) -> None:
    write(project, {"a.txt": lines(*range(20)) + "mine\n"})
    commit(project)
    before = state(project)
    update_project(project)
    write(project, {"a.txt": lines(*range(21)) + "mine\n"})
    git("add", "a.txt", cwd=project)
    assert aborted(project) == "edited-since-update"
    git("restore", "--staged", "--worktree", "--source=HEAD", "a.txt", cwd=project)
    assert aborted(project) == ""
    assert state(project) == before


def test_an_edit_elsewhere_stays(project: Path) -> None:
    write(project, {"own.txt": "own\n"})
    commit(project)
    update_project(project)
    write(project, {"own.txt": "edited\n", "staged.txt": "staged\n"})
    git("add", "staged.txt", cwd=project)
    assert aborted(project) == ""
    assert git("status", "--porcelain", cwd=project).split() == ["M", "own.txt", "A", "staged.txt"]


def test_after_a_commit_or_an_undo_by_hand_there_is_nothing_to_take_back(project: Path) -> None:
    update_project(project)
    git("reset", "--quiet", "--hard", cwd=project)
    assert aborted(project) == "nothing-to-abort"
    update_project(project)
    head = commit(project)
    assert aborted(project) == "nothing-to-abort"
    assert git("rev-parse", "HEAD", cwd=project) == head


@pytest.mark.matrix
def test_the_branch_of_the_update_goes_with_it(project: Path) -> None:
    git("switch", "--quiet", "-c", "work", cwd=project)
    update_project(project, branch="update")
    assert git("branch", "--show-current", cwd=project) == "update"
    assert aborted(project) == ""
    assert git("branch", "--list", "--format=%(refname:short) %(HEAD)", "work", "update", cwd=project) == "work *"


@pytest.mark.matrix
def test_one_of_two_projects_in_a_repository_is_taken_back(history: History, tmp_path: Path) -> None:
    top = tmp_path / "top"
    for name in ("one", "two"):
        copytree(history.folder.with_name("project"), top / name)
        rmtree(top / name / ".git")
    git("init", "--quiet", cwd=top)
    commit(top)
    update_project(top / "one")
    staged = git("diff", "--cached", "--name-only", cwd=top)
    update_project(top / "two")
    take_back(top / "two")
    assert git("diff", "--cached", "--name-only", cwd=top) == staged
    take_back(top / "one")
    assert git("status", "--porcelain", cwd=top) == ""


def test_an_abort_that_fails_leaves_the_update_as_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, {"a.txt": lines(*range(20)) + "mine\n"})
    commit(project)
    update_project(project)
    before = state(project)

    def fail(*_: object) -> None:
        raise GitError("No space left on device")

    monkeypatch.setattr("scaffold.update.apply.require_gone", fail)
    with pytest.raises(ScaffoldError) as refused:
        take_back(project)
    assert refused.value.code == "cannot-write"
    assert state(project) == before


def test_the_next_steps_that_an_update_prints_work(project: Path) -> None:
    write(project, {".env": "PORT=3000\n"})
    printed = scaffold("update", "--yes", cwd=project).stdout
    assert "set KEY in .env, or: scaffold update --add-settings" in printed
    assert scaffold("update", "--add-settings", "--dry-run", cwd=project).returncode == 4
    assert (project / ".env").read_text() == "PORT=3000\n"
    said = json.loads(scaffold("update", "--add-settings", "--json", cwd=project).stdout)
    assert said["settings_added"] == ["KEY"]
    assert (project / ".env").read_text() == "PORT=3000\nKEY=\n"
    assert "or take it all back: scaffold update --abort" in printed
    assert scaffold("update", "--abort", cwd=project).returncode == 0
    assert git("status", "--porcelain", cwd=project) == ""
    assert scaffold("update", "--abort", "--ref", "v1.1.0", cwd=project).returncode == 2


@pytest.mark.parametrize(
    "planted",
    [
        {"target": "--output={file}"},
        {"target": ["HEAD"]},
        {"branch": "main", "previous": "refs/../../{file}"},
        {"missing_settings": "KEY"},
    ],
)
def test_what_an_unpacked_archive_says_about_an_update_gives_git_no_options(
    project: Path, tmp_path: Path, planted: dict[str, object]
) -> None:
    file = tmp_path / "written"
    update_project(project)
    path = project / ".git/scaffold-update.applied"
    [[prefix, honest]] = json.loads(path.read_text()).items()
    lies = {name: value.format(file=file) if isinstance(value, str) else value for name, value in planted.items()}
    path.write_text(json.dumps({prefix: honest | lies}))
    before = state(project)
    assert aborted(project) == "nothing-to-abort"
    assert (file.exists(), state(project)) == (False, before)
