"""Measure everything in one run and print one table: `make benchmarks`, or `python -m benchmarks.run [--write]`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import commands, footprint, http_load, updates
from benchmarks.machine import BIN, CONTACT, ROOT, noise
from benchmarks.measurement import table
from benchmarks.servers import prepare
from tools.node import environment

README = ROOT / "benchmarks" / "README.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


def _install(work: Path) -> Path:
    project = work / "my-api"
    command: list[str | Path] = [
        BIN / "scaffold",
        "new",
        project,
        "--defaults",
        "--security-contact",
        CONTACT,
        "--json",
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for folder in (project, ROOT / "benchmarks"):
        install = ["npm", "ci", "--ignore-scripts", "--silent"]
        subprocess.run(install, cwd=folder, env=environment(), check=True)
    prepare(project)
    return project


def _write(report: str) -> None:
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(before + BEGIN + report + END + rest.partition(END)[2], encoding="utf-8")


def _say(what: str) -> None:
    print(f"measuring {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Parse the command line, measure, print; with --write also into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds of each (default 5)")
    parser.add_argument("--write", action="store_true", help="replace the table in README.md")
    options = parser.parse_args()
    _say("the machine's noise")
    wavering = noise()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _say("the command line")
        rows = commands.measure(options.rounds)
        _say("updates, and a fleet")
        rows += updates.measure(options.rounds)
        _say("packages, boot and memory")
        project = _install(work)
        rows += footprint.measure(project, work, options.rounds)
        _say("requests under load")
        rows += http_load.measure(project, options.rounds)
    report = f"\n{wavering}\n\n{table(rows)}\n"
    print(report)
    if options.write:
        _write(report)


if __name__ == "__main__":
    main()
