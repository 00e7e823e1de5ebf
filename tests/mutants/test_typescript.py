"""Mutants of a small project whose tests, types and rules are known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.mutants.processes import Programs, StoppedError
from tests.mutants.sample import Mutant, Status, equivalents, sample
from tests.mutants.typescript import TypeScript
from tests.support.answers import every_combination
from tools.controls import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.answers import Answers
    from tests.support.projects import Project

RULES = """\
const LIMITS = { age: 18 };
const log: string[] = [];

export function allowed(age: number): boolean {
  if (age < LIMITS.age) {
    return false;
  }
  log.push('allowed');
  return true;
}

export function first(rows: string[]): string {
  if (rows[0] === undefined) throw new Error('none');
  return rows[0];
}

export async function saved(save: () => Promise<void>): Promise<void> {
  await save();
}

export function waits(ready: () => boolean): number {
  let rounds = 0;
  while (!ready()) rounds = rounds + 1;
  return rounds;
}
"""
TESTS = """\
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { allowed, first, saved, waits } from '../src/rules.ts';

it('17 is too young and 18 is not', () => {
  assert.equal(allowed(17), false);
  assert.equal(allowed(18), true);
});
it('the first', () => assert.equal(first(['a']), 'a'));
it('saves', () => saved(() => Promise.resolve()));
it('waits for 3 rounds', () => {
  let left = 3;
  const rounds = waits(() => left-- === 0 || left < -1_000_000);
  assert.equal(rounds, 3);
});
"""
TSCONFIG = """\
{"compilerOptions": {"target": "esnext", "module": "nodenext", "types": ["node"], "noEmit": true, "strict": true,
 "allowImportingTsExtensions": true, "noUncheckedIndexedAccess": true, "skipLibCheck": true},
 "include": ["src", "test"]}
"""
ESLINT = """\
import tseslint from 'typescript-eslint';
export default tseslint.config(tseslint.configs.strictTypeChecked, {
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
});
"""
# What notices each mutant: (kind, text): status.
KNOWN = {
    ("swapped-operator", "age < LIMITS.age"): Status.TESTS,
    ("always-true", "age < LIMITS.age"): Status.TESTS,
    ("never-true", "age < LIMITS.age"): Status.TESTS,
    ("flipped-boolean", "false"): Status.TESTS,
    ("flipped-boolean", "true"): Status.TESTS,
    ("dropped-property", "age: 18"): Status.TYPES,
    ("dropped-call", "log.push('allowed');"): Status.ALIVE,
    ("always-true", "rows[0] === undefined"): Status.TYPES,
    ("never-true", "rows[0] === undefined"): Status.TYPES,
    ("dropped-throw", "throw new Error('none');"): Status.TYPES,
    ("swapped-operator", "rows[0] === undefined"): Status.TYPES,
    ("dropped-call", "await save();"): Status.ALIVE,
    ("dropped-await", "await"): Status.LINT,
    ("never-true", "!ready()"): Status.TESTS,
    ("swapped-operator", "rounds + 1"): Status.TESTS,
}


@pytest.fixture
def planted(tmp_path: Path, made: Callable[[Answers], Project]) -> Project:
    """A project with a few lines, beside the packages of a real one."""
    real = made(every_combination()[0])
    files = {"src/rules.ts": RULES, "test/rules.test.ts": TESTS, "tsconfig.json": TSCONFIG, "eslint.config.js": ESLINT}
    for name, content in {**files, "package.json": '{"type": "module"}'}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "node_modules").symlink_to(real.folder / "node_modules")
    return replace(real, folder=tmp_path)


@pytest.fixture
def subject(planted: Project) -> Iterator[TypeScript]:
    subject = TypeScript([planted], Programs())
    yield subject
    subject.close()


@pytest.mark.mutation
def test_each_mutant_of_a_known_project_meets_its_end(subject: TypeScript, planted: Project) -> None:
    subject.prepare()
    found = {(one.kind, one.original): subject.judge(one, 0) for one in subject.candidates}
    assert {key: outcome.status for key, outcome in found.items()} == KNOWN
    assert found["swapped-operator", "age < LIMITS.age"].by.startswith("17 is too young and 18 is not: ")
    assert (planted.folder / "src/rules.ts").read_text() == RULES


@pytest.mark.mutation
def test_a_mutant_is_named_by_its_place_and_not_by_its_line(subject: TypeScript, planted: Project) -> None:
    before = {one.key for one in subject.candidates}
    assert ("src/rules.ts", "allowed", "dropped-call", "log.push('allowed');") in before
    (planted.folder / "src/rules.ts").write_text(f"// One line more.\n{RULES}")
    again = TypeScript([planted], Programs())
    assert {one.key for one in again.candidates} == before
    again.close()


@pytest.mark.mutation
def test_each_equivalent_mutant_exists(made: Callable[[Answers], Project]) -> None:
    subject = TypeScript([made(every_combination()[0])], Programs())
    named = {key for key in equivalents() if key[0].endswith(".ts")}
    assert named - {one.key for one in subject.candidates} == set()
    subject.close()


def mutant(kind: str, file: str, start: int) -> Mutant:
    return Mutant(file, start, start + 1, "", kind, 1, "", "x")


def test_a_seed_repeats_its_sample_and_kinds_and_files_are_drawn_evenly() -> None:
    candidates = [mutant("many", f"{number % 7}.ts", number) for number in range(500)]
    candidates += [mutant("few", f"{number % 7}.ts", number) for number in range(30)]
    drawn = sample(candidates, 40, 1)
    assert drawn == sample(candidates, 40, 1)
    assert drawn != sample(candidates, 40, 2)
    assert len(set(drawn)) == 40
    assert Counter(one.kind for one in drawn) == {"many": 20, "few": 20}
    assert set(Counter(one.file for one in drawn).values()) <= {5, 6}
    assert len(sample(candidates, 1_000, 1)) == len(candidates)


def test_a_program_that_prints_nothing_is_killed(tmp_path: Path) -> None:
    code = "print('begun', flush=True); import time; time.sleep(60)"
    ended = Programs().run([sys.executable, "-c", code], tmp_path, {}, 1)
    assert ended.silent
    assert ended.output == "begun\n"


def test_nothing_runs_after_an_interruption(tmp_path: Path) -> None:
    programs = Programs()
    programs.stop()
    with pytest.raises(StoppedError):
        programs.run([sys.executable, "-c", ""], tmp_path, {}, 1)


@pytest.mark.mutation
def test_after_ctrl_c_nothing_is_left(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.mutants", "typescript", "--count", "5"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    for line in process.stdout:
        if "mutants; first all tests" in line:
            break
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert list(tmp_path.glob("scaffold-mutants-*")) == []
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in listed
