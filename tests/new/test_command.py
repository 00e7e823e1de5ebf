"""`scaffold new` as scripts use it: exit codes, one list of mistakes, never a prompt."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command import COMPLETE, CONTACT, environment, git, scaffold
from tests.support.small_template import as_repository, small_template, write_files

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

QUESTION = "name: {type: str, default: someone}\n"


def problems(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    written = json.loads(done.stdout)
    assert written["version"] == 1
    return {problem["question"]: problem for problem in written["error"]["problems"]}


def test_a_script_gets_one_json_object(tmp_path: Path) -> None:
    done = scaffold("new", "x", "--database", "postgres", *COMPLETE, "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result["path"] == str(tmp_path / "x")
    assert result["answers"]["database"] == "postgres"
    assert result["git"]["commit"] == git("rev-parse", "HEAD", cwd=tmp_path / "x")
    assert {file["path"] for file in result["files"]} >= {"package.json", ".env", ".copier-answers.yml"}
    assert result["notes"] == []


def test_the_project_is_committed_but_its_secrets_are_not(tmp_path: Path) -> None:
    assert scaffold("new", "x", *COMPLETE, cwd=tmp_path).returncode == 0
    project = tmp_path / "x"
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600
    assert git("status", "--porcelain", cwd=project) == ""
    assert git("branch", "--show-current", cwd=project) == "main"
    assert ".env" not in git("ls-files", cwd=project).splitlines()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_two_projects_share_no_secret(tmp_path: Path) -> None:
    secrets = []
    for name in ("x", "y"):
        scaffold("new", name, *COMPLETE, "--no-git", cwd=tmp_path)
        lines = (tmp_path / name / ".env").read_text().splitlines()
        marked = [lines[number + 1] for number, line in enumerate(lines) if line == "# secret: generated"]
        assert marked
        assert all(len(line.partition("=")[2]) >= 43 for line in marked)
        secrets.append(set(marked))
    assert not secrets[0] & secrets[1]


def test_wrong_and_unknown_answers_from_standard_input_are_told_together(tmp_path: Path) -> None:
    done = scaffold("new", "y", "--answers", "-", cwd=tmp_path, stdin="database: orcale\nfoo: 1\n")
    assert done.returncode == 2
    assert "'orcale': there is no such value. Did you mean postgres? Allowed: sqlite, postgres." in done.stderr
    assert "  foo\n      there is no such question." in done.stderr
    assert "--security-contact\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_mistakes_of_every_kind_are_one_list(tmp_path: Path) -> None:
    write_files(tmp_path, {"answers.json": '{"licence": "MIT", "ci": false, "metrics": "maybe"}'})
    arguments = ("--databse", "postgres", "--project-name", "No Such Name", "--answers", "answers.json", "--json")
    done = scaffold("new", "y", *arguments, cwd=tmp_path)
    found = problems(done)
    assert done.returncode == 2
    assert done.stderr == ""
    assert found["databse"]["suggestion"] == "--database"
    assert found["licence"]["suggestion"] == "license"
    assert found["project_name"]["flag"] == "--project-name"
    assert found["metrics"]["allowed"] == ["true", "false"]
    assert found["ci"]["allowed"] == ["github", "none"]
    assert found["security_contact"]["flag"] == "--security-contact"
    assert not (tmp_path / "y").exists()


@pytest.mark.parametrize("arguments", [(), ("--defaults",), ("--json",), ("--dry-run",)])
def test_only_what_is_missing_is_listed_and_nothing_is_asked(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = scaffold("new", "y", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "--security-contact" in done.stdout + done.stderr
    assert "--database" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("folder", "name"),
    [("billing", "billing"), ("Web Shop", "web-shop"), ("2024_api.v2", "api-v2"), ("express", "express-api")],
)
def test_the_project_is_named_after_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    (tmp_path / folder).mkdir()
    by_path = scaffold("new", f"{folder}/", *CONTACT, "--dry-run", "--json", cwd=tmp_path)
    from_inside = scaffold("new", ".", *CONTACT, "--dry-run", "--json", cwd=tmp_path / folder)
    for done in (by_path, from_inside):
        assert json.loads(done.stdout)["answers"]["project_name"] == name


@pytest.mark.parametrize(
    ("arguments", "metrics"),
    [(["--no-metrics"], False), (["--metrics"], True), (["--metrics", "false"], False), (["--metrics=no"], False)],
)
def test_yes_and_no_are_flags(tmp_path: Path, arguments: list[str], metrics: bool) -> None:  # noqa: FBT001 - a value
    done = scaffold("new", *arguments, "y", *CONTACT, "--dry-run", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["answers"]["metrics"] is metrics


def test_no_guess_is_made_between_true_and_false(tmp_path: Path) -> None:
    done = scaffold("new", "y", "--metrics=maybe", *CONTACT, "--json", cwd=tmp_path)
    assert problems(done)["metrics"]["suggestion"] is None


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    write_files(tmp_path, {"answers.yml": "database: postgres\nci: none\nsecurity_contact: a@example.com\n"})
    arguments = ("--answers", "answers.yml", "--ci", "github", "--defaults", "--json", "--no-git")
    answers = json.loads(scaffold("new", "y", *arguments, cwd=tmp_path).stdout)["answers"]
    assert (answers["database"], answers["ci"], answers["metrics"]) == ("postgres", "github", True)


def test_the_answers_of_a_project_make_another_one_like_it(tmp_path: Path) -> None:
    scaffold("new", "x", "--database", "postgres", *COMPLETE, "--no-git", cwd=tmp_path)
    done = scaffold("new", "y", "--answers", "x/.copier-answers.yml", "--json", "--no-git", cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "x/package.json").read_bytes() == (tmp_path / "y/package.json").read_bytes()


def test_a_dry_run_lists_what_a_run_writes(tmp_path: Path) -> None:
    dry = json.loads(scaffold("new", "y", *COMPLETE, "--dry-run", "--json", cwd=tmp_path).stdout)
    assert dry["dry_run"]
    assert list(tmp_path.iterdir()) == []
    done = json.loads(scaffold("new", "y", *COMPLETE, "--json", cwd=tmp_path).stdout)
    assert dry["files"] == done["files"]
    listed = scaffold("new", "z", *COMPLETE, "--dry-run", cwd=tmp_path).stdout.splitlines()
    assert [line.split()[1] for line in listed[:-1]] == [file["path"] for file in done["files"]]


def test_a_folder_with_work_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    write_files(tmp_path / "y", {"work.txt": "precious"})
    done = scaffold("new", "y", *COMPLETE, cwd=tmp_path)
    assert done.returncode == 4
    assert "work.txt" in done.stderr
    assert json.loads(scaffold("new", "y", *COMPLETE, "--json", cwd=tmp_path).stdout)["error"]["code"] == (
        "destination-not-empty"
    )
    assert [path.name for path in (tmp_path / "y").iterdir()] == ["work.txt"]


@pytest.mark.parametrize("destination", ["file", "file/x", "dangling/x/../../file"])
def test_a_file_in_the_way_is_refused_and_kept(tmp_path: Path, destination: str) -> None:
    write_files(tmp_path, {"file": "precious"})
    assert scaffold("new", destination, *COMPLETE, cwd=tmp_path).returncode == 4
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_parents_are_made(tmp_path: Path) -> None:
    assert scaffold("new", "a/b/c", *COMPLETE, cwd=tmp_path).returncode == 0
    assert (tmp_path / "a/b/c/package.json").is_file()


def test_the_current_folder_can_be_the_project(tmp_path: Path) -> None:
    done = scaffold("new", ".", *COMPLETE, cwd=tmp_path)
    assert done.returncode == 0
    assert "cd " not in done.stdout
    assert (tmp_path / "package.json").is_file()
    assert git("status", "--porcelain", cwd=tmp_path) == ""
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".scaffold")]


def test_inside_a_repository_no_second_one_is_made(tmp_path: Path) -> None:
    as_repository(write_files(tmp_path / "outer", {"a": ""}))
    done = scaffold("new", "x", *COMPLETE, "--json", cwd=tmp_path / "outer")
    assert str(tmp_path / "outer") in json.loads(done.stdout)["notes"][0]
    assert not (tmp_path / "outer" / "x" / ".git").exists()
    assert git("status", "--porcelain", "--untracked-files=all", cwd=tmp_path / "outer").count(".env\n") == 0


def test_a_git_hook_around_the_command_changes_nothing(tmp_path: Path) -> None:
    outer = as_repository(write_files(tmp_path / "outer", {"a": ""}))
    before = git("rev-parse", "HEAD", cwd=outer)
    variables = {
        "GIT_DIR": str(outer / ".git"),
        "GIT_WORK_TREE": str(outer),
        "GIT_INDEX_FILE": str(outer / ".git/index"),
    }
    done = scaffold("new", tmp_path / "x", *COMPLETE, "--json", cwd=outer, env=environment(**variables))
    commit = git("rev-parse", "HEAD", cwd=tmp_path / "x")
    assert json.loads(done.stdout)["git"] == {"repository": True, "commit": commit}
    assert git("rev-parse", "HEAD", cwd=outer) == before


def test_without_git_the_project_is_there_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = scaffold("new", "x", *COMPLETE, cwd=tmp_path, env=environment(PATH=str(tmp_path / "empty")))
    assert done.returncode == 0
    assert "Note: git is not installed" in done.stdout
    assert (tmp_path / "x" / "package.json").is_file()


def test_without_an_identity_there_is_a_note(tmp_path: Path) -> None:
    nobody = {
        name: value for name, value in environment().items() if not name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))
    }
    done = scaffold("new", "x", *COMPLETE, "--json", cwd=tmp_path, env={**nobody, "HOME": str(tmp_path)})
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert result["git"] == {"repository": True, "commit": None}
    assert "user.name" in result["notes"][0]


def test_an_old_node_is_a_note_and_no_failure(tmp_path: Path) -> None:
    programs = write_files(tmp_path / "bin", {"node": "#!/bin/sh\necho v20.19.0\n", "npm": "#!/bin/sh\nexit 1\n"})
    for name in ("node", "npm"):
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    done = scaffold("new", "x", *COMPLETE, "--install", "--json", cwd=tmp_path, env=environment(PATH=path))
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert not result["installed"]
    assert "too old" in result["notes"][0]


@pytest.mark.skipif(os.geteuid() == 0, reason="no folder is read-only for root")
def test_a_read_only_parent_is_named(tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir(mode=0o555)
    done = scaffold("new", "sealed/x", *COMPLETE, cwd=tmp_path)
    assert done.returncode == 73
    assert "Permission denied" in done.stderr


@pytest.mark.parametrize("destination", ["/proc/my-api", "/dev/null/my-api"])
def test_where_nobody_can_write_nothing_is_written(tmp_path: Path, destination: str) -> None:
    done = scaffold("new", destination, *COMPLETE, cwd=tmp_path)
    assert done.returncode in {4, 73}
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_another_template_brings_its_own_flags(tmp_path: Path) -> None:
    template = small_template(
        tmp_path / "t", "color: {type: str, default: red, choices: [red, green]}\n", a__jinja="{{ color }}"
    )
    as_repository(template.folder, "v2.0.0")
    done = scaffold("new", "x", "--template", template.folder, "--color", "green", "--defaults", "--json", cwd=tmp_path)
    result = json.loads(done.stdout)
    assert result["template"] == {"address": str(template.folder), "version": "v2.0.0"}
    assert (tmp_path / "x" / "a").read_text() == "green"
    assert "--color red|green" in scaffold("new", "--template", template.folder, "--help", cwd=tmp_path).stdout
    assert scaffold("new", "y", "--template", template.folder, "--color", "blue", cwd=tmp_path).returncode == 2


def test_a_question_named_like_an_option_is_answered_by_file(tmp_path: Path) -> None:
    template = small_template(tmp_path / "t", "json: {type: str}\n", a__jinja="{{ json }}")
    done = scaffold("new", "x", "--template", template.folder, "--answers", "-", cwd=tmp_path, stdin="json: yes indeed")
    assert done.returncode == 0
    assert (tmp_path / "x" / "a").read_text() == "yes indeed"


@pytest.mark.parametrize(
    ("copier_yml", "code"),
    [("_tasks: ['touch hacked']\n" + QUESTION, "template-runs-code"), ("a: [", "template-broken")],
)
def test_a_template_that_cannot_be_used_is_refused(tmp_path: Path, copier_yml: str, code: str) -> None:
    template = small_template(tmp_path / "t", copier_yml)
    done = scaffold("new", "x", "--template", template.folder, "--defaults", "--json", cwd=tmp_path)
    assert done.returncode == 69
    assert json.loads(done.stdout)["error"]["code"] == code
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


@pytest.mark.parametrize("contact", ["a@example.com\nX: y", "x" * 300, "", "\x1b[2J", "a@example.com\udcff"])
def test_a_hostile_flag_is_refused_without_repeating_it_to_the_terminal(tmp_path: Path, contact: str) -> None:
    done = scaffold("new", "x", "--security-contact", contact, "--defaults", cwd=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert len(done.stderr) < 1000
    assert list(tmp_path.iterdir()) == []


def test_progress_is_for_terminals(tmp_path: Path) -> None:
    done = scaffold("new", "x", *CONTACT, "--defaults", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.startswith(f"Created {tmp_path / 'x'}: ")
    assert "  cd x\n  npm ci\n  npm run dev\n" in done.stdout
