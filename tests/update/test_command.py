"""`scaffold update`, `status` and `diff` as scripts and people run them."""

from __future__ import annotations

import json
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command import git, scaffold
from tests.support.template_repository import History, commit, lines, start, state, write

if TYPE_CHECKING:
    from pathlib import Path

QUESTIONS = """
name: {type: str, default: x}
extra: {type: bool, default: false}
_exclude: ["{% if not extra %}/extra.txt{% endif %}"]
"""
CHANGELOG = """# Changes

## 1.2.0

### What changes in your project

- **Security**: the limit is lower.
- A text is longer.

## 1.1.0

### What changes in your project

- A file is new.

## 1.0.0
"""


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = start(tmp_path / "template", QUESTIONS)
    first = {
        "a.txt": lines(*range(20)),
        "extra.txt": lines(*range(20)),
        ".env.example": "PORT=3000\n# secret: generated\nKEY=\n",
        ".gitignore": ".env\n",
    }
    history.release("v1.0.0", first)
    history.release("v1.1.0", {"b.txt": "new\n"})
    settings = "PORT=3001\n# secret: generated\nKEY=\n# secret: generated\nSECOND_KEY=\n"
    history.release("v1.2.0", {"a.txt": lines(*range(21)), ".env.example": settings}, CHANGELOG__md=CHANGELOG)
    return history


@pytest.fixture
def project(history: History, tmp_path: Path) -> Path:
    return history.project(tmp_path / "project", "v1.0.0")


def run(*arguments: str | Path, cwd: Path, code: int = 0) -> dict[str, Any]:
    done = scaffold(*arguments, "--json", cwd=cwd)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["version"] == 1
    return found


@pytest.mark.parametrize("command", ["update", "diff"])
def test_a_project_that_was_never_committed_is_refused_by_name(project: Path, command: str) -> None:
    rmtree(project / ".git")
    git("init", "--quiet", cwd=project)
    assert run(command, cwd=project, code=4)["error"]["code"] == "no-commit"


def test_status_tells_what_waits(project: Path) -> None:
    write(project, {"a.txt": lines(*range(20)) + "mine\n"})
    said = run("status", cwd=project)
    assert (said["template_version"], said["newest"], said["behind"], said["security"]) == ("v1.0.0", "v1.2.0", 2, True)
    assert said["edited"] == ["a.txt"]
    assert [entry["security"] for entry in said["changelog"]] == [True, False, False]


def test_status_of_many_projects_is_one_object(history: History, project: Path, tmp_path: Path) -> None:
    newest = history.project(tmp_path / "newest", "v1.2.0")
    said = run("status", project, newest, cwd=tmp_path)
    assert [one["behind"] for one in said["projects"]] == [2, 0]
    said = run("status", project, tmp_path, cwd=tmp_path, code=2)
    assert said["projects"][1]["error"]["code"] == "not-a-project"


def test_exit_code_1_means_that_an_update_waits(history: History, project: Path, tmp_path: Path) -> None:
    run("status", "--exit-code", cwd=project, code=1)
    run("status", "--exit-code", cwd=history.project(tmp_path / "newest", "v1.2.0"))


def test_a_dry_run_lists_and_writes_nothing(project: Path) -> None:
    before = state(project)
    said = run("update", "--dry-run", cwd=project)
    assert said["files"]["added"] == ["b.txt"]
    assert said["missing_settings"] == ["SECOND_KEY"]
    assert said["changed_settings"] == ["PORT"]
    assert (said["from"], said["to"], said["dry_run"]) == ("v1.0.0", "v1.2.0", True)
    assert state(project) == before


def test_a_dry_run_ends_as_the_update_would(project: Path) -> None:
    write(project, {"a.txt": lines(*range(20)) + "mine\n"})
    commit(project)
    assert run("update", "--dry-run", cwd=project, code=3)["would_be_refused"] == []
    write(project, {"b.txt": "mine\n"})
    before = state(project)
    said = run("update", "--dry-run", cwd=project, code=4)
    assert (said["would_be_refused"], said["refusals"][0]["code"]) == (["update-refused"], "update-refused")
    done = scaffold("update", "--dry-run", cwd=project)
    assert (done.returncode, "stand where new ones go: b.txt" in done.stderr) == (4, True)
    write(project, {"b.txt": None, ".git/index.lock": ""})
    assert run("update", "--dry-run", cwd=project, code=4)["would_be_refused"] == ["update-refused"]
    write(project, {".git/index.lock": None})
    git("update-index", "--assume-unchanged", "a.txt", cwd=project)
    write(project, {"a.txt": "edited\n"})
    assert run("update", "--dry-run", cwd=project, code=4)["would_be_refused"] == ["hidden-edits"]
    assert state(project)[1:] == before[1:]


def test_a_dry_run_names_edited_files_that_are_no_longer_shipped(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "newest", "v1.2.0", extra=True)
    write(project, {"extra.txt": "mine\n"})
    commit(project)
    changed = ("update", "--dry-run", "--extra", "false")
    assert run(*changed, cwd=project, code=4)["would_be_refused"] == ["edited-files-would-go"]
    assert run(*changed, "--keep-edited", cwd=project)["would_be_refused"] == []
    git("branch", "taken", cwd=project)
    refused = run(*changed, "--keep-edited", "--branch", "taken", cwd=project, code=4)
    assert refused["would_be_refused"] == ["branch-refused"]


def test_an_older_release_needs_the_flag_and_shows_what_is_taken_back(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "newest", "v1.2.0")
    before = state(project)
    done = scaffold("update", "--yes", "--ref", "v1.0.0", cwd=project)
    assert (done.returncode, "AN OLDER RELEASE" in done.stdout) == (4, True)
    assert "**Security**: the limit is lower." in done.stdout
    assert "--downgrade" in done.stderr
    assert state(project) == before
    said = run("update", "--ref", "v1.0.0", "--downgrade", cwd=project)
    assert (said["to"], said["downgrade"], said["applied"]) == ("v1.0.0", True, True)


@pytest.mark.matrix
def test_a_commit_before_the_present_one_is_a_downgrade_also_without_releases(tmp_path: Path) -> None:
    history = start(tmp_path / "template", QUESTIONS)
    write(history.folder / "template", {"a.txt": "a\n"})
    first = commit(history.folder)
    write(history.folder / "template", {"b.txt": "b\n"})
    commit(history.folder)
    project = history.project(tmp_path / "project", "HEAD")
    assert run("update", "--ref", first, cwd=project, code=4)["error"]["code"] == "downgrade"


def test_a_clone_without_tags_is_named_and_not_the_version_of_scaffold(
    history: History, project: Path, tmp_path: Path
) -> None:
    git("clone", "--quiet", "--no-tags", history.folder, tmp_path / "clone", cwd=tmp_path)
    said = run("update", "--template", tmp_path / "clone", cwd=project, code=2)["error"]
    assert (said["code"], "no tags" in said["message"]) == ("version-unknown", True)
    assert "git fetch --tags" in said["next_step"]


def test_a_sha256_repository_is_looked_at_and_updated_with_its_conflicts(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0")
    rmtree(project / ".git")
    git("init", "--quiet", "--object-format=sha256", cwd=project)
    write(project, {"a.txt": lines(*range(20)) + "mine\n"})
    commit(project)
    assert run("status", cwd=project)["edited"] == ["a.txt"]
    assert run("update", cwd=project, code=3)["files"]["conflicts"] == ["a.txt"]
    assert "UU a.txt" in git("status", "--porcelain", cwd=project)
    assert scaffold("update", "--abort", cwd=project).returncode == 0
    assert git("status", "--porcelain", cwd=project) == ""


def test_an_update_is_staged_and_not_committed(project: Path) -> None:
    said = run("update", cwd=project)
    assert said["applied"]
    assert git("diff", "--name-only", cwd=project) == ""
    assert "b.txt" in git("diff", "--cached", "--name-only", cwd=project).splitlines()
    git("commit", "-qm", "update", cwd=project)
    assert run("update", cwd=project)["up_to_date"]


def test_an_older_release_can_be_named(project: Path) -> None:
    assert run("update", "--ref", "1.1.0", cwd=project)["to"] == "v1.1.0"
    git("commit", "-qm", "update", cwd=project)
    assert run("update", "--ref", "1.9.0", cwd=project, code=2)["error"]["code"] == "release-unknown"


def test_new_settings_are_added_on_request_only(project: Path) -> None:
    write(project, {".env": "PORT=8080\nKEY=mine"})
    run("update", cwd=project)
    assert (project / ".env").read_text() == "PORT=8080\nKEY=mine"
    git("reset", "--quiet", "--hard", cwd=project)
    said = run("update", "--add-settings", cwd=project)
    assert said["settings_added"] == ["SECOND_KEY"]
    text = (project / ".env").read_text()
    assert text.startswith("PORT=8080\nKEY=mine\n# secret: generated\nSECOND_KEY=")
    assert len(text.rstrip().rpartition("=")[2]) == 43
    assert (project / ".env").stat().st_mode & 0o777 == 0o600


def test_a_linked_env_stops_an_update_that_would_add_settings(project: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared.env"
    shared.write_text("PORT=8080\nKEY=mine\n")
    (project / ".env").unlink()
    (project / ".env").symlink_to(shared)
    before = state(project)
    said = run("update", "--add-settings", cwd=project, code=4)
    assert said["error"]["code"] == "environment-file-unusable"
    assert state(project) == before
    assert (project / ".env").is_symlink()
    assert shared.read_text() == "PORT=8080\nKEY=mine\n"


def test_an_answer_is_changed_and_changed_back(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "newest", "v1.2.0")
    original = git("rev-parse", "HEAD^{tree}", cwd=project)
    assert run("update", "--extra", "true", cwd=project)["files"]["added"] == ["extra.txt"]
    commit(project)
    assert run("update", "--extra=no", cwd=project)["files"]["removed"] == ["extra.txt"]
    commit(project)
    assert git("rev-parse", "HEAD^{tree}", cwd=project) == original


def test_an_edited_file_of_a_feature_is_not_switched_off_silently(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "newest", "v1.2.0", extra=True)
    write(project, {"extra.txt": "mine\n"})
    commit(project)
    before = state(project)
    said = run("update", "--extra", "false", cwd=project, code=4)
    assert said["error"]["code"] == "edited-files-would-go"
    assert state(project) == before
    run("update", "--extra", "false", "--keep-edited", cwd=project)
    assert (project / "extra.txt").read_text() == "mine\n"


def test_wrong_answers_are_listed_all_at_once(project: Path) -> None:
    said = run("update", "--extra", "perhaps", "--nmae", "y", cwd=project, code=2)
    assert {problem["suggestion"] for problem in said["error"]["problems"]} == {"name", None}
    assert {problem["question"] for problem in said["error"]["problems"]} == {"nmae", "extra"}


def test_conflicts_are_listed_and_end_with_3(project: Path) -> None:
    write(project, {"a.txt": lines(*range(20)) + "mine\n"})
    commit(project)
    said = run("update", cwd=project, code=3)
    assert said["files"]["conflicts"] == ["a.txt"]
    assert "UU a.txt" in git("status", "--porcelain", cwd=project)


def test_a_new_question_without_a_default_must_be_answered(history: History, project: Path) -> None:
    questions = (history.folder / "copier.yml").read_text() + "owner: {type: str}\n"
    (history.folder / "copier.yml").write_text(questions)
    history.release("v1.3.0", {"c.txt": "c\n"})
    said = run("update", "--defaults", cwd=project, code=2)
    assert [problem["flag"] for problem in said["error"]["problems"]] == ["--owner"]
    assert run("update", "--owner", "somebody", cwd=project)["answers"]["owner"] == "somebody"


def test_a_question_that_is_gone_is_named(history: History, project: Path) -> None:
    questions = (history.folder / "copier.yml").read_text().replace("name: {type: str, default: x}\n", "")
    (history.folder / "copier.yml").write_text(questions)
    history.release("v1.3.0", {"c.txt": "c\n"})
    assert run("update", cwd=project)["dropped_answers"] == ["name"]


def test_diff_shows_the_owners_work_and_nothing_else(project: Path) -> None:
    assert scaffold("diff", cwd=project).stdout == ""
    write(project, {"a.txt": lines(*range(19)) + "mine\n"})
    shown = scaffold("diff", cwd=project).stdout
    assert "-line 19\n+mine\n" in shown
    assert git("status", "--porcelain", cwd=project) == "M a.txt"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("ext::sh -c touch% pwned", "template-unavailable"),
        ("-oProxyCommand=x", "template-unavailable"),
        (3, "project-unreadable"),
    ],
)
def test_a_hostile_address_in_the_answers_file_runs_nothing(project: Path, address: object, code: str) -> None:
    record = {"_src_path": address, "_commit": "v1.0.0", "name": "x"}
    write(project, {".copier-answers.yml": json.dumps(record)})
    commit(project)
    assert run("update", cwd=project, code=69 if code == "template-unavailable" else 2)["error"]["code"] == code
    assert not (project / "pwned").exists()


@pytest.mark.parametrize("content", ["", "a: [", "- 1\n", "<<<<<<< HEAD\n"])
def test_an_unusable_answers_file_is_an_error_with_a_next_step(project: Path, content: str) -> None:
    write(project, {".copier-answers.yml": content})
    done = scaffold("update", cwd=project)
    assert done.returncode == 2
    assert "git checkout HEAD" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_template_leaves_the_project_alone(history: History, project: Path, tmp_path: Path) -> None:
    history.folder.rename(tmp_path / "moved")
    before = state(project)
    assert run("update", cwd=project, code=69)["error"]["code"] == "template-unavailable"
    assert state(project) == before
    assert run("update", "--template", tmp_path / "moved", cwd=project)["to"] == "v1.2.0"


def test_a_folder_that_is_no_project_or_no_repository_is_named(history: History, tmp_path: Path) -> None:
    assert run("update", cwd=tmp_path, code=2)["error"]["code"] == "not-a-project"
    project = history.project(tmp_path / "project", "v1.0.0")
    (project / ".git").rename(tmp_path / "unused")
    assert run("update", cwd=project, code=4)["error"]["code"] == "no-repository"


def test_a_branch_is_recorded_by_what_stays(history: History, project: Path) -> None:
    """The branch moves on; the project was made from what it was then."""
    main = git("symbolic-ref", "--short", "HEAD", cwd=history.folder)
    write(history.folder / "template", {"c.txt": "c\n"})
    commit(history.folder)
    said = run("update", "--ref", main, cwd=project)
    assert said["to"].startswith("v1.2.0-1-g")
    commit(project)
    write(history.folder / "template", {"d.txt": "d\n"})
    commit(history.folder)
    assert run("update", "--ref", main, cwd=project)["files"]["added"] == ["d.txt"]


def test_a_template_without_releases_is_followed_commit_by_commit(tmp_path: Path) -> None:
    history = start(tmp_path / "template", QUESTIONS)
    write(history.folder / "template", {"a.txt": "a\n"})
    commit(history.folder)
    project = history.project(tmp_path / "project", "HEAD")
    for name in ("b.txt", "c.txt"):
        write(history.folder / "template", {name: "new\n"})
        commit(history.folder)
        assert run("update", cwd=project)["files"]["added"] == [name]
        commit(project)


def test_a_release_candidate_is_followed_by_the_release(tmp_path: Path) -> None:
    history = start(tmp_path / "template", QUESTIONS)
    history.release("v1.0.0-rc.1", {"a.txt": "a\n"})
    project = history.project(tmp_path / "project", "v1.0.0-rc.1")
    history.release("v1.0.0", {"b.txt": "b\n"})
    assert run("status", cwd=project)["behind"] == 1
    assert run("update", cwd=project)["to"] == "v1.0.0"


def test_settings_are_added_also_when_the_example_was_deleted(project: Path) -> None:
    write(project, {".env": "PORT=8080\nKEY=mine\n", ".env.example": None})
    commit(project)
    assert run("update", "--add-settings", cwd=project)["settings_added"] == ["SECOND_KEY"]
    assert not (project / ".env.example").exists()


def test_work_committed_after_a_killed_update_is_not_undone(project: Path) -> None:
    journal = {"head": git("rev-parse", "HEAD", cwd=project), "target": git("rev-parse", "HEAD^{tree}", cwd=project)}
    (project / ".git/scaffold-update.json").write_text(json.dumps(journal))
    write(project, {"mine.txt": "mine\n", "b.txt": "mine\n"})
    commit(project)
    write(project, {"mine.txt": "not committed\n"})
    before = state(project)
    assert run("update", cwd=project, code=4)["error"]["code"] == "dirty-tree"
    assert state(project) == before
