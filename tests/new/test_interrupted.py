"""Killed at any moment, `scaffold new` leaves a whole project or none."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from scaffold.files.staging import LOCK_NAME, UNLOCKED_GRACE_SECONDS
from tests.support.command import COMPLETE, IDENTITY, environment, git, scaffold, start
from tests.support.small_template import small_template, write_files
from tests.support.trees import project_tree

if TYPE_CHECKING:
    from pathlib import Path

# Many short runs, beside those of other tests.
pytestmark = pytest.mark.timeout(1800)

# Print it and give it again to repeat a run.
SEED = int(os.environ.get("SCAFFOLD_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
# In `make test`, and (marked as a matter of minutes) in `make matrix`.
TIMES = [1, pytest.param(8, marks=pytest.mark.matrix)]
STEPS = [3, pytest.param(20, marks=pytest.mark.matrix)]
SIGNALS = [
    signal.SIGINT,
    signal.SIGKILL,
    *(pytest.param(number, marks=pytest.mark.matrix) for number in (signal.SIGTERM, signal.SIGHUP)),
]

# Runs the command and sends itself a signal when Python is about to touch the disk for the n-th time.
AT_A_STEP = """
import os, sys
number, moment = int(sys.argv[1]), int(sys.argv[2])
steps = -1
TOUCHING = ("open", "os.", "shutil.", "subprocess.", "tempfile.", "fcntl.")
def watch(event, details):
    global steps
    if not event.startswith(TOUCHING):
        return
    if event == "os.mkdir" and ".scaffold-" in str(details[0]) and steps < 0:
        steps = 0
    if steps >= 0:
        steps += 1
        if steps == moment:
            os.kill(os.getpid(), number)
from scaffold.cli import main
sys.addaudithook(watch)
code = main(sys.argv[3:])
if moment == 0:
    print(steps)
sys.exit(code)
"""


def is_staging(path: Path) -> bool:
    return path.name.startswith(".scaffold-")


def assert_whole_or_none(parent: Path, reference: Path, number: signal.Signals, code: int) -> None:
    project = parent / "a" / "p"
    leftovers = [
        path for folder in (parent, parent / "a") if folder.is_dir() for path in folder.iterdir() if is_staging(path)
    ]
    if number is not signal.SIGKILL:
        assert leftovers == []
        assert code in {0, 128 + number, -number}
    if project.exists():
        assert project_tree(project) == project_tree(reference)
        assert (project / ".env").stat().st_mode & 0o777 == 0o600
        assert git("status", "--porcelain", cwd=project) == ""
    elif number is not signal.SIGKILL:
        assert code != 0
        assert not (parent / "a").exists()


def assert_next_run_sweeps(parent: Path, *arguments: str) -> None:
    long_ago = time.time() - 2 * UNLOCKED_GRACE_SECONDS
    for path in filter(is_staging, (parent / "a").glob("*")):
        # Killed between making the folder and locking it: the folder could belong to a command that has just begun.
        if not (path / LOCK_NAME).exists():
            os.utime(path, (long_ago, long_ago))
    done = scaffold("new", "a/q", *arguments, "--no-git", cwd=parent)
    assert done.returncode == 0
    assert not [path for path in (parent / "a").iterdir() if is_staging(path)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Create a project undisturbed; return it and the seconds it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    began = time.monotonic()
    # The project has the name of its folder.
    assert scaffold("new", "p", *COMPLETE, cwd=folder).returncode == 0
    return folder / "p", time.monotonic() - began


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("times", TIMES)
def test_a_signal_at_a_random_time(
    tmp_path: Path, number: signal.Signals, reference: tuple[Path, float], times: int
) -> None:
    chance = random.Random(f"{SEED}-{number}")  # noqa: S311 - repeatable on purpose
    for attempt in range(times):
        parent = tmp_path / str(attempt)
        parent.mkdir()
        process = start("new", "a/p", *COMPLETE, cwd=parent)
        pause = chance.uniform(0, reference[1] * 1.1)
        time.sleep(pause)
        process.send_signal(number)
        _, errors = process.communicate(timeout=900)
        print(f"seed {SEED}: {number.name} after {pause:.3f} s, exit code {process.returncode}")  # noqa: T201
        # In its first milliseconds the process is still Python's own, and Python says 1.
        starting = process.returncode == 1 and b"KeyboardInterrupt" in errors
        assert_whole_or_none(parent, reference[0], number, -number if starting else process.returncode)
        assert process.returncode != 128 + number or b"Traceback" not in errors
    assert_next_run_sweeps(tmp_path / "0", *COMPLETE)


def run_to_step(number: int, moment: int, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AT_A_STEP, str(int(number)), str(moment), "new", *arguments],
        cwd=cwd,
        env=environment(**IDENTITY),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("steps", STEPS)
def test_a_signal_at_a_random_step(tmp_path: Path, number: signal.Signals, steps: int) -> None:
    chance = random.Random(f"{SEED}-{number}")  # noqa: S311 - repeatable on purpose
    questions = "name: {type: str, default: someone}\n"
    files = {"__gitignore": ".env\n", "__env__example": "# secret: generated\nA=\n", "src/a__ts__jinja": "{{ name }}"}
    template = small_template(tmp_path / "template", questions, **files).folder
    arguments = ("--template", str(template), "--defaults", "--json")
    counted = run_to_step(number, 0, tmp_path, "reference", *arguments)
    assert counted.returncode == 0, counted.stderr
    total = int(counted.stdout.splitlines()[-1])
    # The last steps are the ones where the project moves into place.
    late = chance.sample(range(total - 12, total + 1), min(steps // 2, 13))
    moments = chance.sample(range(1, total - 12), steps) + late
    for moment in moments:
        parent = tmp_path / str(moment)
        parent.mkdir()
        done = run_to_step(number, moment, parent, "a/p", *arguments)
        print(f"seed {SEED}: {number.name} at step {moment} of {total}, exit code {done.returncode}")  # noqa: T201
        assert "Traceback" not in done.stderr
        assert_whole_or_none(parent, tmp_path / "reference", number, done.returncode)
    assert_next_run_sweeps(tmp_path / str(moments[0]), *arguments)
    assert_next_run_sweeps(tmp_path / str(moments[-1]), *arguments)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_while_packages_are_installed(tmp_path: Path, number: signal.Signals) -> None:
    npm = f"#!/bin/sh\nmkdir node_modules; echo $$ > {tmp_path}/installing; exec sleep 600\n"
    programs = write_files(tmp_path / "bin", {"node": "#!/bin/sh\necho v99.0.0\n", "npm": npm})
    for program in programs.iterdir():
        program.chmod(0o755)
    (tmp_path / "here").mkdir()
    path = f"{programs}:{os.environ['PATH']}"
    process = start("new", "p", *COMPLETE, "--install", cwd=tmp_path / "here", PATH=path)
    wait_for(tmp_path / "installing", process)
    process.send_signal(number)
    process.communicate(timeout=900)
    assert process.returncode == 128 + number
    assert list((tmp_path / "here").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "installing").read_text()), 0)
