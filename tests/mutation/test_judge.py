"""The judge refuses proofs whose attack test fails for any other reason than an attack that succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mutation.attacks import attack, without_defence
from tests.mutation.judge import SOUND, Flaw, judge
from tests.support.answers import every_combination
from tests.support.projects import Project
from tools.controls import Edit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.mutation.attacks import TypeChecker
    from tests.support.answers import Answers

SERVICE = """\
import assert from 'node:assert/strict';
export const OWN = true;
export const statusFor = (owner) => (owner || !OWN ? 200 : 404);
export const code = () => 'not-found';
export const check = (value) => assert.equal(value, 404);
export const later = () => undefined;
export const working = () => true;
"""

# Named as in the support of a project: the judge knows the assertion about a refusal by it.
SUPPORT = """\
import assert from 'node:assert/strict';
export function assertProblem(answer, status, code) {
  assert.equal(answer.status, status);
  assert.equal(answer.code, code);
}
"""

ATTACKS = """\
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { assertProblem } from './support.mjs';
import { check, code, later, statusFor, working } from '../src/service.mjs';

test('a stranger gets 404', () => assert.equal(statusFor(false), 404));
test('a stranger gets a problem', () => assertProblem({ status: 404, code: code() }, 404, 'not-found'));
test('a stranger waits', { timeout: 100 }, async () => { await later(); });
test('a stranger is refused in the source', () => check(statusFor(false)));
test('a stranger gets a body', () => assert.equal(statusFor(false).toFixed(), '404'));
test('scripts are off', () => assert.equal(readFileSync('.npmrc', 'utf8'), 'ignore-scripts=true\\n'));
test('scripts do not run', () => {
  const printed = execFileSync(process.execPath, ['-p', 'require("fs").readFileSync(".npmrc", "utf8")']);
  assert.equal(String(printed).trim(), 'ignore-scripts=true');
});
test('the service works', () => assert.ok(working()));
"""

SRC = "src/service.mjs"


@pytest.fixture
def planted(tmp_path: Path, node: dict[str, str]) -> Project:
    """A service of a few lines with attack tests."""
    for name, content in {
        SRC: SERVICE,
        "test/support.mjs": SUPPORT,
        "test/attacks.test.mjs": ATTACKS,
        ".npmrc": "ignore-scripts=true\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return Project(tmp_path, {}, node)


STRANGER = "a stranger gets 404"
OWNER_ONLY = "(owner || !OWN ? 200 : 404)"

PLANTED = {
    "the attack succeeds": (STRANGER, Edit(SRC, "OWN = true", "OWN = false"), None),
    "the edit removes nothing": (STRANGER, Edit(SRC, "OWN = true", "OWN = 1"), Flaw.SURVIVED),
    "the program cannot be loaded": (STRANGER, Edit(SRC, "export const code", "const code"), Flaw.NOT_RUN),
    "the edit uses an unknown name": (STRANGER, Edit(SRC, OWNER_ONLY, "unknown"), Flaw.CRASH),
    "the answer is of another type": ("a stranger gets a body", Edit(SRC, OWNER_ONLY, "undefined"), Flaw.CRASH),
    "an assertion of the program": ("a stranger is refused in the source", Edit(SRC, "!OWN", "OWN"), Flaw.CRASH),
    "the server fails": (STRANGER, Edit(SRC, OWNER_ONLY, "500"), Flaw.SERVER_ERROR),
    "another refusal": (STRANGER, Edit(SRC, OWNER_ONLY, "(owner ? 200 : 403)"), Flaw.STILL_REFUSED),
    "another wording": ("a stranger gets a problem", Edit(SRC, "'not-found'", "'absent'"), Flaw.STILL_REFUSED),
    "the test waits for ever": (
        "a stranger waits",
        Edit(SRC, "=> undefined", "=> new Promise(() => {})"),
        Flaw.ABORTED,
    ),
    "a promise that nobody awaits": (
        "a stranger waits",
        Edit(
            SRC,
            "=> undefined",
            "=> { void Promise.reject(new Error('x')); return new Promise((ok) => setImmediate(ok)); }",
        ),
        Flaw.ABORTED,
    ),
}


@pytest.mark.parametrize(("title", "edit", "flaw"), PLANTED.values(), ids=PLANTED)
def test_a_proof_counts_only_if_the_attack_succeeds(
    planted: Project, title: str, edit: Edit, flaw: Flaw | None
) -> None:
    with without_defence(planted, [edit]):
        run = attack(planted, ["test/attacks.test.mjs"], [title, "the service works"])
    assert judge(title, run).flaw is flaw, run.output


def test_a_project_in_which_nothing_works_proves_nothing(planted: Project) -> None:
    edits = [Edit(SRC, "OWN = true", "OWN = false"), Edit(SRC, "working = () => true", "working = () => false")]
    with without_defence(planted, edits):
        run = attack(planted, ["test/attacks.test.mjs"], [STRANGER, "the service works"])
    assert judge(STRANGER, run).flaw is Flaw.EVERYTHING_FAILS


@pytest.mark.parametrize(("title", "flaw"), [("scripts are off", Flaw.TEXT_ONLY), ("scripts do not run", None)])
def test_a_setting_counts_only_if_a_program_is_started_with_it(planted: Project, title: str, flaw: Flaw | None) -> None:
    with without_defence(planted, [Edit(".npmrc", "true", "false")]):
        run = attack(planted, ["test/attacks.test.mjs"], [title])
    assert judge(title, run, text=True).flaw is flaw, run.output


def test_a_flaw_counts_unless_the_catalogue_tolerates_it(planted: Project) -> None:
    with without_defence(planted, [Edit(SRC, OWNER_ONLY, "(owner ? 200 : 403)")]):
        run = attack(planted, ["test/attacks.test.mjs"], [STRANGER, "the service works"])
    assert judge(STRANGER, run, tolerated={Flaw.STILL_REFUSED}) == SOUND
    assert judge(STRANGER, run, tolerated={Flaw.CRASH}).flaw is Flaw.STILL_REFUSED


def test_the_edits_are_taken_back(planted: Project) -> None:
    def fail() -> None:
        with without_defence(planted, [Edit(SRC, "OWN = true", "OWN = false")]):
            assert "OWN = false" in (planted.folder / SRC).read_text()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (planted.folder / SRC).read_text() == SERVICE


@pytest.mark.mutation
def test_code_that_the_compiler_refuses_proves_nothing(
    made: Callable[[Answers], Project], checker: Callable[[Project], TypeChecker]
) -> None:
    project = made(every_combination()[0])
    name = "src/crypto/password-hasher.ts"
    code = (project.folder / name).read_text(encoding="utf-8")
    check = checker(project).errors
    assert check({name: code}) == []
    assert check({name: f"{code}\nconst unused = 1;\n"}) == []
    [error] = check({name: f"{code}\nexport const wrong: number = 'text';\n"})
    assert "Type 'string' is not assignable to type 'number'" in error
    run = attack(project, ["test/security-txt.test.ts"])
    assert judge(run.results[0].title, run, type_errors=[error]).flaw is Flaw.TYPES
    assert check({name: code}) == []
