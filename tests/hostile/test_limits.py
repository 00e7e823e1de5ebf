"""Templates and projects that would work for ever or fill memory or disk: they are stopped, nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.errors import ScaffoldError
from scaffold.inspect.status import status_of
from scaffold.template.confined import Confined
from scaffold.template.limits import FETCHED, RENDERED, Size, within_limits
from scaffold.template.render import render
from scaffold.template.source import Template, builtin, open_template
from tests.support.command import environment, scaffold
from tests.support.small_template import small_template
from tests.support.template_repository import commit, start, write

if TYPE_CHECKING:
    from pathlib import Path

# Nested loops: 10^15 turns.
FOR_EVER = "".join(f"{{% for {name} in range(99999) %}}" for name in "abc") + "{% endfor %}" * 3
HUGE_TEXT = "{{ 'x' * 10000000000 }}"
# A regular expression that tries each way to split the text.
CATASTROPHE = "{{ ('a' * 64) | regex_search('(a|aa)+$b') }}"
# Ten levels of ten merges each: 10^10 entries.
MERGE_BOMB = "a0: &a0 {x: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], y{n}: 1}}\n" for n in range(1, 11)
)
DEEP = "[" * 30_000

pytestmark = [pytest.mark.real_workers, pytest.mark.timeout(120)]


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAFFOLD_QUESTIONS_SECONDS", "2")
    monkeypatch.setenv("SCAFFOLD_RENDER_SECONDS", "2")


def refusal(template: Template, into: Path) -> ScaffoldError:
    """Return the error with which a template's answers are resolved and its files are rendered."""
    with pytest.raises(ScaffoldError) as refused:
        render(template, template.questionnaire().resolve({}, defaults=True), into)
    return refused.value


@pytest.mark.parametrize(
    ("files", "code", "limit"),
    [
        pytest.param({"a__jinja": FOR_EVER}, "template-too-slow", "2 seconds", id="a file that loops"),
        pytest.param({"a__jinja": CATASTROPHE}, "template-too-slow", "2 seconds", id="a regular expression"),
        pytest.param({"a__jinja": HUGE_TEXT}, "template-too-large", "MiB of memory", id="a file that fills the memory"),
        pytest.param(
            {"a__jinja": "{% for a in range(9000) %}{{ 'x' * 10000 }}{% endfor %}"},
            "template-too-large",
            "64 MiB",
            id="a file that is too large",
        ),
        pytest.param(
            {"{% yield n from range(30000) %}{{ n }}{% endyield %}": ""},
            "template-too-large",
            "200 files",
            id="a name that makes many files",
        ),
        pytest.param(
            {
                "{% yield n from range(30000) %}{{ n }}{% endyield %}__jinja": "{{ 'x' * 20000000 }}",
            },
            "template-too-large",
            "256 MiB",
            id="files that are too large together",
        ),
    ],
)
def test_rendering_is_stopped(tmp_path: Path, files: dict[str, str], code: str, limit: str, monkeypatch: Any) -> None:
    if code == "template-too-large":
        monkeypatch.delenv("SCAFFOLD_RENDER_SECONDS")
        monkeypatch.setattr("scaffold.template.limits.RENDERED", Size(entries=200, mebibytes=RENDERED.mebibytes))
    error = refusal(small_template(tmp_path / "t", **files), tmp_path / "p")
    assert error.code == code
    assert limit in error.sentence


@pytest.mark.parametrize("bomb", [FOR_EVER, CATASTROPHE, HUGE_TEXT])
@pytest.mark.parametrize("key", ["default", "when", "validator", "computed"])
def test_the_evaluation_of_questions_is_stopped(tmp_path: Path, key: str, bomb: str) -> None:
    quoted = json.dumps(bomb)
    details = {
        "default": f"name: {{type: str, default: {quoted}}}\n",
        "when": f"name: {{type: str, default: x, when: {quoted}}}\n",
        "validator": f"name: {{type: str, default: x, validator: {quoted}}}\n",
        "computed": f"hidden: {{type: yaml, when: false, default: {quoted}}}\nname: {{type: str, default: x}}\n",
    }
    template = small_template(tmp_path / "t", details[key])
    with pytest.raises(ScaffoldError) as refused:
        template.questionnaire().resolve({"name": "y"} if key == "validator" else {}, defaults=True)
    assert refused.value.code == ("template-too-large" if bomb is HUGE_TEXT else "template-too-slow")


def test_all_questions_share_one_limit_of_time(tmp_path: Path) -> None:
    """Each alone would stay below it."""
    slow = "{% for a in range(99999) %}{% for b in range(25) %}{% endfor %}{% endfor %}x"
    questions = "".join(f"q{n}: {{type: str, default: {json.dumps(slow)}}}\n" for n in range(60))
    questionnaire = small_template(tmp_path / "t", questions).questionnaire()
    with pytest.raises(ScaffoldError) as refused:
        [questionnaire.default(question, {}) for question in questionnaire.questions]
    assert refused.value.code == "template-too-slow"


@pytest.mark.parametrize(
    ("configuration", "code"),
    [
        pytest.param(MERGE_BOMB, {"template-too-slow", "template-too-large"}, id="merge keys"),
        pytest.param(f"a: {DEEP}\n", {"template-broken", "template-too-slow"}, id="deep"),
        pytest.param("# " + "x" * 1024 * 1024, {"template-too-large"}, id="large"),
        pytest.param("".join(f"q{n}: x\n" for n in range(501)), {"template-too-large"}, id="many questions"),
    ],
)
def test_a_configuration_that_expands_is_stopped(tmp_path: Path, configuration: str, code: set[str]) -> None:
    with pytest.raises(ScaffoldError) as refused:
        small_template(tmp_path / "t", configuration).questionnaire()
    assert refused.value.code in code


def test_a_template_of_others_is_evaluated_elsewhere_and_ours_is_not(tmp_path: Path) -> None:
    questionnaire = small_template(tmp_path / "t", "name: {type: str, default: x}\n").questionnaire()
    assert type(questionnaire).__name__ == "_ConfinedQuestionnaire"
    assert type(builtin().questionnaire()).__name__ == "Questionnaire"


def test_the_process_ends_with_the_template(tmp_path: Path) -> None:
    with open_template(str(small_template(tmp_path / "t", "name: {type: str, default: x}\n").folder)) as template:
        template.questionnaire()
        process = template.confined._process  # noqa: SLF001 - whether it lives
        assert process is not None
    template.confined.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(number) for number in listed.stdout.split()]


def is_alive(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()[:1] not in {"", "Z"}


def until(condition: Any) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_process_that_renders(tmp_path: Path, number: int) -> None:
    template = small_template(tmp_path / "t", a__jinja=FOR_EVER).folder
    running = subprocess.Popen(
        [sys.executable, "-m", "scaffold", "new", "p", "--template", template, "--no-git"],
        cwd=tmp_path,
        env=environment(SCAFFOLD_RENDER_SECONDS="100"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert until(lambda: list(tmp_path.glob(".scaffold-*/p")))
    [renderer] = children(running.pid)
    running.send_signal(number)
    assert running.wait(60) == (-number if number == signal.SIGKILL else 128 + number)
    assert until(lambda: not is_alive(renderer))
    if number != signal.SIGKILL:
        assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_a_stopped_template_leaves_nothing_behind(tmp_path: Path) -> None:
    template = small_template(tmp_path / "t", a__jinja=FOR_EVER).folder
    done = scaffold("new", "p", "--template", template, "--json", cwd=tmp_path, env=environment() | short())
    assert done.returncode == 69
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "template-too-slow"
    assert "SCAFFOLD_RENDER_SECONDS" in error["next_step"]
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def short() -> dict[str, str]:
    return {"SCAFFOLD_RENDER_SECONDS": "3"}


@pytest.mark.parametrize("verb", [["status"], ["diff"], ["update", "--dry-run"]])
def test_looking_at_a_project_with_a_template_that_loops_ends(tmp_path: Path, verb: list[str]) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": "a\n"})
    project = history.project(tmp_path / "project", "v1.0.0")
    history.release("v1.1.0", {"b.txt.jinja": FOR_EVER, "a.txt": None})
    write(project, {".copier-answers.yml": f"_commit: v1.1.0\n_src_path: {history.folder}\nname: x\n"})
    commit(project)
    done = scaffold(*verb, cwd=project, env=environment() | short())
    assert done.returncode == 69
    assert "was stopped: rendering it took longer than 3 seconds" in done.stderr


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(MERGE_BOMB, id="merge keys"),
        pytest.param(f"x: {DEEP}\n", id="deep"),
        pytest.param('{"x": ' + DEEP + "}", id="deep JSON"),
        pytest.param("x: " + ":".join(["1"] * 20_000) + "\n", id="a number of base sixty"),
        pytest.param("x: " + "1" * 60_000 + "\n", id="a long number"),
        pytest.param("x: y\n" * 20_000, id="large"),
    ],
)
def test_an_answers_file_that_expands_is_refused_or_shown_short(tmp_path: Path, answers: str) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": "a\n"})
    project = history.project(tmp_path / "project", "v1.0.0")
    record = "" if answers.startswith("{") else f"_commit: v1.0.0\n_src_path: {history.folder}\n"
    write(project, {".copier-answers.yml": record + answers})
    commit(project)
    done = scaffold("status", cwd=project)
    assert done.returncode in {0, 2}
    assert "project-unreadable" in done.stderr or "cannot be used" in done.stderr or len(done.stdout) < 1000


def test_a_link_in_place_of_the_answers_file_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"secret.yml": "_commit: v1\n_src_path: /x\npassword: hunter2\n", "project/a": ""})
    (tmp_path / "project/.copier-answers.yml").symlink_to("../secret.yml")
    with pytest.raises(ScaffoldError) as refused:
        status_of(tmp_path / "project")
    assert refused.value.code == "project-unreadable"


def test_fetching_is_stopped_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts the connection and then says nothing."""
    import socket

    monkeypatch.setenv("SCAFFOLD_FETCH_SECONDS", "2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"git://127.0.0.1:{server.getsockname()[1]}/x.git"
        with pytest.raises(ScaffoldError) as refused, open_template(address):
            pass
    assert refused.value.code == "template-too-slow"
    assert "fetching it took longer than 2 seconds" in refused.value.sentence


@pytest.mark.matrix
@pytest.mark.parametrize("verb", ["new", "status"])
def test_a_small_repository_that_checks_out_as_a_huge_one_is_stopped(tmp_path: Path, verb: str) -> None:
    """Ten folders of ten folders …: every tree is stored once and written out a million times."""
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": "a\n"})
    project = history.project(tmp_path / "project", "v1.0.0")
    git = commit_bomb(history.folder)
    write(project, {".copier-answers.yml": f"_commit: {git}\n_src_path: {history.folder}\nname: x\n"})
    commit(project)
    arguments: list[str | Path] = (
        ["new", "p", "--template", history.folder, "--ref", git] if verb == "new" else ["status", project]
    )
    done = scaffold(*arguments, "--json", cwd=tmp_path, env=environment(SCAFFOLD_FETCH_SECONDS="20"))
    assert done.returncode == 69, done.stdout
    assert json.loads(done.stdout)["error"]["code"] in {
        "template-too-large",
        "template-too-slow",
        "template-unavailable",
    }
    assert {path.name for path in tmp_path.iterdir()} == {"template", "project"}


def commit_bomb(repository: Path) -> str:
    """Commit a tree of ten million files and return the commit's id."""
    from scaffold.git.run import isolated

    git = isolated(repository)
    blob = git.output("hash-object", "-w", "--stdin", stdin=b"boom")
    tree = git.output("mktree", stdin="".join(f"100644 blob {blob}\tf{n}\n" for n in range(10)).encode())
    for _ in range(6):
        tree = git.output("mktree", stdin="".join(f"040000 tree {tree}\td{n}\n" for n in range(10)).encode())
    known = git.output("ls-tree", "HEAD") + f"\n040000 tree {tree}\tzz\n"
    made = git.output("commit-tree", git.output("mktree", stdin=known.encode()), "-p", "HEAD", "-m", "bomb")
    git.output("update-ref", "refs/heads/bomb", made)
    return made


def test_what_is_fetched_may_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffold.template.limits.FETCHED", Size(entries=FETCHED.entries, mebibytes=1))
    runner = within_limits(tmp_path, "https://example.com/x.git")
    endless = [sys.executable, "-c", "f = open('grows', 'wb')\nwhile True: f.write(bytes(10**6)); f.flush()"]
    with pytest.raises(ScaffoldError) as refused:
        runner(endless, cwd=tmp_path, env={**os.environ})
    assert refused.value.code == "template-too-large"


def test_what_the_limits_allow_is_more_than_our_own_template_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCAFFOLD_RENDER_SECONDS")
    confined = Confined("x")
    answers = builtin().questionnaire().resolve({"security_contact": "security@example.com"}, defaults=True)
    (tmp_path / "files").mkdir()
    template = Template(builtin().files(tmp_path / "files"), "x", None)
    paths = confined.render(template.described(), answers, tmp_path / "p")
    RENDERED.check(tmp_path / "p", "x")
    assert len(paths) > 100
    confined.close()
