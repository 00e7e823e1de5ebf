"""Real projects: made by the real command, installed by npm, with a database of their own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.answers import chosen, every_combination, pairs, title
from tests.support.rendering import in_memory
from tools.postgres import binaries
from tools.processes import ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _pytest.mark.structures import ParameterSet

    from tests.support.answers import Answers, Pair


@dataclass(frozen=True)
class Project:
    """A project as `scaffold new` made it, with its packages installed.

    Attributes:
        folder: where it lies.
        answers: what it was made from.
        environment: environment for npm and its programs.
        database_server: URL of a PostgreSQL server with the right to create databases; empty for SQLite.
        installation: what `npm ci` printed.
    """

    folder: Path
    answers: Answers
    environment: dict[str, str]
    database_server: str = ""
    installation: str = ""

    def npm(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """Run npm to its end, with settings in its environment; returns its exit code and its output."""
        return ended(["npm", *arguments], self.folder, self.environment | settings)

    def empty_database(self) -> str:
        """Return the DATABASE_URL of a database nobody has used."""
        if self.database_server:
            return create_database(self.database_server)
        return f"file:data/{secrets.token_hex(6)}.sqlite"

    def production_database(self) -> dict[str, str]:
        """Return the settings of an empty database as in production: PostgreSQL has an account for the service."""
        url = self.empty_database()
        if not self.database_server:
            return {"DATABASE_URL": url}
        return {"DATABASE_URL": create_account(url), "MIGRATION_DATABASE_URL": url}


# What tsc, eslint and node run; README, licence and deployment files are not among it.
CODE = ("src/", "test/", "package-lock.json")


@cache
def _code_by_title() -> dict[str, str]:
    """Return a digest of each project's code."""
    digests = {}
    for answers in every_combination():
        digest = hashlib.sha256()
        for path, content in sorted(in_memory(answers | {"license": "MIT"}).items()):
            if path.startswith(CODE):
                digest.update(path.encode() + b"\0" + content)
        digests[title(answers)] = digest.hexdigest()
    return digests


def code_of(answers: Answers) -> str:
    """Return a digest of a project's code; its license, which npm repeats in the lockfile, is none."""
    return _code_by_title()[title(answers)]


@cache
def different_code() -> list[Answers]:
    """Return one project of each code, the default one first; what is not code differs from one to the next."""
    alike: defaultdict[str, list[Answers]] = defaultdict(list)
    for answers in every_combination():
        alike[code_of(answers)].append(answers)
    return [group[number % len(group)] for number, group in enumerate(alike.values())]


@cache
def _names_that_change_code() -> set[str]:
    default = every_combination()[0]
    return {
        name for name, values in chosen().items() if len({code_of(default | {name: value}) for value in values}) > 1
    }


def code_pairs(answers: Answers) -> set[Pair]:
    """Return each two answers that both change the code."""
    return {pair for pair in pairs(answers) if _names_that_change_code().issuperset(dict(pair))}


@cache
def attacked_sample() -> list[Answers]:
    """Return few projects in which every two answers that change the code meet; the default one first."""
    sample = different_code()[:1]
    missing = set().union(*map(code_pairs, different_code())) - code_pairs(sample[0])
    while missing:
        sample.append(max(different_code(), key=lambda row: len(code_pairs(row) & missing)))
        missing -= code_pairs(sample[-1])
    return sample


def databases() -> list[Answers]:
    """Return one project of each database."""
    return _first_of_each_database(attacked_sample())


def _first_of_each_database(rows: list[Answers]) -> list[Answers]:
    return [next(row for row in rows if row["database"] == name) for name in ("sqlite", "postgres")]


def checked_with_recipe() -> list[Answers]:
    """Return one project of each database that has all its checks run with the feature of the recipe in it."""
    return _first_of_each_database(attacked_sample()[1:])


def databases_and_strategies() -> list[Answers]:
    """Return one project of each database, and one of the other `auth`, of those that every run installs."""
    found = databases()
    known = {row["auth"] for row in found}
    return found + [row for row in checked_with_recipe() if row["auth"] not in known][:1]


def checked_alone() -> list[Answers]:
    """Return the other projects of the attacked sample, the default one first: their checks run without it."""
    return [row for row in attacked_sample() if row not in checked_with_recipe()]


def rows(quick: list[Answers], thorough: list[Answers] | None = None) -> pytest.MarkDecorator:
    """Parametrise a test with projects.

    Args:
        quick: projects of every run.
        thorough: further projects of `make matrix`, as far as their code differs. Default: one of each code.
    """
    known = {code_of(answers) for answers in quick}
    wanted = different_code() if thorough is None else thorough
    others = [answers for answers in wanted if code_of(answers) not in known]
    parameters = [_row(answers) for answers in quick] + [_row(answers, pytest.mark.matrix) for answers in others]
    return pytest.mark.parametrize("project", parameters, indirect=True)


def _row(answers: Answers, *marks: pytest.MarkDecorator) -> ParameterSet:
    """Make a parameter whose tests all run in one process, for a project is installed once in each."""
    name = title(answers)
    return pytest.param(answers, id=name, marks=[*marks, pytest.mark.xdist_group(name)])


def generate(folder: Path, answers: Answers) -> None:
    """Run `scaffold new` with an answers file, as a script would."""
    command = [sys.executable, "-m", "scaffold", "new", str(folder), "--answers", "-", "--json"]
    subprocess.run(command, input=json.dumps(answers), text=True, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one test process at a time through."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(project: Project, store: Path) -> str:
    """Install a project's packages; projects with the same lockfile share the files of one installation.

    Args:
        project: the project.
        store: folder that all test processes share.

    Returns:
        What npm printed when it installed these packages.

    Raises:
        AssertionError: npm failed; the message is its output.
    """
    packages = json.loads((project.folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    del packages[""]
    kept = store / hashlib.sha256(json.dumps(packages).encode()).hexdigest()[:16]
    log = kept.with_suffix(".log")
    with _alone(kept.with_suffix(".lock")):
        if not kept.exists():
            code, output = project.npm("ci", "--no-audit", "--prefer-offline")
            assert code == 0, output
            log.write_text(output)
            (project.folder / "node_modules").rename(kept)
        shutil.copytree(kept, project.folder / "node_modules", symlinks=True, copy_function=_link)
    return log.read_text()


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def create_database(server: str) -> str:
    """Create an empty PostgreSQL database; returns its URL."""
    name = f"project_{secrets.token_hex(6)}"
    run_sql(server, f"create database {name}")
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def create_account(database: str) -> str:
    """Create an account without any right; returns the URL of the database with it."""
    name = f"service_{secrets.token_hex(6)}"
    run_sql(database, f"create role {name} login password '{name}-word'")
    parts = urlsplit(database)
    return parts._replace(netloc=f"{name}:{name}-word@{parts.hostname}:{parts.port}").geturl()


def run_sql(url: str, statements: str, **variables: str) -> str:
    """Run SQL with psql, with variables in its environment; returns the rows that it prints."""
    options = ["--quiet", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-"]
    command = [str(binaries() / "psql"), *options, url]
    ran = subprocess.run(
        command, input=statements, env=os.environ | variables, check=True, text=True, capture_output=True
    )
    return ran.stdout
