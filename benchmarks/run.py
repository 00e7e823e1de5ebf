"""Measure everything in one run and print one table.

    python -m benchmarks.run [--rounds N] [--write]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import commands, footprint, http_load, noise
from benchmarks.measurement import table
from benchmarks.servers import ROOT, environment

README = ROOT / "benchmarks" / "README.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


def _install(work: Path) -> Path:
    project = work / "my-api"
    scaffold = Path(sys.executable).parent / "scaffold"
    subprocess.run(
        [scaffold, "new", project, "--defaults", "--security-contact", "security@example.com", "--json"],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    for folder in (project, ROOT / "benchmarks"):
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--silent"], cwd=folder, env=environment(), check=True
        )
    return project


def _write(report: str) -> None:
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(before + BEGIN + report + END + rest.partition(END)[2])


def main() -> None:
    """Parse the command line, measure, print; with --write also into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds of each (default 5)")
    parser.add_argument("--write", action="store_true", help="replace the table in README.md")
    options = parser.parse_args()
    machine = noise.describe()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rows = commands.measure(options.rounds)
        project = _install(work)
        rows += footprint.measure(project, work, options.rounds)
        rows += http_load.measure(project, options.rounds)
    report = f"\n{machine}\n\n{table(rows)}\n"
    print(report)
    if options.write:
        _write(report)


if __name__ == "__main__":
    main()
