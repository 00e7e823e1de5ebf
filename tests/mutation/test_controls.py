"""Every control that is claimed has an attack test, and that test dies when the control is removed."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from tests.support.projects import attacked_sample
from tools.controls import DOCUMENT, ROOT, Control, Proof, document, load
from tools.processes import ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from _pytest.mark.structures import ParameterSet

    from tests.support.answers import Answers
    from tests.support.projects import Project

Standing: TypeAlias = "Callable[[Project, str], tuple[dict[str, str], str]]"

NODE = (
    *("node", "--test", "--test-isolation=none", "--test-reporter=tap"),
    *("--disable-proto=delete", "--disallow-code-generation-from-strings"),
)
# Tests of rules that the owner of a project may change; all others are files of the project.
OURS = "tests/"
CONTROLS = load()
PROOFS = [(control, proof) for control in CONTROLS for proof in control.proofs]
_FILES = Counter(proof.test_file for _, proof in PROOFS)


def _cases() -> list[ParameterSet]:
    """Return a case for each proof: those of one test file run in one process, which runs the unchanged file once."""
    return [
        pytest.param(
            control,
            proof,
            id=f"{control.id}-{control.proofs.index(proof) + 1}",
            marks=pytest.mark.xdist_group(proof.test_file),
        )
        for control, proof in sorted(PROOFS, key=lambda case: (-_FILES[case[1].test_file], case[1].test_file))
    ]


def applies(proof: Proof, answers: Answers) -> bool:
    """Evaluate the condition under which a project has the defence and its attack test."""
    condition = SandboxedEnvironment(undefined=StrictUndefined).compile_expression(proof.when)
    return bool(condition(**answers))


def project_for(proof: Proof, made: Callable[[Answers], Project]) -> Project:
    """Return the first project of the sample that has the defence; the default one if it does."""
    return made(next(answers for answers in attacked_sample() if applies(proof, answers)))


@contextmanager
def without_defence(project: Project, proof: Proof) -> Iterator[None]:
    """Take the defence away for a while."""
    path = project.folder / proof.file
    before = path.read_text(encoding="utf-8")
    assert before.count(proof.text) == 1, f"{proof.file} does not hold the text exactly once: {proof.text!r}"
    path.write_text(before.replace(proof.text, proof.replacement), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def verdicts(project: Project, test_file: str, *flags: str) -> tuple[dict[str, str], str]:
    """Run attack tests; returns each title's verdict (`ok` or `not ok`), and the output."""
    file = ROOT / test_file if test_file.startswith(OURS) else test_file
    _, output = ended([*NODE, *flags, file], project.folder, project.environment)
    lines = re.findall(r"^ *(ok|not ok) \d+ - (.*?)(?: # .*)?$", output, re.MULTILINE)
    return {re.sub(r"\\(.)", r"\1", title): verdict for verdict, title in lines}, output


@pytest.fixture(scope="session")
def standing() -> Standing:
    """Runs the attack tests of a file while every defence stands: once in each project."""
    seen: dict[tuple[Path, str], tuple[dict[str, str], str]] = {}

    def run(project: Project, test_file: str) -> tuple[dict[str, str], str]:
        key = (project.folder, test_file)
        if key not in seen:
            seen[key] = verdicts(project, test_file)
        return seen[key]

    return run


@pytest.mark.mutation
@pytest.mark.parametrize(("control", "proof"), _cases())
def test_the_attack_succeeds_once_the_defence_is_gone(
    control: Control, proof: Proof, standing: Standing, made: Callable[[Answers], Project]
) -> None:
    project = project_for(proof, made)
    before, output = standing(project, proof.test_file)
    assert before.get(proof.test) == "ok", f"{control.id}: the attack test does not pass as it is\n{output}"
    with without_defence(project, proof):
        after, output = verdicts(project, proof.test_file, f"--test-name-pattern=^{re.escape(proof.test)}$")
    assert after.get(proof.test) == "not ok", f"{control.id}: the attack test survives the mutation\n{output}"


def test_each_entry_of_the_catalogue_is_unique_and_true_of_the_template() -> None:
    assert len({control.id for control in CONTROLS}) == len(CONTROLS)
    for control, proof in PROOFS:
        assert any(applies(proof, answers) for answers in attacked_sample()), control.id
        for name in (proof.file, proof.test_file):
            root = ROOT if name.startswith(OURS) else ROOT / "template"
            assert any((root / path).is_file() for path in (name, f"{name}.jinja")), f"{control.id}: {name}"


def test_the_document_of_the_project_is_made_from_the_catalogue() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document()
