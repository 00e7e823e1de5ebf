"""Killed at any moment, an update leaves the project as it was, or the next run puts it back."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from scaffold.update.journal import recover
from tests.support.command import environment, git, scaffold
from tests.support.template_repository import commit, lines, start, state, write

if TYPE_CHECKING:
    from pathlib import Path

# Print it and give it again to repeat a run.
SEED = int(os.environ.get("SCAFFOLD_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
SIGNALS = [signal.SIGINT, signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.matrix)]
# In `make test`, and (marked as a matter of minutes) in `make matrix`: more than two hundred kills in all.
QUICK, THOROUGH = 3, 30
GROUPS_QUICK, GROUPS_THOROUGH = 2, 40
MATRIX = [pytest.mark.matrix, pytest.mark.timeout(3600)]

# Runs the command and sends itself a signal when Python is about to touch the disk, or to start git, for the n-th time.
AT_A_STEP = """
import os, sys
number, moment = int(sys.argv[1]), int(sys.argv[2])
steps = 0
from scaffold.cli import main
def watch(event, details):
    global steps
    if event in ("subprocess.Popen", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "open"):
        if event == "open" and not (isinstance(details[1], str) and set(details[1]) & set("wax")):
            return
        steps += 1
        if steps == moment:
            os.kill(os.getpid(), number)
sys.addaudithook(watch)
code = main(sys.argv[3:])
if moment == 0:
    print(steps, file=sys.stderr)
sys.exit(code)
"""


def run_to_step(number: int, moment: int, project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AT_A_STEP, str(int(number)), str(moment), "update", str(project), "--yes", "--json"],
        cwd=project,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with edits, for which an update waits that adds, changes, removes and conflicts."""
    folder = tmp_path_factory.mktemp("original")
    history = start(folder / "template")
    many = {f"many/{number}.txt": lines(*range(40)) for number in range(60)}
    history.release("v1.0.0", {"a.txt": lines(*range(40)), "b.txt": lines(*range(9)), "gone.txt": "gone\n", **many})
    project = history.project(folder / "project", "v1.0.0")
    more = {name: text + "more\n" for name, text in many.items()}
    fresh = {f"fresh/{number}.txt": "fresh\n" for number in range(30)}
    history.release("v1.1.0", {"a.txt": lines(*range(41)), "b.txt": "theirs\n", "gone.txt": None, **more, **fresh})
    write(project, {"b.txt": "ours\n", "own.txt": "own\n", ".gitignore": ".env\n"})
    commit(project)
    write(project, {".env": "SECRET=1\n", "untracked.txt": "notes\n"})
    return project


def copied(original: Path, folder: Path) -> Path:
    subprocess.run(["cp", "-a", str(original), str(folder)], check=True)
    return folder


def is_complete(project: Path) -> bool:
    return len(git("ls-files", "--unmerged", "b.txt", cwd=project).splitlines()) == 3


def assert_as_before_or_put_back(project: Path, before: object, number: int, code: int) -> None:
    if is_complete(project):
        return
    if number == signal.SIGKILL:
        assert code == -signal.SIGKILL
        said = scaffold("status", project, "--json", cwd=project)
        unfinished = said.returncode == 0 and json.loads(said.stdout)["unfinished_update"]
        if not unfinished:
            assert state(project) == before
        done = scaffold("update", project, "--yes", "--json", cwd=project)
        assert done.returncode == 3, done.stdout + done.stderr
        assert is_complete(project)
    else:
        assert code == 128 + number
        assert state(project) == before


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("times", [QUICK, pytest.param(THOROUGH, marks=MATRIX)])
def test_a_signal_at_a_random_step(tmp_path: Path, original: Path, number: signal.Signals, times: int) -> None:
    before = state(original)
    counted = run_to_step(number, 0, copied(original, tmp_path / "counted"))
    assert counted.returncode == 3, counted.stderr
    total = int(counted.stderr.splitlines()[-1])
    chance = random.Random(f"{SEED}-{number}")  # noqa: S311 - repeatable on purpose
    # The last third is where the project itself is touched.
    late = range(total * 2 // 3, total + 1)
    moments = chance.choices(range(1, total), k=times // 2) + chance.choices(late, k=times - times // 2)
    for moment in moments:
        project = copied(original, tmp_path / f"at-{moment}-{chance.random()}")
        done = run_to_step(number, moment, project)
        print(f"seed {SEED}: {number.name} at step {moment} of {total}, exit code {done.returncode}")  # noqa: T201
        assert_as_before_or_put_back(project, before, number, done.returncode)


@pytest.mark.parametrize("times", [GROUPS_QUICK, pytest.param(GROUPS_THOROUGH, marks=MATRIX)])
def test_everything_killed_at_a_random_time(tmp_path: Path, original: Path, times: int) -> None:
    """A power cut: git, which is at work for the command, dies with it wherever it is."""
    before, chance = state(original), random.Random(SEED)  # noqa: S311 - repeatable on purpose
    started = time.monotonic()
    group_killed_after(120, copied(original, tmp_path / "timed"))
    lasts = time.monotonic() - started
    for number in range(times):
        project = copied(original, tmp_path / str(number))
        code = group_killed_after(chance.uniform(0, lasts), project)
        assert_as_before_or_put_back(project, before, signal.SIGKILL, code)


def group_killed_after(seconds: float, project: Path) -> int:
    command = [sys.executable, "-m", "scaffold", "update", str(project), "--yes", "--json"]
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()


@pytest.fixture
def half_way(tmp_path: Path, original: Path) -> Path:
    """A project whose update was killed together with git: git's lock is left, and half of its files."""
    done = copied(original, tmp_path / "done")
    assert scaffold("update", done, "--yes", "--json", cwd=done).returncode == 3
    git("add", "--update", cwd=done)
    target = git("write-tree", cwd=done)
    project = copied(original, tmp_path / "project")
    subprocess.run(["cp", "-a", f"{done}/.git/objects/.", f"{project}/.git/objects"], check=True)
    journal = {"head": git("rev-parse", "HEAD", cwd=project), "target": target}
    (project / ".git/scaffold-update.json").write_text(json.dumps(journal))
    (project / ".git/index.lock").touch()
    written = (done / "a.txt").read_text()[:99]
    write(project, {"fresh/1.txt": "fresh\n", "fresh/2.txt": "", "a.txt": written, "many/3.txt": None})
    return project


@pytest.mark.parametrize("record", ["written", "missing", "as before"])
def test_git_killed_while_it_writes_the_project_is_put_back(half_way: Path, original: Path, record: str) -> None:
    """The project's own record is among the files that may be written already, or missing."""
    answers = half_way / ".copier-answers.yml"
    if record == "missing":
        answers.unlink()
        said = scaffold("status", half_way, "--json", cwd=half_way)
        assert json.loads(said.stdout)["error"]["code"] == "update-unfinished"
    else:
        if record == "written":
            answers.write_text(answers.read_text().replace("v1.0.0", "v1.1.0"))
        assert json.loads(scaffold("status", half_way, "--json", cwd=half_way).stdout)["unfinished_update"]
    before = state(half_way)
    done = scaffold("update", half_way, "--dry-run", "--json", cwd=half_way)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (4, "update-unfinished")
    assert state(half_way) == before
    assert recover(half_way)
    assert state(half_way) == state(original)


def test_a_full_disk_changes_nothing(tmp_path: Path, original: Path) -> None:
    project = copied(original, tmp_path / "project")
    before = state(project)
    command = f"ulimit -f 1; exec {sys.executable} -m scaffold update {project} --yes --json"
    done = subprocess.run(
        ["sh", "-c", command], cwd=project, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode not in {0, 3}
    assert "Traceback" not in done.stderr
    assert state(project) == before
