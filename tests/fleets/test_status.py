"""`scaffold status` of many projects, and `scaffold diff`, as scripts read them."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command import environment, git, scaffold, start
from tests.support.template_repository import History, commit, lines, state, write
from tests.support.template_repository import start as start_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = start_template(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": lines(*range(9)), "name.txt.jinja": "{{ name }}\n", "old.txt": "old\n" * 9})
    history.release("v1.1.0", {"a.txt": lines(*range(10)), "old.txt": None, "new.txt": "old\n" * 9})
    return history


def run(history: History, *arguments: str | Path, cwd: Path, code: int = 0) -> dict[str, Any]:
    done = scaffold(*arguments, "--json", cwd=cwd, env=environment(SCAFFOLD_TRUST_ADDRESSES=str(history.folder)))
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_one_project_and_many_have_the_same_shape(history: History, tmp_path: Path) -> None:
    one = history.project(tmp_path / "one", "v1.0.0")
    two = history.project(tmp_path / "two", "v1.1.0")
    single = run(history, "status", "one", "--no-edited", cwd=tmp_path)
    [entry] = single["projects"]
    assert {name: single[name] for name in entry} == entry
    several = run(history, "status", "one", "nothing", "two", cwd=tmp_path, code=2)
    assert several["projects"][0] == entry
    assert [project["path"] for project in several["projects"]] == [str(one), str(tmp_path / "nothing"), str(two)]
    failed = run(history, "status", "nothing", cwd=tmp_path, code=2)
    assert failed["projects"][0] == several["projects"][1]
    assert failed["error"]["code"] == "not-a-project"


def test_edited_files_are_looked_for_when_they_are_asked_for(history: History, tmp_path: Path) -> None:
    """Three with the same answers, two with others, one that cannot be compared."""
    names = ["x", "x", "x", "y", "z", "z"]
    projects = [history.project(tmp_path / f"p{n}", "v1.0.0", name=name) for n, name in enumerate(names)]
    for number, project in enumerate(projects[:5]):
        write(project, {"a.txt": f"{number}\n", f"mine-{number}.txt": "mine\n"})
    write(projects[3], {"name.txt": None})
    (projects[5] / ".git").rename(tmp_path / "moved")
    assert [one["edited"] for one in run(history, "status", *projects, cwd=tmp_path)["projects"]] == [None] * 6
    found = run(history, "status", "--edited", *projects, cwd=tmp_path, code=4)["projects"]
    assert [one["edited"] for one in found[:5]] == [["a.txt"]] * 5
    assert [one["deleted"] for one in found[:5]] == [[], [], [], ["name.txt"], []]
    assert found[5]["error"]["code"] == "no-repository"
    assert run(history, "status", projects[0], cwd=tmp_path)["edited"] == ["a.txt"]


def test_versions_and_news_need_no_render(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "p", "v1.0.0")
    write(history.folder, {"template/broken.txt.jinja": "{{ nothing.at.all }}"})
    commit(history.folder)
    git("tag", "--force", "v1.0.0", cwd=history.folder)
    assert run(history, "status", "--no-edited", project, cwd=tmp_path)["behind"] == 1
    assert run(history, "status", project, cwd=tmp_path, code=69)["error"]["code"] == "template-broken"


@pytest.mark.matrix
def test_ctrl_c_ends_a_search_for_edited_files_and_leaves_nothing(history: History, tmp_path: Path) -> None:
    history.release(
        "v1.2.0", {"slow.txt.jinja": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"}
    )
    projects = [history.project(tmp_path / f"p{number}", "v1.1.0", name=f"n{number}") for number in range(4)]
    for project in projects:
        record = project / ".copier-answers.yml"
        record.write_text(record.read_text().replace("v1.1.0", "v1.2.0"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    variables = {"TMPDIR": str(scratch), "SCAFFOLD_TRUST_ADDRESSES": str(history.folder)}
    process = start("status", "--edited", *projects, cwd=tmp_path, **variables)
    deadline = time.monotonic() + 120
    while not list(scratch.glob("*/*/render")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=50)
    assert process.returncode == 128 + signal.SIGTERM
    assert list(scratch.iterdir()) == []


def test_a_diff_as_json_lists_the_files(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "p", "v1.1.0")
    write(project, {"a.txt": "mine\n", "name.txt": None, "own.txt": "own\n"})
    git("mv", "new.txt", "moved.txt", cwd=project)
    git("add", "own.txt", cwd=project)
    said = run(history, "diff", project, cwd=tmp_path)
    assert (said["incoming"], said["from"], said["to"]) == (False, "v1.1.0", None)
    assert [(file["path"], file["change"], file["old_path"]) for file in said["files"]] == [
        ("a.txt", "changed", None),
        ("moved.txt", "renamed", "new.txt"),
        ("name.txt", "deleted", None),
        ("own.txt", "added", None),
    ]
    assert "+mine" in said["diff"]


def test_an_incoming_diff_shows_what_an_update_brings_and_changes_nothing(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "p", "v1.0.0")
    write(project, {"name.txt": "mine\n"})
    commit(project)
    history.release("v2.0.0", {"b.txt": "b\n"})
    before = state(project)
    said = run(history, "diff", "--incoming", "--ref", "v1.1.0", project, cwd=tmp_path)
    assert (said["from"], said["to"], said["conflicts"], said["would_be_refused"]) == ("v1.0.0", "v1.1.0", [], [])
    assert [(file["path"], file["change"]) for file in said["files"]] == [
        (".copier-answers.yml", "changed"),
        ("a.txt", "changed"),
        ("new.txt", "renamed"),
    ]
    assert "+line 9" in said["diff"]
    assert "mine" not in said["diff"]
    assert state(project) == before
    git("apply", "--index", cwd=project, stdin=said["diff"])
    applied = git("write-tree", cwd=project)
    git("reset", "--quiet", "--hard", cwd=project)
    run(history, "update", "--defaults", "--ref", "v1.1.0", project, cwd=tmp_path)
    assert git("write-tree", cwd=project) == applied


@pytest.mark.parametrize("command", [("status",), ("diff",), ("questions", "--template", "template")])
def test_what_a_killed_command_has_left_in_the_folder_for_temporary_files_is_removed_by_the_next(
    history: History, tmp_path: Path, command: tuple[str, ...]
) -> None:
    temporary, project = tmp_path / "temporary", history.project(tmp_path / "project", "v1.1.0")
    left = temporary / ".scaffold-0123456789abcdef"
    write(left, {"in-progress": "", "base/secret.ts": "the owner's source\n"})
    where = environment(TMPDIR=str(temporary), SCAFFOLD_TRUST_ADDRESSES=str(history.folder))
    done = scaffold(*command, cwd=project if len(command) == 1 else tmp_path, env=where)
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []
