"""Start and stop the servers that are compared."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_BIN = Path(sys.prefix) / "node" / "bin"
EMAIL, PASSWORD = "bench@example.com", "correct horse battery bench"


def environment(**more: str) -> dict[str, str]:
    """The user's environment with our Node first on PATH."""
    return {**os.environ, "PATH": f"{NODE_BIN}{os.pathsep}{os.environ['PATH']}", **more}


def free_port() -> int:
    """Ask the system for a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: address without trailing slash.
        pid: process id.
        token: bearer token for GET /api/v1/me, empty when there is none.
        boot_seconds: from exec to the first answered request.
    """

    url: str
    pid: int
    token: str = ""
    boot_seconds: float = 0.0


@contextlib.contextmanager
def _process(command: list[str], cwd: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextlib.contextmanager
def reference(project: Path, name: str) -> Iterator[Server]:
    """Run one of the reference files with the project's own dependencies."""
    source = project / f"reference-{name}.ts"
    shutil.copy(ROOT / "benchmarks" / "reference" / f"{name}.ts", source)
    env = environment(NODE_ENV="production")
    with _process(["node", str(source)], project, env) as process:
        token = ""
        assert process.stdout is not None
        for line in process.stdout:
            word, value = line.split()
            if word == "token":
                token = value
            else:
                break
        yield Server(f"http://127.0.0.1:{value}", process.pid, token)
    source.unlink()


def wait_for(url: str, seconds: float = 20) -> None:
    """Wait until the URL answers 200.

    Raises:
        TimeoutError: it does not within the time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.005)
    raise TimeoutError(url)


def sign_in(url: str) -> str:
    """Sign in as the benchmark's user and return the access token."""
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    request = urllib.request.Request(
        f"{url}/api/v1/auth/login", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return str(json.load(response)["accessToken"])


@contextlib.contextmanager
def project_server(project: Path) -> Iterator[Server]:
    """Run the project as in production, with limits too high to be reached."""
    port = free_port()
    env = environment(
        NODE_ENV="production", HOST="127.0.0.1", PORT=str(port), MANAGEMENT_PORT="0",
        PUBLIC_URL="https://api.example.com", ALLOWED_HOSTS="127.0.0.1", LOG_LEVEL="error",
        SMTP_URL="smtp://127.0.0.1:9", MAIL_FROM="noreply@example.com",
        RATE_LIMIT_MAX="1000000000", USER_RATE_LIMIT_MAX="1000000000", LOGIN_LIMIT_MAX="1000000",
    )  # fmt: skip
    subprocess.run(["npm", "run", "-s", "migrate"], cwd=project, env=env, check=True)
    subprocess.run(
        ["npm", "run", "-s", "create-user", "--", "--email", EMAIL, "--role", "user"],
        cwd=project, env=env, input=PASSWORD + "\n", text=True, capture_output=True, check=False,
    )  # fmt: skip
    start = time.perf_counter()
    command = ["node", "--disable-proto=delete", "--disallow-code-generation-from-strings", "src/server.ts"]
    with _process(command, project, env) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/healthz")
        boot = time.perf_counter() - start
        yield Server(url, process.pid, sign_in(url), boot)
