"""The programs of a project for its developer's machine: a database, a token, one test file, clear errors."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.support.answers import title
from tests.support.projects import databases, databases_and_strategies, rows
from tools.postgres import ServerMissingError, binaries
from tools.project_server import serving
from tools.smoke_test import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.projects import Project

SQLITE, POSTGRES = databases()


def on(answers: dict[str, str | bool]) -> pytest.MarkDecorator:
    """Run a test in the project of these answers."""
    name = title(answers)
    return pytest.mark.parametrize(
        "project", [pytest.param(answers, id=name, marks=pytest.mark.xdist_group(name))], indirect=True
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every account can enter; tmp_path is closed to the account that PostgreSQL needs."""
    folder = Path(tempfile.mkdtemp(prefix="scaffold-development-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def account(home: Path) -> Iterator[int | None]:
    """Yield the account for PostgreSQL, which refuses root: None is the one of this process. It owns the folder."""
    if os.geteuid() != 0:
        yield None
        return
    nobody = pwd.getpwnam("nobody")
    shutil.chown(home, nobody.pw_uid, nobody.pw_gid)
    yield nobody.pw_uid


class Developer:
    """A copy of a project on a machine with few programs, and its `.env`."""

    def __init__(self, project: Project, home: Path, path: str, user: int | None) -> None:
        """Copy the project into `home`; `user` runs its programs with only `path` as PATH."""
        self.folder, self.user = home / "project", user
        shutil.copytree(project.folder, self.folder, symlinks=True, copy_function=os.link)
        self.port = free_port()
        self.environment = {"PATH": path, "HOME": str(home), "TMPDIR": str(home)}
        self.set_database(f"postgresql://app:secret-word-41@localhost:{self.port}/orders")
        if user is not None:
            shutil.chown(self.folder, user)

    def set_database(self, url: str) -> None:
        """Write `.env` anew: the file is linked to the one of the shared project."""
        env = self.folder / ".env"
        text = re.sub(r"(?m)^DATABASE_URL=.*$", f"DATABASE_URL={url}", env.read_text(encoding="utf-8"))
        env.unlink()
        env.write_text(text, encoding="utf-8")
        env.chmod(0o600)
        if self.user is not None:
            shutil.chown(env, self.user)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start Node.js with these arguments."""
        return subprocess.Popen(
            ["node", *words],
            cwd=self.folder,
            env=self.environment,
            user=self.user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str]:
        """Run Node.js to its end; returns its exit code and its output."""
        with self.start(*words) as process:
            output = process.communicate(timeout=120)[0]
        return process.returncode, output


def only_node(project: Project) -> str:
    return project.environment["PATH"].split(os.pathsep)[0]


@pytest.fixture
def developer(project: Project, home: Path) -> Iterator[Developer]:
    """A developer without a container engine, but with the programs of PostgreSQL."""
    try:
        path = os.pathsep.join([only_node(project), str(binaries())])
    except ServerMissingError as error:
        missing(str(error))
    with account(home) as user:
        there = Developer(project, home, path, user)
        initdb = subprocess.run(["initdb", "--version"], env=there.environment, user=user, check=False)
        if initdb.returncode or there.run("--version")[0]:
            missing("another account than root cannot run Node.js or PostgreSQL on this machine")
        yield there


@contextmanager
def database(developer: Developer) -> Iterator[subprocess.Popen[str]]:
    """Run the development database until it is ready."""
    with developer.start("development/database.ts") as process:
        try:
            printed = ""
            for line in process.stdout or ():
                printed += line
                if "Ctrl-C" in line:
                    break
            assert f"runs at localhost:{developer.port} with the empty database orders" in printed, printed
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


@on(POSTGRES)
def test_the_development_database_fits_the_example_and_the_tests_and_leaves_nothing(developer: Developer) -> None:
    with database(developer) as process:
        code, output = developer.run("src/commands/migrate.ts")
        assert (code, "Migrated: " in output) == (0, True), output
        code, output = developer.run("--test", "--test-isolation=none", "test/cors.test.ts")
        assert code == 0, output
        code, output = developer.run("development/database.ts")
        assert (code, f"uses port {developer.port}" in output) == (1, True), output
    assert process.returncode == 0
    assert sorted(path.name for path in developer.folder.parent.iterdir()) == ["project"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", developer.port)).close()


@on(POSTGRES)
def test_a_refused_connection_names_the_setting_the_address_and_the_command(project: Project, home: Path) -> None:
    developer = Developer(project, home, only_node(project), None)
    create_user = ("src/commands/create-user.ts", "--email", "ada@example.com", "--link")
    one_file = ("--test", "--test-isolation=none", "test/cors.test.ts")
    for words in (("src/server.ts",), ("src/commands/migrate.ts",), create_user, one_file):
        code, output = developer.run(*words)
        lines = [line for line in output.splitlines() if not line.startswith("{")]
        assert code == 1, output
        assert len(lines) == 1, output
        for word in ("DATABASE_URL", f"localhost:{developer.port}", "npm run db"):
            assert word in lines[0]
        assert "secret-word-41" not in output


@on(POSTGRES)
@pytest.mark.parametrize(
    ("url", "settings", "reason"),
    [
        ("postgresql://app:word@database.example.com/orders", {}, "database.example.com"),
        ("postgresql://app@localhost/orders", {}, "no password"),
        ("postgresql://app:word@localhost/orders", {"NODE_ENV": "production"}, "production"),
    ],
)
def test_the_development_database_is_only_for_this_machine(
    project: Project, home: Path, url: str, settings: dict[str, str], reason: str
) -> None:
    developer = Developer(project, home, only_node(project), None)
    developer.set_database(url)
    developer.environment |= {"PUBLIC_URL": "https://api.example.com", "SMTP_URL": "smtp://localhost"} | settings
    code, output = developer.run("development/database.ts")
    assert code == 1
    assert reason in output
    assert "word" not in output.replace("password", "")


@on(POSTGRES)
def test_without_an_engine_and_without_postgresql_the_next_steps_are_printed(project: Project, home: Path) -> None:
    developer = Developer(project, home, only_node(project), None)
    # This machine may have PostgreSQL where the command looks for it.
    source = developer.folder / "development/postgres-server.ts"
    text = source.read_text(encoding="utf-8").replace("/usr/lib/postgresql", "/nonexistent")
    source.unlink()
    source.write_text(text, encoding="utf-8")
    code, output = developer.run("development/database.ts")
    assert code == 1
    assert "Docker or Podman" in output
    assert "DATABASE_URL in .env" in output


@on(SQLITE)
def test_a_project_without_a_database_server_has_no_command_for_one(project: Project) -> None:
    code, output = project.npm("run", "db")
    assert code != 0
    assert "Missing script" in output


def count_of(output: str) -> int:
    found = re.search(r"^\S+ tests (\d+)$", output, re.MULTILINE)
    assert found, output
    return int(found[1])


@on(SQLITE)
def test_one_file_and_one_title_can_be_tested(project: Project) -> None:
    in_file = len(re.findall(r"^\s*(?:it|test)\('", (project.folder / "test/cors.test.ts").read_text(), re.MULTILINE))
    code, output = project.npm("test", "--", "test/cors.test.ts")
    assert (code, count_of(output)) == (0, in_file), output
    code, output = project.npm("test", "--", "--test-name-pattern=preflight for an unknown", "test/cors.test.ts")
    assert (code, count_of(output)) == (0, 1), output


@rows([SQLITE, *databases_and_strategies()[2:]], [])
def test_the_token_of_the_sample_account_signs_requests(project: Project) -> None:
    settings = {"DATABASE_URL": project.empty_database(), "PORT": str(free_port()), "ALLOWED_HOSTS": "127.0.0.1"}
    code, output = project.npm("run", "--silent", "token", **settings)
    assert (code, "npm run dev" in output) == (1, True), output
    with serving(project.folder, settings) as running:
        for _ in range(2):  # the second time the account exists
            code, token = project.npm("run", "--silent", "token", **settings)
            assert code == 0, token
            client = ApiClient.of(running)
            if project.answers["auth"] == "session":
                client.cookie = token.strip()
            else:
                client.tokens = {"accessToken": token.strip()}
            assert client.call(200, "GET", "/api/v1/me")["email"] == "developer@example.com"
    production = {"NODE_ENV": "production", "PUBLIC_URL": "https://api.example.com", "SMTP_URL": "smtp://127.0.0.1:25"}
    code, output = project.npm("run", "--silent", "token", **settings, **production)
    assert (code, "production" in output) == (1, True), output
