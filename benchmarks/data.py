"""Compare the data layer of two checkouts in one run: `python -m benchmarks.data --before FOLDER`.

The earlier one lies in FOLDER, as `git worktree add FOLDER <commit>` puts it there. Each row is later / earlier for one
database and one place of the rate limits, measured in turn. It prints a table.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from benchmarks.http_load import requests_per_second
from benchmarks.machine import ROOT, comparison_options, noise
from benchmarks.measurement import Row, alternate, ratio_row, table
from benchmarks.releases import Checkout
from tests.support.projects import create_account, create_database
from tools.postgres import postgres


class Choice(NamedTuple):
    """A database, a place for the rate limits, and the smallest acceptable ratio of requests per second."""

    database: str
    limits: str
    at_least: float


CHOICES = (
    Choice("postgres", "memory", 1.6),
    Choice("postgres", "database", 1.9),
    Choice("sqlite", "database", 2.5),
    Choice("sqlite", "memory", 0.95),
)


def settings_of(database: str, server: str, *, two_accounts: bool) -> dict[str, str]:
    """Return the settings of an empty database; from 0.5.0 a service on PostgreSQL has an account of its own."""
    if database != "postgres":
        return {}
    url = create_database(server)
    if not two_accounts:
        return {"DATABASE_URL": url}
    return {"DATABASE_URL": create_account(url), "MIGRATION_DATABASE_URL": url}


def _compared(choice: Choice, before: Path, server: str, folder: Path, rounds: int) -> Row:
    answers = ("--database", choice.database, "--rate-limit-store", choice.limits)
    sides = []
    for root in (ROOT, before):
        work = folder / f"{choice.database}-{choice.limits}-{root == ROOT}"
        work.mkdir()
        settings = settings_of(choice.database, server, two_accounts=root == ROOT)
        sides.append(Checkout(root, work, answers, settings))
        sides[-1].install()
    with sides[0].serving() as new, sides[1].serving() as old:
        pairs = alternate(
            lambda: requests_per_second(new, "/api/v1/me"), lambda: requests_per_second(old, "/api/v1/me"), rounds
        )
    what = f"`GET /api/v1/me`, requests per second, {choice.database}, limits in the {choice.limits}"
    return ratio_row(what, pairs, at_least=choice.at_least)


def main() -> None:
    """Parse the command line, measure, print."""
    options = comparison_options(__doc__, 5).parse_args()
    print(noise(), flush=True)
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        before = options.before.resolve()
        rows = [_compared(choice, before, server, Path(folder), options.rounds) for choice in CHOICES]
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
