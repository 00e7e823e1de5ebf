"""The command line: `scaffold` compared with `copier`, as whole processes."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.machine import BIN, CONTACT, ROOT
from benchmarks.measurement import Row, alternate, ratio_row, seconds_of, value_row


def run(*command: str | Path, cwd: Path | None = None) -> float:
    """Run a program to its end; returns wall-clock seconds.

    Raises:
        CalledProcessError: its exit code is not 0.
    """
    return seconds_of(
        lambda: subprocess.run(command, check=True, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True)
    )


def _new(work: Path) -> float:
    target = work / "scaffold-project"
    shutil.rmtree(target, ignore_errors=True)
    return run(BIN / "scaffold", "new", target, "--defaults", "--security-contact", CONTACT, "--json")


def _copy(template: Path, work: Path) -> float:
    target = work / "copier-project"
    shutil.rmtree(target, ignore_errors=True)
    data = f"security_contact={CONTACT}"
    return run(BIN / "copier", "copy", "--defaults", "--quiet", "--data", data, template, target)


def template_repository(work: Path) -> Path:
    """Build a clean git repository of the template, as Copier's users have one."""
    repository = work / "template-repository"
    shutil.copytree(ROOT / "template", repository / "template")
    shutil.copy(ROOT / "copier.yml", repository)
    commit(repository, "v0.1.0")
    return repository


def commit(repository: Path, tag: str) -> None:
    """Commit everything in a folder, which becomes a repository if it is not one, and tag it."""
    identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.invalid")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", tag), ("tag", tag)):
        subprocess.run(["git", *identity, *arguments], check=True, cwd=repository)


def measure(rounds: int) -> list[Row]:
    """Compare start-up and generation."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        template = template_repository(work)
        helps = alternate(lambda: run(BIN / "scaffold", "--help"), lambda: run(BIN / "copier", "--help"), rounds)
        renders = alternate(lambda: _new(work), lambda: _copy(template, work), rounds)
    return [
        value_row("`scaffold --help`, wall clock", [first for first, _ in helps], "s", at_most=0.15),
        ratio_row("`scaffold --help` / `copier --help`", helps, at_most=0.3),
        ratio_row(
            "`scaffold new --defaults`, secrets, git init and commit included / `copier copy`", renders, at_most=1.5
        ),
    ]
