"""Run a generated project on free loopback ports and read its output."""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.node import environment
from tools.processes import running, stop

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping
    from pathlib import Path

STARTS_WITHIN_SECONDS = 30


class ServerFailedError(RuntimeError):
    """The project did not start, or did not print the expected line; its output is the message."""


@dataclass
class ProjectServer:
    """A running project.

    Attributes:
        process: the server.
        lines: its output so far.
        url: origin of the main listener; empty until it listens.
        management_url: origin of the management listener.
    """

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    url: str = ""
    management_url: str = ""

    def wait_for(self, pattern: str, *, after: int = 0, seconds: float = STARTS_WITHIN_SECONDS) -> re.Match[str]:
        """Wait until a line matches.

        Args:
            pattern: regular expression, searched in each line.
            after: number of lines to skip. Default: 0.
            seconds: how long to wait. Default: 30.

        Raises:
            ServerFailedError: the server ended, or the time is up.
        """
        deadline = time.monotonic() + seconds
        while True:
            alive = self.process.poll() is None
            for line in self.lines[after:]:
                if match := re.search(pattern, line):
                    return match
            if not alive or time.monotonic() > deadline:
                reason = "The server ended" if not alive else f"No line like {pattern!r} in {seconds:.0f} s"
                message = f"{reason}. It printed:\n" + "\n".join(self.lines[-40:])
                raise ServerFailedError(message)
            time.sleep(0.02)

    def stop(self) -> int:
        """Stop it with SIGTERM; returns its exit code."""
        return stop(self.process)

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.lines.append(line.rstrip("\n"))


def start_command(project: Path) -> list[str]:
    """Return the command of `npm start`. npm itself would not pass on signals."""
    manifest = json.loads((project / "package.json").read_text(encoding="utf-8"))
    return shlex.split(manifest["scripts"]["start"])


@contextmanager
def serving(
    project: Path, settings: Mapping[str, str] | None = None, command: list[str] | None = None
) -> Iterator[ProjectServer]:
    """Run a project during a block.

    Args:
        project: its folder; its `.env` gives the settings that `settings` does not contain.
        settings: environment variables of the server. Default: none.
        command: what to run. Default: the command of `npm start`.

    Raises:
        ServerFailedError: it does not start.
    """
    variables = environment(**{"PORT": "0", "MANAGEMENT_PORT": "0", "ALLOWED_HOSTS": "127.0.0.1", **(settings or {})})
    with running(command or start_command(project), project, variables) as process:
        server = ProjectServer(process)
        reader = threading.Thread(target=server._read, daemon=True)  # noqa: SLF001 - its own thread
        reader.start()
        try:
            started = json.loads(server.wait_for(r'^\{.*"sys_startup".*\}$')[0])
            server.url = f"http://127.0.0.1:{started['port']}"
            server.management_url = f"http://127.0.0.1:{started['managementPort']}"
            yield server
        finally:
            server.stop()
            reader.join()
