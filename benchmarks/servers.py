"""Start and stop the servers that are compared."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.machine import ROOT
from tools.node import environment
from tools.processes import running
from tools.project_server import serving
from tools.smoke_test import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EMAIL, PASSWORD = "bench@example.com", "seven purple lanterns drift"
# Another account signs in under load: an account keeps a limited number of sessions.
CROWD = "crowd@example.com"
ENDLESS = "1000000000"
# As in production, but with limits too high to be reached and no log line per request, like the references.
SETTINGS = {
    "NODE_ENV": "production",
    "PUBLIC_URL": "https://api.example.com",
    "SMTP_URL": "smtp://127.0.0.1:9",
    "LOG_LEVEL": "error",
    "RATE_LIMIT_MAX": ENDLESS,
    "USER_RATE_LIMIT_MAX": ENDLESS,
    "LOGIN_LIMIT_MAX": ENDLESS,
}


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: address without trailing slash.
        pid: process id.
        token: bearer token for GET /api/v1/me, empty when there is none.
        boot_seconds: from start to the line that says it listens.
        management_port: port of GET /readyz, 0 when there is none.
    """

    url: str
    pid: int
    token: str = ""
    boot_seconds: float = 0.0
    management_port: int = 0


@contextmanager
def reference(project: Path, name: str) -> Iterator[Server]:
    """Run one of the reference files with the project's own dependencies."""
    source = project / f"reference-{name}.ts"
    shutil.copy(ROOT / "benchmarks" / "reference" / source.name.removeprefix("reference-"), source)
    with running(["node", source.name], project, environment(NODE_ENV="production")) as process:
        # One line of JSON when it listens; any other line is an error message.
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("{"):
            message = f"the reference {name} does not start: {line}"
            raise RuntimeError(message)
        said = json.loads(line)
        yield Server(f"http://127.0.0.1:{said['port']}", process.pid, said.get("token", ""))


def prepare(project: Path, **settings: str) -> None:
    """Make the database and the benchmark's users; keyword arguments are more settings."""
    env = environment(**SETTINGS | settings)
    subprocess.run(["npm", "run", "--silent", "migrate"], cwd=project, env=env, check=True, capture_output=True)
    for email in (EMAIL, CROWD):
        command = ["npm", "run", "--silent", "create-user", "--", "--email", email, "--role", "user"]
        subprocess.run(command, cwd=project, env=env, input=PASSWORD, text=True, check=True, capture_output=True)


@contextmanager
def project_server(project: Path, **settings: str) -> Iterator[Server]:
    """Run a prepared project as in production, with a signed-in user; keyword arguments are more settings."""
    start = time.perf_counter()
    with serving(project, SETTINGS | settings) as server:
        boot = time.perf_counter() - start
        client = ApiClient(server, EMAIL, PASSWORD, {})
        client.log_in()
        token, port = str(client.tokens["accessToken"]), int(server.management_url.rpartition(":")[2])
        yield Server(server.url, server.process.pid, token, boot, port)


def login_body() -> bytes:
    """Return the body of a sign-in request of the background load."""
    return json.dumps({"email": CROWD, "password": PASSWORD}).encode()
