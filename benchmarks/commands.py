"""The command line: `scaffold` beside `copier`, whole processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measurement import Row, alternate, ratio_row, seconds_of, value_row

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CONTACT = "security@example.com"


def _run(*command: str | Path, cwd: Path | None = None) -> float:
    return seconds_of(
        lambda: subprocess.run(
            command, check=True, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True
        )
    )


def _new(work: Path) -> float:
    target = work / "scaffold-project"
    shutil.rmtree(target, ignore_errors=True)
    return _run(
        BIN / "scaffold", "new", target, "--defaults", "--security-contact", CONTACT, "--json"
    )


def _copy(template: Path, work: Path) -> float:
    target = work / "copier-project"
    shutil.rmtree(target, ignore_errors=True)
    return _run(
        BIN / "copier", "copy", "--defaults", "--quiet",
        "--data", f"security_contact={CONTACT}", template, target,
    )  # fmt: skip


def _template_repository(work: Path) -> Path:
    """Build a clean git repository of the template, as Copier's users have one."""
    repository = work / "template-repository"
    repository.mkdir()
    shutil.copy(ROOT / "copier.yml", repository)
    shutil.copytree(ROOT / "template", repository / "template")
    identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.invalid")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "v"), ("tag", "v0.1.0")):
        subprocess.run(["git", *identity, *arguments], check=True, cwd=repository)
    return repository


def measure(rounds: int) -> list[Row]:
    """Compare start-up and generation."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        template = _template_repository(work)
        helps = alternate(
            lambda: _run(BIN / "scaffold", "--help"), lambda: _run(BIN / "copier", "--help"), rounds
        )
        renders = alternate(lambda: _new(work), lambda: _copy(template, work), rounds)
    return [
        value_row("`scaffold --help`, wall clock", [first for first, _ in helps], "s", at_most=0.15),
        ratio_row("`scaffold --help` / `copier --help`", helps, at_most=0.3),
        ratio_row(
            "`scaffold new --defaults` (secrets, git init and commit included) / `copier copy`",
            renders,
            at_most=1.5,
        ),
    ]


