"""`npm run copy-data` moves all rows between the databases, also when it is killed half way."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.projects import create_database, databases, rows, run_sql

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.projects import Project

ROWS = 10_000
TABLES = ("users", "sessions", "refresh_tokens", "one_time_tokens", "notes")
ODD = (
    "",
    "null",
    "'; drop table users; --",
    "Zoë\u00a0\u202e\ufeff",
    "\U0001d4b3🏴\u200d☠️e\u0301",
    '\r\n\t\b\\"\x7f\uffff',
)
TIMES = (0, 1_700_000_000_123, 2**53 - 1, -1)


def fill(path: Path) -> None:
    """Write rows of every kind: nulls, empty and odd texts, milliseconds beyond 32 bits."""
    with closing(sqlite3.connect(path)) as database, database:
        for number in range(ROWS):
            key, text, at = f"{number * 7919 % ROWS:036}", ODD[number % len(ODD)], TIMES[number % len(TIMES)]
            maybe = None if number % 3 else at
            user = (key, f"{key}@example.com", text, None if number % 2 else text, "user", maybe, None, at, None)
            database.execute("insert into users values (?, ?, ?, ?, ?, ?, ?, ?, ?)", user)
            session = (key, key, text, "", at, at, at, at, maybe, key if number % 2 else None)
            database.execute("insert into sessions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", session)
            database.execute("insert into refresh_tokens values (?, ?, ?, ?)", (key, key, at, maybe))
            token = (key, key if number % 2 else None, text, "", "verify-email", at, at, maybe)
            database.execute("insert into one_time_tokens values (?, ?, ?, ?, ?, ?, ?, ?)", token)
            database.execute("insert into notes values (?, ?, ?, ?, ?, ?)", (key, key, "\U0001d4b3", text, at, at))


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows, each table by its first column."""
    with closing(sqlite3.connect(path)) as database:
        return {table: database.execute(f"select * from {table} order by 1").fetchall() for table in TABLES}  # noqa: S608 - names from this file


def count(url: str, table: str) -> int:
    return int(run_sql(url, f"select count(*) from {table}"))  # noqa: S608 - names from this file


def kill_half_way(project: Project, source: str, destination: str) -> None:
    """Start a copy and kill it with its children once it has copied some rows, but not all."""
    command = ["npm", "run", "copy-data", "--", "--from", source, "--to", destination]
    copy = subprocess.Popen(command, cwd=project.folder, env=project.environment, start_new_session=True)
    while count(destination, "notes") == 0:
        assert copy.poll() is None
        time.sleep(0.01)
    os.killpg(copy.pid, signal.SIGKILL)
    copy.wait()
    assert count(destination, "refresh_tokens") < ROWS


@pytest.mark.matrix
@rows(databases()[1:], [])
def test_all_rows_move_from_sqlite_to_postgresql_and_back_although_the_command_is_killed(
    project: Project, tmp_path: Path
) -> None:
    """Rows of every kind are equal after the way there and back, and none is there twice."""
    old, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    empty, destination = create_database(project.database_server), create_database(project.database_server)
    for url in (empty, destination):
        assert project.npm("run", "migrate", DATABASE_URL=url)[0] == 0
    code, output = project.npm("run", "copy-data", "--", "--to", f"file:{old}", "--migrate", DATABASE_URL=empty)
    assert code == 0, output
    fill(old)
    kill_half_way(project, f"file:{old}", destination)
    code, output = project.npm("run", "copy-data", "--", "--from", f"file:{old}", DATABASE_URL=destination)
    assert code == 0, output
    assert output.count(f": {ROWS} rows, equal in both databases") == len(TABLES), output
    code, output = project.npm("run", "copy-data", "--", "--to", f"file:{new}", "--migrate", DATABASE_URL=destination)
    assert code == 0, output
    assert content(new) == content(old)
