"""Rows and memory after many requests of a mixed load: `python -m benchmarks.mixed`.

Accounts are made, used and deleted by the API of one server whose clock runs so fast that months pass. After each tenth
of the requests, rows and memory are measured; both must be flat after the first tenth. It prints a table.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data import settings_of
from benchmarks.machine import ROOT, noise
from benchmarks.measurement import Row, table
from benchmarks.releases import Checkout
from tools.node import environment
from tools.postgres import postgres

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT = ROOT / "benchmarks" / "mixed_requests.ts"
# Rows that the requests of the last day or minutes leave differ a little from one measurement to the next.
AT_MOST = 1.25


def _measured(database: str, server: str, folder: Path, *, requests: int, days: int) -> list[dict[str, Any]]:
    checkout = Checkout(ROOT, folder, ("--database", database, "--rate-limit-store", "database"))
    checkout.install()
    shutil.copy(SCRIPT, checkout.project)
    settings = settings_of(database, server, two_accounts=True) or {"DATABASE_URL": "file:data/mixed.sqlite"}
    command = ["node", "--expose-gc", SCRIPT.name, str(requests), str(days)]
    ran = subprocess.run(
        command, cwd=checkout.project, env=environment(**settings), check=True, stdout=subprocess.PIPE, text=True
    )
    return [json.loads(line) for line in ran.stdout.splitlines()]


def _row(what: str, first: float, later: Sequence[float]) -> Row:
    highest = max(later)
    spread = f"{first:,.0f} after the first tenth, at most {highest:,.0f} later"
    ratio = highest / first if first else float(highest > 0)
    return Row(what, f"{ratio:.2f}", spread, f"≤ {AT_MOST}", ratio <= AT_MOST)


def _rows(database: str, measured: Sequence[dict[str, Any]]) -> list[Row]:
    first, *later = measured
    rows = [
        _row(f"rows of `{name}`, {database}", count, [one["rows"][name] for one in later])
        for name, count in first["rows"].items()
    ]
    heap = [one["heapMegabytes"] for one in later]
    return [*rows, _row(f"megabytes of the heap, {database}", first["heapMegabytes"], heap)]


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000, help="how many requests (default 1,000,000)")
    parser.add_argument("--days", type=int, default=30, help="days that pass meanwhile (default 30)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), action="append", help="default: both")
    given = parser.parse_args()
    print(noise() + "\n", flush=True)
    with postgres() as server, tempfile.TemporaryDirectory() as folder:
        rows = []
        for database in given.database or ("sqlite", "postgres"):
            work = Path(folder) / database
            work.mkdir()
            measured = _measured(database, server, work, requests=given.requests, days=given.days)
            print(f"{database}: {json.dumps(measured[-1]['statuses'])}", flush=True)
            rows += _rows(database, measured)
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
