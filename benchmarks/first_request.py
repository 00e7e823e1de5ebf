"""From nothing to the first authenticated request: `python -m benchmarks.first_request`.

It runs the four commands of a newcomer (`scaffold new`, `npm ci`, `npm run dev`, and `curl` with the token of `npm run
token`) with an empty npm cache, and prints how long each took.
"""

from __future__ import annotations

import http.client
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.machine import BIN, CONTACT, noise
from benchmarks.measurement import Row, seconds_of, table
from tools.node import environment
from tools.processes import running

AT_MOST = 60
TOKEN = ("npm", "run", "--silent", "token")


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _status(port: str, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    connection.request("GET", path, headers=headers)
    return connection.getresponse().status


def _wait_for(port: str) -> None:
    for _ in range(600):
        with suppress(OSError):
            _status(port, "/healthz")
            return
        time.sleep(0.1)
    message = f"port {port} does not respond"
    raise RuntimeError(message)


def main() -> None:
    """Measure and print."""
    print(noise() + "\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "my-api"
        variables = environment(
            npm_config_cache=str(Path(folder) / "npm"), PORT=_free_port(), MANAGEMENT_PORT=_free_port()
        )
        new = [BIN / "scaffold", "new", project, "--defaults", "--security-contact", CONTACT, "--json"]

        def run(*command: str | Path, inside: Path = project) -> str:
            piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
            return subprocess.run(command, cwd=inside, env=variables, check=True, text=True, **piped).stdout.strip()

        def request() -> None:
            status = _status(variables["PORT"], "/api/v1/me", Authorization=f"Bearer {run(*TOKEN)}")
            if status != http.client.OK:
                message = f"the request got {status}"
                raise RuntimeError(message)

        seconds = {
            "scaffold new": seconds_of(lambda: run(*new, inside=Path(folder))),
            "npm ci": seconds_of(lambda: run("npm", "ci")),
        }
        with running(["npm", "run", "dev"], project, variables):
            seconds["npm run dev"] = seconds_of(lambda: _wait_for(variables["PORT"]))
            seconds["curl with npm run token"] = seconds_of(request)
    total = sum(seconds.values())
    parts = ", ".join(f"`{name}` {taken:.1f} s" for name, taken in seconds.items())
    what = "first authenticated request, from nothing"
    print(table([Row(what, f"{total:.0f} s", parts, f"≤ {AT_MOST} s", total <= AT_MOST)]))


if __name__ == "__main__":
    main()
