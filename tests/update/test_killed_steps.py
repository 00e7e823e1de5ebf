"""Killed before any step of applying an update or of putting it back, the next run puts it back: nothing is lost."""

from __future__ import annotations

import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, TypeAlias

import pytest

from scaffold.errors import ScaffoldError
from scaffold.git.run import Git, isolated
from scaffold.update import journal, merge
from scaffold.update.special_files import Sides
from tests.support.command import environment
from tests.support.template_repository import commit, lines, state, write

if TYPE_CHECKING:
    from pathlib import Path

Files: TypeAlias = dict[str, str | bytes | None]
LONG = lines(*range(30))
# Applies a plan, and kills itself when Python is about to touch the disk, or to start git, for the n-th time.
SCRIPT = """
import os, pickle, signal, sys
from pathlib import Path
from scaffold.update import apply
from scaffold.git.run import Git
moment, folder, plan = int(sys.argv[1]), Path(sys.argv[2]), pickle.loads(Path(sys.argv[3]).read_bytes())
steps = 0
TOUCHES = ("subprocess.Popen", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.chmod", "os.truncate",
           "os.symlink", "shutil.copyfile", "shutil.rmtree", "open")
def watch(event, details):
    global steps
    if event not in TOUCHES or event == "open" and not (isinstance(details[1], str) and set(details[1]) & set("wax")):
        return
    steps += 1
    if steps == moment:
        os.kill(os.getpid(), signal.SIGKILL)
os.environ["VICTIM"] = str(os.getpid())
sys.addaudithook(watch)
try:
    apply.apply_merge(Git(folder), plan)
finally:
    print(steps)
"""
# Fails at the second file, the second time: the first time is the rehearsal.
FAILS = "#!/bin/sh\ncat\necho x >> {count}\n[ $(wc -l < {count}) -ne {fatal} ]\n"


class Plan:
    """A project, and an update of it that adds, changes, removes, conflicts, and swaps files and folders."""

    def __init__(self, place: Path, *, filtered: bool) -> None:
        """Make the project in a folder of a repository, and plan the update."""
        self.place, self.top = place, place / "top"
        old: Files = {
            "old.txt": LONG,
            "both.bin": b"\0old",
            "gone/a.txt": "gone\n",
            "tool/version": "24\n",
            "plain": "plain\n",
        }
        new: Files = {"old.txt": LONG + "more\n", "both.bin": b"\0new", "new/deep/er.txt": "new\n", "tool": "24\n"}
        write(place / "base", old)
        write(place / "theirs", {**new, "plain/file.txt": "plain\n"})
        write(self.top / "api", old)
        isolated(self.top).output("init", "--quiet")
        commit(self.top)
        write(self.top / "api", {"both.bin": b"\0mine"})
        if filtered:
            write(self.top, {".gitattributes": "*.txt filter=large\n"})
        commit(self.top)
        (self.top / "api/old.txt").chmod(0o640)
        project = Git(self.top / "api")
        sides = Sides(place / "base", place / "theirs", {})
        self.joined = merge.merge_renders(project, project.committed(), sides, label="v2")
        assert [conflict.path for conflict in self.joined.conflicts] == ["both.bin"]
        (place / "plan").write_bytes(pickle.dumps(self.joined))

    def run(self, moment: int) -> tuple[Path, subprocess.CompletedProcess[str]]:
        """Apply the update to a copy of the project and kill it at a moment."""
        top = self.place / f"at-{moment}"
        shutil.rmtree(top, ignore_errors=True)
        shutil.copytree(self.top, top, symlinks=True)
        (self.place / "count").unlink(missing_ok=True)
        command = [sys.executable, "-c", SCRIPT, str(moment), str(top / "api"), str(self.place / "plan")]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=60)
        return top, done

    def filter(self, text: str) -> None:
        """Let a program filter the text files."""
        program = self.place / "filter"
        program.write_text(text)
        program.chmod(0o755)
        git = isolated(self.top)
        git.output("config", "filter.large.required", "true")
        git.output("config", "filter.large.smudge", str(program))
        git.output("config", "filter.large.clean", "cat")


def seen(top: Path) -> object:
    modes = {path.name: path.lstat().st_mode for path in (top / "api").rglob("*")}
    return state(top), modes


def leftovers(top: Path) -> list[str]:
    return [path.name for path in (top / ".git").iterdir() if "scaffold" in path.name or "lock" in path.name]


@pytest.mark.parametrize("fails", [False, True], ids=["it works", "a filter fails in the middle"])
@pytest.mark.parametrize("stride", [29, pytest.param(5, marks=[pytest.mark.matrix, pytest.mark.timeout(3600)])])
def test_killed_before_any_step_it_is_put_back_or_complete(tmp_path: Path, stride: int, *, fails: bool) -> None:
    plan = Plan(tmp_path, filtered=fails)
    if fails:
        plan.filter(FAILS.format(count=tmp_path / "count", fatal=4))
    before = seen(plan.top)
    top, done = plan.run(0)
    assert ("filter" in done.stderr, done.returncode) == (fails, int(fails)), done.stderr
    after, steps = seen(top), int(done.stdout.splitlines()[-1])
    assert (after == before) == fails
    assert leftovers(top) == []
    assert steps > 40
    for moment in range(random.randint(1, stride), steps + 1, stride):  # noqa: S311 - the message names it
        top, done = plan.run(moment)
        assert done.returncode == -signal.SIGKILL
        if journal.recover(top / "api"):
            assert seen(top) == before, f"killed at step {moment} of {steps}"
        else:
            assert seen(top) in (before, after), f"killed at step {moment} of {steps}"
        with journal.exclusive(Git(top / "api")):
            pass
        assert leftovers(top) == [], f"killed at step {moment} of {steps}"
        shutil.rmtree(top)


def test_a_filter_that_goes_on_after_the_kill_keeps_the_next_update_away(tmp_path: Path) -> None:
    """Git and its filter outlive the command; putting back what they still write would be undone by them."""
    plan = Plan(tmp_path, filtered=True)
    count, go = tmp_path / "count", tmp_path / "go"
    waits = f"while ! test -e {go}; do sleep 0.1; done"
    plan.filter(f"#!/bin/sh\ncat\necho x >> {count}\n[ $(wc -l < {count}) -ne 4 ] || {{ kill -9 $VICTIM; {waits}; }}\n")
    before = seen(plan.top)
    top, done = plan.run(0)
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(ScaffoldError, match="is running"):
        journal.recover(top / "api")
    go.touch()
    for _ in range(200):
        try:
            assert journal.recover(top / "api")
            break
        except ScaffoldError:
            time.sleep(0.1)
    assert seen(top) == before
    assert leftovers(top) == []
