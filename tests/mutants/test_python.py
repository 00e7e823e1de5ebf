"""Mutants of Python modules: which edits there are, and that a planted gap is found."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.mutants.processes import Programs
from tests.mutants.python import Python, copy
from tests.mutants.python_edits import python_mutants
from tests.mutants.sample import Status, equivalents
from tools.controls import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
def name(age: int, ä: str = "é") -> bool:
    if (age < 18) and (ä or age):
        raise ValueError("ä")
    print("ü", end="", flush=True)
    return not [one for one in (1, 2) if one + age == 3]
"""
EDITS = {
    ("always-true", "if True:"),
    ("never-true", "if False:"),
    ("swapped-operator", "if (age <= 18) and (ä or age):"),
    ("swapped-operator", "if (age < 18) or (ä or age):"),
    ("swapped-operator", "if (age < 18) and (ä and age):"),
    ("dropped-raise", "pass"),
    ("dropped-call", "pass"),
    ("dropped-argument", 'print("ü", flush=True)'),
    ("dropped-argument", 'print("ü", end="", )'),
    ("flipped-boolean", 'print("ü", end="", flush=False)'),
    ("always-true", "return not [one for one in (1, 2) if True]"),
    ("swapped-operator", "return not [one for one in (1, 2) if one - age == 3]"),
    ("swapped-operator", "return not [one for one in (1, 2) if one + age != 3]"),
}


def test_each_edit_of_a_known_module() -> None:
    before = TEXT.splitlines()
    found = set()
    for mutant in python_mutants("name.py", TEXT):
        [(line, _)] = [pair for pair in zip(mutant.of(TEXT).splitlines(), before, strict=True) if pair[0] != pair[1]]
        assert before[mutant.line - 1] != line
        found.add((mutant.kind, " ".join(line.split())))
    assert found == EDITS


def test_each_mutant_of_ours_is_a_program() -> None:
    for path in (ROOT / "scaffold" / "files").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for mutant in python_mutants(path.name, text):
            ast.parse(mutant.of(text))


def test_each_equivalent_mutant_exists() -> None:
    listed = {key for key in equivalents() if key[0].endswith(".py")}
    files = {key[0] for key in listed}
    existing = {one.key for file in files for one in python_mutants(file, (ROOT / file).read_text(encoding="utf-8"))}
    assert listed - existing == set()


@pytest.mark.mutation
def test_a_planted_gap_is_alive_and_a_tested_line_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy(tmp_path / "copy")
    planted = folder / "scaffold" / "files" / "planted.py"
    planted.write_text(
        '"""Planted."""\n\n\ndef allowed(age: int, *, strict: bool = True) -> bool:\n'
        '    """Tell."""\n    return age >= 18 or not strict\n'
    )
    (folder / "tests/planted").mkdir()
    (folder / "tests/planted/test_planted.py").write_text(
        "from scaffold.files.planted import allowed\n\n\ndef test_age() -> None:\n"
        "    assert allowed(19)\n    assert not allowed(17)\n"
    )
    monkeypatch.setattr("tests.mutants.python._TESTS", ("tests/planted",))
    monkeypatch.setattr("tests.mutants.python._CACHE", tmp_path / "cache")
    subject = Python([folder], Programs())
    subject.prepare()
    mutants = {one.original: one for one in subject.candidates if one.file.endswith("planted.py")}
    assert subject.judge(mutants["age >= 18"], 0).status is Status.ALIVE
    assert subject.judge(mutants["age >= 18 or not strict"], 0).status is Status.TESTS
    killed = subject.judge(mutants["True"], 0)
    assert (killed.status, killed.by) == (Status.TESTS, "tests/planted/test_planted.py::test_age")
