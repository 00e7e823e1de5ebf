"""What an update does to files: the template's changes arrive, the owner's stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.git.run import Git
from scaffold.update.plan import UpdateRequest, plan_update
from scaffold.update.update import execute, update_project
from tests.support.template_repository import History, commit, lines, start, state, tracked, write

if TYPE_CHECKING:
    from pathlib import Path

ALL = range(1, 30)


def changed(number: int, text: str, word: str = "line") -> str:
    return lines(*ALL, word=word).replace(f"{word} {number}\n", f"{text}\n")


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = start(tmp_path / "template")
    history.release(
        "v1.0.0",
        {
            "limits.txt": lines(*ALL),
            "gone.txt": lines(*ALL, word="gone"),
            "old name.txt": lines(*ALL, word="renamed"),
            "ümlaut.txt": lines(*ALL, word="ü"),
            "start.sh": "#!/bin/sh\n",
        },
    )
    history.release(
        "v1.1.0",
        {
            "limits.txt": changed(3, "the template's limit"),
            "gone.txt": None,
            "old name.txt": None,
            "new name.txt": changed(2, "the template's", "renamed"),
            "ümlaut.txt": changed(4, "the template's", "ü"),
            "added/file.txt": "new\n",
        },
        CHANGELOG__md="# Changes\n\n## 1.1.0\n\n### What changes in your project\n\n- A new limit.\n"
        "- **Security**: the hole is closed.\n\n## 1.0.0\n",
    )
    return history


@pytest.fixture
def project(history: History, tmp_path: Path) -> Path:
    return history.project(tmp_path / "project", "v1.0.0")


def test_a_project_without_edits_equals_a_fresh_render(history: History, project: Path, tmp_path: Path) -> None:
    update_project(project)
    assert tracked(project) == tracked(history.project(tmp_path / "fresh", "v1.1.0"))


def test_edits_and_changes_in_different_places_both_arrive(project: Path) -> None:
    write(project, {"limits.txt": changed(20, "the owner's")})
    commit(project)
    result = update_project(project)
    text = (project / "limits.txt").read_text()
    assert "the owner's" in text
    assert "the template's limit" in text
    assert not result.plan.joined.conflicts


def test_an_edit_follows_a_file_that_the_template_renames(project: Path) -> None:
    write(project, {"old name.txt": changed(20, "the owner's", "renamed")})
    commit(project)
    result = update_project(project)
    assert "old name.txt" in [change.path for change in result.plan.joined.changes if change.kind == "moved"]
    text = (project / "new name.txt").read_text()
    assert "the owner's" in text
    assert "the template's" in text
    assert not (project / "old name.txt").exists()


def test_a_change_follows_a_file_that_the_owner_renamed(project: Path) -> None:
    (project / "limits.txt").rename(project / "bounds.txt")
    commit(project)
    update_project(project)
    assert "the template's limit" in (project / "bounds.txt").read_text()
    assert not (project / "limits.txt").exists()


def test_a_file_that_the_owner_deleted_stays_deleted(project: Path) -> None:
    write(project, {"limits.txt": None})
    commit(project)
    result = update_project(project)
    assert not (project / "limits.txt").exists()
    assert result.plan.joined.kept_deleted == ("limits.txt",)


def test_files_of_the_owner_and_ignored_files_are_left_alone(project: Path) -> None:
    write(project, {"own.txt": "own\n", ".gitignore": ".env\n"})
    commit(project)
    write(project, {".env": "SECRET=1\n", "untracked.txt": "later\n"})
    update_project(project)
    for name, text in (("own.txt", "own\n"), (".env", "SECRET=1\n"), ("untracked.txt", "later\n")):
        assert (project / name).read_text() == text


def test_the_same_line_changed_twice_is_a_conflict_with_both_sides(project: Path) -> None:
    write(project, {"limits.txt": changed(3, "the owner's limit")})
    commit(project)
    result = update_project(project)
    text = (project / "limits.txt").read_text()
    assert "<<<<<<< HEAD\nthe owner's limit\n=======\nthe template's limit\n>>>>>>> template-v1.1.0" in text
    assert [conflict.path for conflict in result.plan.joined.conflicts] == ["limits.txt"]
    stages = Git(project).output("ls-files", "--unmerged").splitlines()
    assert [line.split()[2] for line in stages] == ["1", "2", "3"]


@pytest.mark.parametrize("edited", ["keep", "remove"])
def test_an_edited_file_goes_only_when_its_owner_says_so(project: Path, edited: str) -> None:
    write(project, {"gone.txt": changed(5, "the owner's", "gone")})
    commit(project)
    before = state(project)
    with pytest.raises(ScaffoldError, match=r"gone\.txt") as refused:
        update_project(project)
    assert (refused.value.code, refused.value.exit_code) == ("edited-files-would-go", 4)
    assert state(project) == before
    joined = update_project(project, edited=edited).plan.joined  # type: ignore[arg-type]
    assert (project / "gone.txt").exists() == (edited == "keep")
    assert joined.removed_edited == ("gone.txt",)
    assert "gone.txt" not in [change.path for change in joined.changes]


def test_a_plan_touches_nothing(project: Path) -> None:
    before = state(project)
    with plan_update(UpdateRequest(project)) as plan:
        kinds = {change.path: change.kind for change in plan.joined.changes}
    assert kinds["added/file.txt"] == "added"
    assert kinds["limits.txt"] == "changed"
    assert kinds["gone.txt"] == "removed"
    assert [entry.security for entry in plan.entries] == [True, False]
    assert state(project) == before


def test_uncommitted_work_is_never_updated_over(project: Path) -> None:
    write(project, {"limits.txt": "not committed\n"})
    before = state(project)
    with pytest.raises(ScaffoldError, match=r"limits\.txt") as refused:
        update_project(project)
    assert refused.value.code == "dirty-tree"
    assert state(project) == before


def test_an_untracked_file_in_the_way_stops_the_update(project: Path) -> None:
    write(project, {"added/file.txt": "somebody's notes\n"})
    before = state(project)
    with pytest.raises(ScaffoldError, match=r"added/file\.txt") as refused:
        update_project(project)
    assert refused.value.exit_code == 4
    assert state(project) == before


def test_a_project_in_a_subfolder_of_a_repository(history: History, tmp_path: Path) -> None:
    top = tmp_path / "mono repository"
    write(top, {"other/README.md": "other\n"})
    history.project(top / "services/api", "v1.0.0")
    (top / "services/api/.git").rename(tmp_path / "unused")
    Git(top).output("init", "--quiet")
    commit(top)
    write(top, {"other/README.md": "not committed, and none of our business\n"})
    update_project(top / "services/api")
    assert (top / "services/api/added/file.txt").exists()
    assert (top / "other/README.md").read_text().startswith("not committed")


def test_a_git_worktree_on_a_detached_head(project: Path, tmp_path: Path) -> None:
    Git(project).output("worktree", "add", "--quiet", "--detach", tmp_path / "worktree")
    update_project(tmp_path / "worktree")
    assert (tmp_path / "worktree/added/file.txt").exists()
    assert not (project / "added/file.txt").exists()


def test_windows_line_endings_are_kept_and_no_conflict(project: Path) -> None:
    write(project, {"limits.txt": changed(20, "the owner's").replace("\n", "\r\n")})
    commit(project)
    result = update_project(project)
    content = (project / "limits.txt").read_bytes()
    assert not result.plan.joined.conflicts
    assert content.count(b"\r\n") == content.count(b"\n")
    assert b"the template's limit\r\n" in content


def test_an_executable_bit_of_the_owner_survives(project: Path) -> None:
    (project / "start.sh").chmod(0o755)
    commit(project)
    update_project(project)
    assert (project / "start.sh").stat().st_mode & 0o100


def test_dependencies_of_the_owner_and_the_template_both_arrive(tmp_path: Path) -> None:
    def manifest(**dependencies: str) -> str:
        return json.dumps({"name": "x", "dependencies": dependencies}, indent=2) + "\n"

    history = start(tmp_path / "template")
    history.release("v1.0.0", {"package.json": manifest(a="1.0.0", c="1.0.0")})
    project = history.project(tmp_path / "project", "v1.0.0")
    history.release("v1.1.0", {"package.json": manifest(a="1.1.0", aa="1.0.0", c="1.0.0")})
    write(project, {"package.json": manifest(a="1.0.0", b="2.0.0", c="1.0.0")})
    commit(project)
    result = update_project(project)
    assert not result.plan.joined.conflicts
    merged = json.loads((project / "package.json").read_text())["dependencies"]
    assert merged == {"a": "1.1.0", "aa": "1.0.0", "b": "2.0.0", "c": "1.0.0"}


@pytest.mark.parametrize("indent", [2, "\t"])
def test_a_version_that_both_changed_is_the_only_conflict_in_package_json(tmp_path: Path, indent: int | str) -> None:
    def manifest(indent: int | str = 2, **dependencies: str) -> str:
        return json.dumps({"name": "x", "dependencies": dependencies}, indent=indent) + "\n"

    history = start(tmp_path / "template")
    history.release("v1.0.0", {"package.json": manifest(a="1.0.0", c="1.0.0", e="1.0.0")})
    project = history.project(tmp_path / "project", "v1.0.0")
    history.release("v1.1.0", {"package.json": manifest(a="1.1.0", aa="1.0.0", c="1.1.0", d="1.0.0", e="1.1.0")})
    write(project, {"package.json": manifest(indent, a="1.0.0", b="2.0.0", c="^1.0.0", e="1.0.0")})
    commit(project)
    result = update_project(project)
    assert [conflict.path for conflict in result.plan.joined.conflicts] == ["package.json"]
    text = (project / "package.json").read_text()
    mine, rest = text.split("<<<<<<< ")[1].split("\n", 1)[1].split("=======\n")
    assert '"c": "^1.0.0"' in mine
    assert '"c": "1.1.0"' in rest.split(">>>>>>> ")[0]
    lines_outside = [line for line in text.splitlines() if '"e"' in line or '"a"' in line]
    assert [line.strip() for line in lines_outside] == ['"a": "1.1.0",', '"e": "1.1.0"']


def test_the_plan_can_be_carried_out_inside_its_context(project: Path) -> None:
    with plan_update(UpdateRequest(project)) as plan:
        assert execute(plan).applied
    assert (project / "added/file.txt").exists()


def test_a_decision_about_edited_files_plans_nothing_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, {"gone.txt": changed(5, "the owner's", "gone")})
    commit(project)
    with plan_update(UpdateRequest(project)) as plan:
        assert [one.code for one in plan.refusals] == ["edited-files-would-go"]
        monkeypatch.setattr("scaffold.template.render.render", None)
        monkeypatch.setattr("scaffold.update.merge.merge_renders", None)
        removing = plan.decided("remove")
        assert (removing.refusals, removing.answers, removing.joined.changes) == ((), plan.answers, plan.joined.changes)
        execute(removing)
    assert not (project / "gone.txt").exists()
