"""Running a test of this repository in a copy of it whose template or program is without a defence."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from tests.mutation.attacks import without_defence
from tests.mutation.judge import Failure, Result, Run
from tests.support.projects import Project
from tools.checkout import copy_to
from tools.controls import ROOT, Edit
from tools.processes import ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tools.controls import Proof

# The last lines of a traceback of pytest: file, line and exception.
_PLACE = re.compile(r"(?m)^(\S+\.py):(\d+): (\w+)")
# `Failed` is the exception of `pytest.raises` if nothing was raised.
_ASSERTIONS = ("AssertionError", "Failed")


def copied(folder: Path) -> Project:
    """Copy the files that git has or would add."""
    copy_to(folder)
    return Project(folder, {}, {**os.environ, "PYTHONPATH": str(folder)})


def source_of(name: str) -> str:
    """Return where a file of a proof is in this repository: a file of the project is in the template.

    Raises:
        StopIteration: there is no such file.
    """
    names = (f"template/{name}", f"template/{name}.jinja", name)
    return next(found for found in names if (ROOT / found).is_file())


def removed(copy: Project, proof: Proof) -> AbstractContextManager[dict[str, str]]:
    """Take the defence out of the copy for a while."""
    edits = [Edit(source_of(edit.file), edit.text, edit.replacement) for edit in proof.edits]
    return without_defence(copy, edits)


def attack(copy: Project, test_file: str) -> Run:
    """Run the tests of a file; of the cases of a test, those that fail come first."""
    report = copy.folder / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", f"--junit-xml={report}", test_file]
    _, output = ended(command, copy.folder, copy.environment)
    results = sorted(_results(report), key=lambda result: result.failure is None) if report.exists() else []
    return Run(tuple(results), 0, output)


def _results(report: Path) -> Iterator[Result]:
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        if case.find("skipped") is None:
            title = case.attrib["name"].partition("[")[0]
            yield Result(title, float(case.attrib["time"]) * 1000, _failure(case))


def _failure(case: ET.Element) -> Failure | None:
    found = case.find("failure")
    if found is None:
        found = case.find("error")
    if found is None:
        return None
    places = _PLACE.findall(found.text or "")
    file, line, exception = places[-1] if places else ("", "0", "")
    return Failure(
        type="testCodeFailure" if found.tag == "failure" else "hookFailed",
        code="ERR_ASSERTION" if exception in _ASSERTIONS else None,
        operator=None,
        actual=None,
        expected=None,
        message=found.attrib.get("message", ""),
        frames=(f"at test (/{file}:{line}:1)",),
    )
