"""Mutations run in installed projects, one of its own for each test process; a table says what the judge found."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest

from tests.mutation.attacks import TypeChecker
from tests.project.conftest import made
from tools.controls import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

    from tests.support.projects import Project

__all__ = ["checker", "made", "store"]


@pytest.fixture(scope="session")
def store() -> Path:
    """Folder of installed packages that stays, so that a single proof is judged within seconds."""
    folder = ROOT / ".cache" / "installed"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def checker() -> Iterator[Callable[[Project], TypeChecker]]:
    """Gives the compiler of a project; only that of the last project stays in memory."""
    kept: dict[str, TypeChecker] = {}

    def of(project: Project) -> TypeChecker:
        name = str(project.folder)
        if name not in kept:
            _close(kept)
            kept[name] = TypeChecker(project)
        return kept[name]

    yield of
    _close(kept)


def _close(kept: dict[str, TypeChecker]) -> None:
    while kept:
        kept.popitem()[1].close()


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print what the judge says of each control."""
    verdicts = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "verdict" and report.when == "call"
    ]
    if not verdicts:
        return
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for control, _, flaw, _ in verdicts:
        table[control][flaw] += 1
    terminalreporter.section("proofs: runs of each control, by verdict")
    for control, counts in sorted(table.items()):
        terminalreporter.line(
            f"{control:<40} " + ", ".join(f"{count} {flaw}" for flaw, count in sorted(counts.items()))
        )
    for _, case, flaw, reason in sorted(verdicts):
        if flaw != "sound":
            terminalreporter.line(f"{flaw:<16} {case}: {reason.splitlines()[0][:200]}")
    terminalreporter.line(f"seed of the sample: {os.environ.get('SCAFFOLD_TEST_SEED')}")
    total = Counter(flaw for _, _, flaw, _ in verdicts)
    terminalreporter.line("total: " + ", ".join(f"{count} {flaw}" for flaw, count in sorted(total.items())))
