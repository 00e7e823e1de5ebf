"""Mutants of the modules that write, merge and put back."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutants.python_edits import python_mutants
from tests.mutants.sample import Mutant, Outcome, Status
from tools.checkout import copy_to
from tools.controls import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.mutants.processes import Ended, Programs

_CACHE = ROOT / ".cache" / "mutants"
_MODULES = ("update", "files", "new", "project")
_TESTS = ("tests/unit", "tests/update", "tests/new", "tests/fleets", "tests/hostile", "tests/wizard")
# No test is silent for longer, even on a busy machine.
_SILENT_SECONDS = 180
# So many files of tests run in one process.
_TOGETHER = 4
# Others betray the mutant, but not the mistake that it stands for: an unused name, a constant condition, a number.
_RULES = ("--select=F,B,S,ASYNC", "--ignore=F401,F841")
_TYPES = ("--no-error-summary", "--disable-error-code=redundant-expr", "--disable-error-code=truthy-bool")
_COVERAGE = "[run]\nsource = scaffold\npatch = fork\nparallel = true\n"


@dataclass(frozen=True)
class _File:
    """A file of tests.

    Attributes:
        path: within the repository.
        seconds: how long it takes.
        lines: the lines of each module that it executes.
        failing: its tests that fail without any mutant, for example because a full disk has no room for the recording.
    """

    path: str
    seconds: float
    lines: dict[str, list[int]]
    failing: list[str]


def copy(folder: Path) -> Path:
    """Copy the repository with its history; its own interpreter imports the copy and the packages of this one."""
    subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(folder)], check=True)
    copy_to(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")], check=True)
    packages = next(folder.glob(".venv/lib/python*/site-packages"))
    lines = [str(folder), sysconfig.get_path("purelib"), "import coverage; coverage.process_startup()"]
    (packages / "copy.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


class Python:
    """The modules of `scaffold/`.

    Attributes:
        copies: one of the repository for each worker.
        programs: what is running.
    """

    def __init__(self, copies: Sequence[Path], programs: Programs, most_seconds: float = math.inf) -> None:
        """Begin; nothing runs yet.

        Args:
            copies: one of the repository for each worker.
            programs: what is running.
            most_seconds: only the most likely files of tests of a mutant run, as many as took so long when they were
                recorded. Default: all that execute it.
        """
        self.copies = copies
        self.programs = programs
        self._most_seconds = most_seconds
        self._kills: Counter[tuple[str, str]] = Counter()

    @cached_property
    def candidates(self) -> list[Mutant]:
        """All mutants, in the order of the files."""
        return [
            mutant
            for room in _MODULES
            for path in sorted((self.copies[0] / "scaffold" / room).glob("*.py"))
            for mutant in python_mutants(str(path.relative_to(self.copies[0])), path.read_text(encoding="utf-8"))
        ]

    def prepare(self) -> None:
        """Record what each file of tests executes."""
        assert self.files

    @cached_property
    def files(self) -> list[_File]:
        """The files of tests; each is recorded once for each state of the code."""
        folder = self.copies[0]
        state = hashlib.sha256()
        for path in sorted([*folder.glob("scaffold/**/*.py"), *folder.glob("tests/support/*.py")]):
            state.update(path.read_bytes())
        _CACHE.mkdir(parents=True, exist_ok=True)
        return [
            self._recorded(path, state.copy())
            for room in _TESTS
            for path in sorted((folder / room).glob("**/test_*.py"))
        ]

    def _recorded(self, path: Path, state: hashlib._Hash) -> _File:
        name = str(path.relative_to(self.copies[0]))
        state.update(path.read_bytes())
        kept = _CACHE / f"{path.stem}-{state.hexdigest()[:16]}.json"
        if not kept.exists():
            kept.write_text(json.dumps(self._record(name)), encoding="utf-8")
        return _File(name, **json.loads(kept.read_text(encoding="utf-8")))

    def _record(self, name: str) -> dict[str, object]:
        from coverage import Coverage

        folder = self.copies[0] / ".cache" / "coverage"
        folder.mkdir(parents=True)
        settings = folder / "settings"
        settings.write_text(_COVERAGE, encoding="utf-8")
        variables = {"COVERAGE_PROCESS_START": str(settings), "COVERAGE_FILE": str(folder / "data")}
        began = time.monotonic()
        ended = self._pytest(0, [name, "--maxfail=0"], variables)
        seconds = time.monotonic() - began
        measured = Coverage(data_file=str(folder / "data"), config_file=False)
        if list(folder.glob("data.*")):
            measured.combine()
        data = measured.get_data()
        here = self.copies[0].resolve()
        # A test may run a copy of its own.
        modules = [module for module in data.measured_files() if Path(module).is_relative_to(here)]
        lines = {str(Path(module).relative_to(here)): sorted(data.lines(module) or []) for module in modules}
        shutil.rmtree(folder)
        return {"seconds": seconds, "lines": lines, "failing": _failed(ended.output)}

    def _pytest(self, worker: int, tests: Sequence[str], variables: dict[str, str] | None = None) -> Ended:
        folder = self.copies[worker]
        python = folder / ".venv" / "bin" / "python"
        options = ["-n", "0", "-x", "-v", "--tb=no", "-p", "no:cacheprovider", f"--timeout={_SILENT_SECONDS}"]
        environment = {**os.environ, "SCAFFOLD_TEST_SEED": "1", "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})}
        return self.programs.run([python, "-m", "pytest", *options, *tests], folder, environment, _SILENT_SECONDS)

    def judge(self, mutant: Mutant, worker: int) -> Outcome:
        """Say what notices a mutant: the tests that execute it, then types, then the linter."""
        began = time.monotonic()
        path = self.copies[worker] / mutant.file
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.of(original), encoding="utf-8")
        try:
            status, by = next(self._notices(mutant, worker), (Status.ALIVE, ""))
        finally:
            path.write_text(original, encoding="utf-8")
        return Outcome(status, by, time.monotonic() - began)

    def _notices(self, mutant: Mutant, worker: int) -> Iterator[tuple[Status, str]]:
        deselected = [f"--deselect={test}" for file in self.files for test in file.failing]
        for tests in self._likely(mutant):
            ended = self._pytest(worker, [*tests, *deselected])
            if ended.silent:
                yield Status.TESTS, "time-out"
            elif ended.code:
                failed = _failed(ended.output)
                by = failed[-1] if failed else ended.output[-300:].replace("\n", " ")
                self._kills[mutant.file, by] += 1
                yield Status.TESTS, by
        folder = self.copies[worker]
        python = str(folder / ".venv" / "bin" / "python")
        checks = {Status.TYPES: ["mypy", *_TYPES, "scaffold"], Status.LINT: ["ruff", "check", *_RULES, mutant.file]}
        for status, command in checks.items():
            ended = self.programs.run([python, "-m", *command], folder, {**os.environ}, _SILENT_SECONDS)
            if ended.code:
                yield status, ended.output

    def _likely(self, mutant: Mutant) -> Iterator[list[str]]:
        """Give tests in portions: those that killed others of the file, then the files that execute the line."""
        known = [test for (file, test), _ in self._kills.most_common() if file == mutant.file and "::" in test][:4]
        if known:
            yield known
        files = [file for file in self.files if mutant.line in file.lines.get(mutant.file, ())]
        words = set(re.findall(r"[a-z]+", mutant.file)) - {"scaffold", "py"}

        def worth(file: _File) -> float:
            return (1 + 3 * len(words & set(re.findall(r"[a-z]+", file.path)))) / (file.seconds + 1)

        files.sort(key=worth, reverse=True)
        until = accumulate([file.seconds for file in files])
        files = [file for file, seconds in zip(files, until, strict=True) if seconds <= self._most_seconds]
        for at in range(0, len(files), _TOGETHER):
            yield [file.path for file in files[at : at + _TOGETHER]]


def _failed(output: str) -> list[str]:
    """Return the failed tests of a run; a parameter of a test may contain spaces."""
    return re.findall(r"^(tests/.*?) (?:FAILED|ERROR)\b", output, re.MULTILINE)
