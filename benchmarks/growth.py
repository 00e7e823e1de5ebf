"""Requests beside large tables and long jobs, on both databases: `python -m benchmarks.growth`.

Two services of the same project run side by side, one with few rows and one with many; each row of the table is the
time of a request beside many rows / the same beside few, measured in turn. Then the longest wait of a request is
measured while the large service removes 200,000 ended rate limits and an account with 100,000 notes. It prints a table.
"""

# ruff: noqa: S608 - no input reaches these statements

from __future__ import annotations

import argparse
import http.client
import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.data import settings_of
from benchmarks.http_load import REQUESTS_PER_CONNECTION
from benchmarks.machine import ROOT, noise
from benchmarks.measurement import Row, alternate, ratio_row, table
from benchmarks.releases import Checkout
from benchmarks.servers import EMAIL, PASSWORD, Server
from tests.support.projects import run_sql
from tools.postgres import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# An owner has at most 1,000 notes; what is measured creates 400.
OWN = 500
FEW, MANY = 1_000, 1_000_000
FEW_USERS, MANY_USERS = 10, 100_000
LIMITS, NOTES = 200_000, 100_000
SAMPLES = 100
LONGEST_WAIT_MS = 50
# Ids of rows that are inserted here begin with it.
FIXED = "00000000-0000-4000-8000-"
OWNER = f"(select id from users where email = '{EMAIL}')"


@dataclass
class Service:
    """A running service and its database.

    Attributes:
        checkout: where it was made.
        server: the running server, with a signed-in administrator.
    """

    checkout: Checkout
    server: Server
    _connection: http.client.HTTPConnection | None = None
    _sent: int = 0

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> Any:  # noqa: ANN401 - any JSON
        """Send a request; returns the JSON of its response.

        Raises:
            RuntimeError: the response is a refusal.
        """
        if self._connection is None or self._sent >= REQUESTS_PER_CONNECTION:
            self._connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=60)
            self._sent = 0
        self._sent += 1
        headers = {"Authorization": f"Bearer {token or self.server.token}", "Content-Type": "application/json"}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= http.client.BAD_REQUEST:
            message = f"{method} {path}: {response.status} {text.decode()}"
            raise RuntimeError(message)
        return json.loads(text) if text else None

    def milliseconds(self, method: str, path: str, body: object = None) -> float:
        """Return the median of some requests."""
        times = []
        for _ in range(SAMPLES):
            start = time.perf_counter()
            self.ask(method, path, body)
            times.append((time.perf_counter() - start) * 1000)
        return statistics.median(times)


def _sql(checkout: Checkout, statement: str) -> str:
    """Run a statement as the owner of the database."""
    if url := checkout.settings.get("MIGRATION_DATABASE_URL"):
        return run_sql(url, statement).strip()
    with closing(sqlite3.connect(next(checkout.project.glob("data/*.sqlite")), timeout=60)) as database, database:
        return str((database.execute(statement).fetchone() or [""])[0])


def _rows(checkout: Checkout, insert: str, select: str, count: int) -> None:
    """Insert rows; `n` counts them, and ID is an id made of it."""
    if checkout.settings:
        series, padded = f"with s(n) as (select generate_series(1, {count}))", "lpad(n::text, 12, '0')"
    else:
        series = f"with recursive s(n) as (select 1 union all select n + 1 from s where n < {count})"
        padded = "printf('%012d', n)"
    columns = select.replace("ID", f"'{FIXED}' || {padded}")
    _sql(checkout, f"insert into {insert} {series} select {columns} from s")


def _fill(checkout: Checkout, users: int, notes: int) -> None:
    """Insert users, and notes of theirs; the administrator has the same number of notes in either database."""
    names = "users (id, email, display_name, role, email_verified_at, created_at)"
    _rows(checkout, names, "ID, 'user-' || n || '@example.com', 'user', 'user', n, n", users)
    names = "notes (id, owner_id, title, body, created_at, updated_at)"
    _rows(checkout, names, f"replace(ID, '0000-4', '0001-4'), {OWNER}, 'title', 'body', n, n", OWN)
    owner = f"(select ID from (select 1 + n % {users} as n) as owner)"
    _rows(checkout, names, f"ID, {owner}, 'title', 'body', n, n", notes - OWN)
    _sql(checkout, "analyze")


def _page(service: Service, number: int) -> str:
    """Return the path of a page of one note."""
    path = "/api/v1/notes?limit=1"
    for _ in range(number - 1):
        path = f"/api/v1/notes?limit=1&cursor={service.ask('GET', path)['nextCursor']}"
    return path


def _ratios(database: str, few: Service, many: Service, rounds: int) -> list[Row]:
    def row(what: str, of: Callable[[Service], float]) -> Row:
        pairs = alternate(lambda: of(many), lambda: of(few), rounds)
        return ratio_row(f"{what}, {database}", pairs, at_most=1.5)

    pages = {id(one): _page(one, OWN) for one in (few, many)}
    note, user = {"title": "title", "body": "body"}, f"/api/v1/users/{FIXED}{7:012}"
    return [
        row(f"first page of notes at {MANY:,} rows / at {FEW:,}", lambda one: one.milliseconds("GET", "/api/v1/notes")),
        row(f"page {OWN} / the same", lambda one: one.milliseconds("GET", pages[id(one)])),
        row("creating a note / the same", lambda one: one.milliseconds("POST", "/api/v1/notes", note)),
        row(
            f"`PATCH /users/:id` with {MANY_USERS:,} users / with {FEW_USERS}",
            lambda one: one.milliseconds("PATCH", user, {"role": "user"}),
        ),
    ]


def _longest_wait(what: str, service: Service, left: Callable[[], int]) -> Row:
    """Ask until nothing is left; returns the row of the longest wait, reads and writes in turn."""
    waits = []
    looked = time.monotonic()
    start = looked
    while time.monotonic() - looked < 1 or left():
        if time.monotonic() - looked >= 1:
            looked = time.monotonic()
        for method, path, body in (("GET", "/api/v1/me", None), ("PATCH", "/api/v1/me", {"displayName": "name"})):
            asked = time.perf_counter()
            service.ask(method, path, body)
            waits.append((time.perf_counter() - asked) * 1000)
    longest = max(waits)
    spread = f"median {statistics.median(waits):.1f} ms, {len(waits)} requests in {time.monotonic() - start:.0f} s"
    return Row(what, f"{longest:.1f} ms", spread, f"≤ {LONGEST_WAIT_MS} ms", longest <= LONGEST_WAIT_MS)


def _waits(database: str, checkout: Checkout) -> list[Row]:
    """Measure the longest wait without a job, during the removal of limits and during that of an account."""
    with _running(checkout) as service:
        time.sleep(5)  # the first upkeep
        looks = iter(range(9, -1, -1))
        rows = [_longest_wait(f"longest wait without a job, {database}", service, lambda: next(looks))]
    _rows(checkout, "rate_limits (key, hits, resets_at)", "'ended:' || n, 1, 1", LIMITS)
    with _running(checkout) as service:
        left = "select count(*) from rate_limits where resets_at = 1"
        what = f"longest wait while {LIMITS:,} limits are removed, {database}"
        rows.append(_longest_wait(what, service, lambda: int(_sql(checkout, left))))
        names = "notes (id, owner_id, title, body, created_at, updated_at)"
        leaving = "(select id from users where email = 'crowd@example.com')"
        _rows(checkout, names, f"replace(ID, '0000-4', '0002-4'), {leaving}, 'title', 'body', n, n", NOTES)
        token = service.ask("POST", "/api/v1/auth/login", {"email": "crowd@example.com", "password": PASSWORD})
        service.ask("DELETE", "/api/v1/me", token=token["accessToken"])
        left_notes = f"select count(*) from notes where owner_id = {leaving}"
        what = f"longest wait while an account with {NOTES:,} notes is removed, {database}"
        rows.append(_longest_wait(what, service, lambda: int(_sql(checkout, left_notes))))
    return rows


@contextmanager
def _running(checkout: Checkout) -> Iterator[Service]:
    with checkout.serving() as server:
        yield Service(checkout, server)


def _measured(database: str, postgres_server: str, folder: Path, rounds: int) -> list[Row]:
    checkouts = []
    for name, users, notes in (("few", FEW_USERS, FEW), ("many", MANY_USERS, MANY)):
        work = folder / f"{database}-{name}"
        work.mkdir()
        settings = settings_of(database, postgres_server, two_accounts=True)
        checkout = Checkout(ROOT, work, ("--database", database, "--rate-limit-store", "database"), settings)
        checkout.install()
        _sql(checkout, f"update users set role = 'admin' where email = '{EMAIL}'")
        _fill(checkout, users, notes)
        checkouts.append(checkout)
    few, many = checkouts
    with _running(few) as small, _running(many) as large:
        time.sleep(5)  # the first upkeep
        rows = _ratios(database, small, large, rounds)
    return rows + _waits(database, many)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds of each (default 3)")
    options = parser.parse_args()
    print(noise(), flush=True)
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        rows = [row for name in ("sqlite", "postgres") for row in _measured(name, server, Path(folder), options.rounds)]
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
