"""Mutants of the code of a rendered project."""

from __future__ import annotations

import hashlib
import json
import math
import re
import subprocess
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.mutants.sample import Mutant, Outcome, Status
from tests.mutation.attacks import TypeChecker
from tools.controls import ROOT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tests.mutants.processes import Programs
    from tests.support.projects import Project

_HERE = Path(__file__).parent
_CACHE = ROOT / ".cache" / "mutants"
_FLAGS = ("--disable-proto=delete", "--disallow-code-generation-from-strings", "--test", "--test-isolation=none")
# No test of a project is silent for longer, even on a busy machine.
_SILENT_SECONDS = 90
# So many of the most likely tests are run first, alone.
_FIRST = 12
# The linter sees most of these.
_OF_THE_LINTER = "dropped-await"


@dataclass(frozen=True)
class _Test:
    """A test of the project, and what it executes.

    Attributes:
        file: of the test.
        title: of the test.
        seconds: how long it takes.
        hits: numbers of the candidates that it executes.
    """

    file: str
    title: str
    seconds: float
    hits: set[int]


@dataclass(frozen=True)
class _Failure:
    """A test that failed.

    Attributes:
        title: of the test; empty if the process of the tests ended otherwise.
        message: of the error.
        alone: the test was selected by its title; else its whole file ran.
    """

    title: str
    message: str
    alone: bool


class TypeScript:
    """The code in `src/` of a project.

    Attributes:
        projects: one copy for each worker.
        programs: what is running.
    """

    def __init__(self, projects: Sequence[Project], programs: Programs, most_seconds: float = math.inf) -> None:
        """Start the compiler and the linter; they load the project while the tests run once.

        Args:
            projects: one copy for each worker.
            programs: what is running.
            most_seconds: only the most likely tests of a mutant run, as many as took so long when they were recorded.
                Default: all that execute it.
        """
        self.projects = projects
        self.programs = programs
        self._most_seconds = most_seconds
        self._originals: dict[str, str] = {}
        self._checks = threading.Lock()
        self._kills: Counter[tuple[str, str]] = Counter()
        # Whether a test passes alone without any mutant; one that needs the others of its file runs with them.
        self._passes: dict[tuple[str, bool], bool] = {}
        self._types = TypeChecker(projects[0])
        self._linter = subprocess.Popen(
            ["node", _HERE / "lint.mjs", projects[0].folder],
            env=projects[0].environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the compiler and the linter."""
        self._types.close()
        self._linter.communicate()

    @cached_property
    def candidates(self) -> list[Mutant]:
        """All mutants, in the order of the files."""
        project = self.projects[0]
        command = ["node", str(_HERE / "candidates.mjs"), str(project.folder)]
        listed = subprocess.run(command, env=project.environment, capture_output=True, check=True, text=True).stdout
        return [Mutant(**one) for one in json.loads(listed)]

    @cached_property
    def _numbers(self) -> dict[Mutant, int]:
        return {mutant: number for number, mutant in enumerate(self.candidates)}

    def prepare(self) -> None:
        """Record what each test executes."""
        assert self.tests

    @cached_property
    def tests(self) -> list[_Test]:
        """The tests of the project."""
        found = self._recorded["tests"]
        # What a suite does before its first test may decide all of them.
        prepared: defaultdict[str, set[int]] = defaultdict(set)
        for one in found:
            prepared[one["file"]].update(set(one["between"]) - self._loaded)
        return [
            _Test(Path(one["file"]).name, one["title"], one["seconds"], prepared[one["file"]].union(one["hits"]))
            for one in found
        ]

    @cached_property
    def _loaded(self) -> set[int]:
        """Numbers of the candidates that are executed while the code is loaded."""
        return set(self._recorded["loaded"])

    @cached_property
    def _recorded(self) -> dict[str, Any]:
        """What a run of all tests executes; recorded once for each state of the code.

        Raises:
            AssertionError: a test fails without any mutant.
        """
        project = self.projects[0]
        digest = hashlib.sha256()
        for path in sorted([*project.folder.glob("src/**/*.ts"), *project.folder.glob("test/**/*.ts")]):
            digest.update(path.read_bytes())
        kept = _CACHE / f"{digest.hexdigest()[:16]}.json"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            self._record(kept)
        recorded: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return recorded

    def _record(self, kept: Path) -> None:
        project = self.projects[0]
        listed, fresh = project.folder / "data" / "candidates.json", project.folder / "data" / "coverage.json"
        listed.parent.mkdir(exist_ok=True)
        listed.write_text(json.dumps([{"file": one.file, "start": one.start} for one in self.candidates]))
        variables = {"MUTANTS_CANDIDATES": str(listed), "MUTANTS_COVERAGE": str(fresh)}
        command = ["node", "--import", str(_HERE / "coverage.mjs"), *_FLAGS]
        ended = self.programs.run(command, project.folder, project.environment | variables, 10 * _SILENT_SECONDS)
        assert ended.code == 0, f"a test fails without any mutant:\n{ended.output[-5000:]}"
        kept.write_bytes(fresh.read_bytes())

    def judge(self, mutant: Mutant, worker: int) -> Outcome:
        """Say what notices a mutant: types first, then the tests that execute it, then the linter."""
        began = time.monotonic()
        status, by = self._judge(mutant, worker)
        return Outcome(status, by, time.monotonic() - began)

    def _judge(self, mutant: Mutant, worker: int) -> tuple[Status, str]:
        path = self.projects[worker].folder / mutant.file
        if mutant.file not in self._originals:
            self._originals[mutant.file] = path.read_text(encoding="utf-8")
        original = self._originals[mutant.file]
        content = mutant.of(original)
        with self._checks:
            errors = self._types.errors({mutant.file: content})
            if errors:
                return Status.TYPES, errors[0]
            messages = self._lint(mutant.file, content) if mutant.kind == _OF_THE_LINTER else []
            if messages:
                return Status.LINT, messages[0]
        while True:
            path.write_text(content, encoding="utf-8")
            try:
                killer = next(filter(None, self._runs(mutant, worker)), None)
            finally:
                path.write_text(original, encoding="utf-8")
            if killer is None:
                with self._checks:
                    messages = self._lint(mutant.file, content)
                return (Status.LINT, messages[0]) if messages else (Status.ALIVE, "")
            if self._is_true(killer, worker):
                self._kills[mutant.file, killer.title] += 1
                return Status.TESTS, f"{killer.title}: {killer.message}"

    def _is_true(self, killer: _Failure, worker: int) -> bool:
        """Tell whether what failed passes without the mutant, in the same way of running it."""
        known = killer.title, killer.alone
        if not killer.title:
            return True
        if known not in self._passes:
            tests = [test for test in self.tests if test.title == killer.title]
            again = self._run(worker, tests) if killer.alone else self._run(worker, [], {test.file for test in tests})
            self._passes[known] = again is None
        return self._passes[known]

    def _lint(self, file: str, content: str) -> list[str]:
        assert self._linter.stdin
        assert self._linter.stdout
        self._linter.stdin.write(json.dumps({"path": file, "content": content}) + "\n")
        self._linter.stdin.flush()
        messages: list[str] = json.loads(self._linter.stdout.readline())
        return messages

    def _runs(self, mutant: Mutant, worker: int) -> Iterator[_Failure | None]:
        """Run the tests that can notice a mutant, the most likely first; gives what failed in each run."""
        tests = self._likely(mutant)
        alone = [test for test in tests if self._passes.get((test.title, True), True)]
        for group in [alone[:_FIRST], *_groups(alone[_FIRST:])]:
            if group:
                yield self._run(worker, group)
        files = self._starting_programs | {test.file for test in tests if test not in alone}
        files -= {test.file for test in self.tests if not self._passes.get((test.title, False), True)}
        if files:
            yield self._run(worker, [], files)

    def _executed(self, mutant: Mutant) -> bool:
        return any(self._numbers[mutant] in test.hits for test in self.tests)

    @cached_property
    def _starting_programs(self) -> set[str]:
        """Files with tests that start the project's programs: what those execute is not recorded."""
        folder = self.projects[0].folder / "test"
        return {path.name for path in folder.glob("*.test.ts") if "support/program.ts" in path.read_text("utf-8")}

    def _likely(self, mutant: Mutant) -> list[_Test]:
        """Return the tests that can notice a mutant, the most likely first.

        They execute it, or are named like it: what is computed once only the first of its tests executes. Of a mutant
        that is only executed while loading they execute something else of its file.
        """
        number = self._numbers[mutant]
        words = set(re.findall(r"[a-z]+", mutant.file)) - {"src", "ts", "index"}
        named = set(re.findall(r"[a-z]+", Path(mutant.file).stem))
        near = self._near(mutant.file) if number in self._loaded and not self._executed(mutant) else set()
        tests = [
            test
            for test in self.tests
            if number in test.hits or near & test.hits or named & set(re.findall(r"[a-z]+", test.file[:-8]))
        ]

        def worth(test: _Test) -> float:
            alike = len(words & set(re.findall(r"[a-z]+", test.file)))
            return (1 + 3 * alike + 10 * self._kills[mutant.file, test.title]) / (test.seconds + 0.1)

        tests.sort(key=worth, reverse=True)
        until = list(accumulate(test.seconds for test in tests))
        return [test for test, seconds in zip(tests, until, strict=True) if seconds <= self._most_seconds]

    def _near(self, file: str) -> set[int]:
        """Return the numbers of the candidates in a file and in those that import it."""
        name = Path(file).name
        sources = self.projects[0].folder
        near = {file} | {
            str(path.relative_to(sources))
            for path in sources.glob("src/**/*.ts")
            if re.search(rf"from '[./a-z-]*/{re.escape(name)}'", path.read_text(encoding="utf-8"))
        }
        return {number for number, one in enumerate(self.candidates) if one.file in near}

    def _run(self, worker: int, tests: Sequence[_Test], files: Collection[str] = ()) -> _Failure | None:
        """Run tests, or whole files, until one fails."""
        project = self.projects[worker]
        patterns = [f"--test-name-pattern=^{re.escape(title)}$" for title in {test.title for test in tests}]
        names = [f"test/{name}" for name in sorted(files) or dict.fromkeys(test.file for test in tests)]
        command = ["node", *_FLAGS, f"--test-reporter={_HERE / 'first_failure.mjs'}", *patterns, *names]
        cache = {"NODE_COMPILE_CACHE": str(project.folder / "node_modules" / ".cache" / "compiled")}
        ended = self.programs.run(command, project.folder, project.environment | cache, _SILENT_SECONDS)
        if ended.silent:
            return _Failure("", "time-out", not files)
        if ended.code == 0:
            return None
        failed = next((test for test in _reported(ended.output) if test["failed"]), None)
        if not failed:
            return _Failure("", f"the tests ended with {ended.code}: {ended.output[-200:]}", not files)
        return _Failure(failed["title"], " ".join(failed["message"].split()), not files)


def _groups(tests: Sequence[_Test]) -> Iterator[list[_Test]]:
    """Give the tests in portions of about 30 seconds, so that a failure is seen before the last one is loaded."""
    group: list[_Test] = []
    for test in tests:
        group.append(test)
        if sum(one.seconds for one in group) > 30:
            yield group
            group = []
    if group:
        yield group


def _reported(output: str) -> Iterator[dict[str, Any]]:
    for line in output.split("\n"):
        if line.startswith('{"title":'):
            yield json.loads(line)
