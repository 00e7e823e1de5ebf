"""Every control that is claimed has an attack test, and the attack succeeds when the control is removed."""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from tests.mutation import repository
from tests.mutation.attacks import OURS, attack, without_defence
from tests.mutation.judge import Flaw, Run, judge
from tests.support.projects import Project, attacked_sample
from tests.support.rendering import in_memory
from tools.controls import DOCUMENT, ROOT, Control, Proof, document, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark.structures import ParameterSet

    from tests.mutation.attacks import TypeChecker
    from tests.mutation.judge import Verdict
    from tests.support.answers import Answers

Standing: TypeAlias = "Callable[[Project, str], Run]"
Checker: TypeAlias = "Callable[[Project], TypeChecker]"

CONTROLS = load()
PROOFS = [(control, proof) for control in CONTROLS for proof in control.proofs]
# Tests of this repository, in Python: they look at what the template renders, or attack the `scaffold` command.
OWN = [(control, proof) for control, proof in PROOFS if proof.test_file.endswith(".py")]
# All processes of a run draw the same sample.
SEED = os.environ["SCAFFOLD_TEST_SEED"]
# Files of the `scaffold` command; all others are files of the project.
GENERATOR = ("scaffold/", "copier.yml")
# How many of the other databases and choices of a proof are run; `make mutations ALL=1` and ONLY run all.
SHARE = float(os.environ.get("SCAFFOLD_MUTATION_SHARE", "0"))
# A file with a single attack test cannot show that the project still works; this one is short.
WORKING = "test/security-txt.test.ts"


class Case(NamedTuple):
    """A proof and one of the projects that it holds for."""

    answers: Answers
    control: Control
    proof: Proof

    @property
    def name(self) -> str:
        """Return a name that `make mutations ONLY=...` selects."""
        number = self.control.proofs.index(self.proof) + 1
        return f"{self.control.id}-{number}-{self.answers['database']}-{self.answers['rate_limit_store']}"


def applies(proof: Proof, answers: Answers) -> bool:
    """Evaluate the condition under which a project has the defence and its attack test."""
    condition = SandboxedEnvironment(undefined=StrictUndefined).compile_expression(proof.when)
    return bool(condition(**answers))


@cache
def _sample() -> list[tuple[Answers, dict[str, bytes]]]:
    return [(answers, in_memory(answers)) for answers in attacked_sample()]


def cases_of(control: Control, proof: Proof) -> list[Case]:
    """Return the proof once for each database, and once for each text that the answers give its two files."""
    found: dict[object, Case] = {}
    for answers, tree in _sample():
        if applies(proof, answers):
            key = (answers["database"], tree.get(proof.file), tree.get(proof.test_file))
            found.setdefault(key, Case(answers, control, proof))
    return list(found.values())


def _chosen() -> list[Case]:
    """Return each proof on the first project that it holds for, and a share of the others."""
    chance = random.Random(SEED)  # noqa: S311 - a sample, no secret
    found = [cases_of(control, proof) for control, proof in PROOFS if not proof.test_file.endswith(".py")]
    others = [case for cases in found for case in cases[1:] if chance.random() < SHARE]
    return [cases[0] for cases in found if cases] + others


def _parameters() -> list[ParameterSet]:
    """Return the cases, those of one project together, so that few compilers are in memory at a time."""
    cases = _chosen()
    rows = attacked_sample()
    size = Counter((rows.index(case.answers), case.proof.test_file) for case in cases)

    def order(case: Case) -> tuple[int, int, str]:
        group = (rows.index(case.answers), case.proof.test_file)
        return group[0], -size[group], group[1]

    return [
        pytest.param(case, id=case.name, marks=pytest.mark.xdist_group(f"{order(case)[0]} {case.proof.test_file}"))
        for case in sorted(cases, key=order)
    ]


@pytest.fixture(scope="session")
def standing() -> Standing:
    """Runs the attack tests of a file while every defence stands: once in each project."""
    seen: dict[tuple[str, str], Run] = {}

    def run(project: Project, test_file: str) -> Run:
        key = (str(project.folder), test_file)
        if key not in seen:
            seen[key] = attack(project, [test_file])
        return seen[key]

    return run


@pytest.mark.mutation
@pytest.mark.parametrize("case", _parameters())
def test_the_attack_succeeds_once_the_defence_is_gone(
    case: Case,
    standing: Standing,
    checker: Checker,
    made: Callable[[Answers], Project],
    record_property: Callable[[str, object], None],
) -> None:
    project = made(case.answers)
    before = standing(project, case.proof.test_file)
    _require_passing(before, case.name, case.proof)
    verdict, run = _removed(project, case.proof, before, checker)
    record_property("verdict", (case.control.id, case.name, str(verdict.flaw or "sound"), verdict.reason))
    assert verdict.flaw is None, f"{case.name}: {verdict.flaw}: {verdict.reason}\n{run.output}"


def _require_passing(before: Run, name: str, proof: Proof) -> None:
    """Check that the attack test exists and passes while every defence stands."""
    attacked = before.of(proof.test)
    assert attacked, f"{name}: there is no such attack test\n{before.output}"
    assert attacked.failure is None, f"{name}: the attack test does not pass as it is\n{before.output}"


def _removed(project: Project, proof: Proof, before: Run, checker: Checker) -> tuple[Verdict, Run]:
    """Remove the defence for a while and let the judge look."""
    text = not proof.file.startswith("src/")
    with without_defence(project, proof.edits) as contents:
        run = _attacked(project, proof, before, alone=text)
        types = [] if text or Flaw.TYPES in proof.tolerates else checker(project).errors(contents)
    return judge(proof.test, run, type_errors=types, text=text, tolerated=proof.tolerates), run


def _attacked(project: Project, proof: Proof, before: Run, *, alone: bool) -> Run:
    """Run the attack test, and the shortest other one; all others only if that one fails too."""
    others = sorted(
        (result.milliseconds, result.title)
        for result in before.results
        if result.failure is None and result.title != proof.test
    )
    if alone:
        return attack(project, [proof.test_file], [proof.test])
    if not others:
        run, working = attack(project, [proof.test_file], [proof.test]), attack(project, [WORKING])
        return Run((*run.results, *working.results), run.programs, run.output)
    run = attack(project, [proof.test_file], [proof.test, others[0][1]])
    if len(others) > 1 and all(result.failure for result in run.results):
        return attack(project, [proof.test_file])
    return run


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of this repository."""
    return repository.copied(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="session")
def passing(copy: Project) -> Callable[[str], Run]:
    """Runs the tests of a file of this repository as they are: once."""
    return cache(partial(repository.attack, copy))


def _named(control: Control, proof: Proof) -> str:
    return f"{control.id}-{control.proofs.index(proof) + 1}-repository"


@pytest.mark.mutation
@pytest.mark.parametrize(
    ("control", "proof"),
    [
        pytest.param(control, proof, id=_named(control, proof), marks=pytest.mark.xdist_group(proof.test_file))
        for control, proof in OWN
    ],
)
def test_a_test_of_this_repository_fails_once_the_defence_is_gone(
    control: Control,
    proof: Proof,
    copy: Project,
    passing: Callable[[str], Run],
    record_property: Callable[[str, object], None],
) -> None:
    _require_passing(passing(proof.test_file), control.id, proof)
    with repository.removed(copy, proof):
        run = repository.attack(copy, proof.test_file)
    verdict = judge(proof.test, run, tolerated=proof.tolerates)
    record_property("verdict", (control.id, _named(control, proof), str(verdict.flaw or "sound"), verdict.reason))
    assert verdict.flaw is None, f"{control.id}: {verdict.flaw}: {verdict.reason}\n{run.output}"


def test_each_entry_of_the_catalogue_is_unique_and_true_of_the_template() -> None:
    assert len({control.id for control in CONTROLS}) == len(CONTROLS)
    for control, proof in PROOFS:
        assert cases_of(control, proof), control.id
        assert {*proof.tolerates} <= set(Flaw), control.id
        for name in (*(edit.file for edit in proof.edits), proof.test_file):
            ours = name.startswith(OURS) or (proof.test_file.endswith(".py") and name.startswith(GENERATOR))
            root = ROOT if ours else ROOT / "template"
            assert any((root / path).is_file() for path in (name, f"{name}.jinja")), f"{control.id}: {name}"


def test_the_document_of_the_project_is_made_from_the_catalogue() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document()
