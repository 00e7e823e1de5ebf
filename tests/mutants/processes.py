"""Programs that can be ended from another thread."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class StoppedError(Exception):
    """The run was interrupted."""


@dataclass(frozen=True)
class Ended:
    """A program that ended.

    Attributes:
        code: its exit code.
        output: what it printed, errors included.
        silent: it was killed because it printed nothing for too long.
    """

    code: int
    output: str
    silent: bool


class Programs:
    """The programs of all workers."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(
        self, command: Sequence[str | Path], folder: Path, environment: dict[str, str], silent_seconds: float
    ) -> Ended:
        """Run a program to its end, in its own process group, which is killed afterwards.

        Args:
            command: the program and its arguments.
            folder: where it runs.
            environment: all of its environment.
            silent_seconds: a program that prints nothing for so long is killed.

        Raises:
            StoppedError: `stop` was called.
        """
        with self._lock:
            if self._stopped:
                raise StoppedError
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.add(process)
        try:
            output, silent = _read(process, silent_seconds)
        finally:
            _kill(process)
            with self._lock:
                self._running.discard(process)
        if self._stopped:
            raise StoppedError
        return Ended(process.wait(), output, silent)

    def stop(self) -> None:
        """Kill what is running, and start nothing any more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)


def _read(process: subprocess.Popen[str], silent_seconds: float) -> tuple[str, bool]:
    silent = threading.Event()

    def end() -> None:
        silent.set()
        _kill(process)

    lines = []
    timer = threading.Timer(silent_seconds, end)
    timer.start()
    try:
        for line in process.stdout or ():
            lines.append(line)
            timer.cancel()
            timer = threading.Timer(silent_seconds, end)
            timer.start()
    finally:
        timer.cancel()
        if process.stdout:
            process.stdout.close()
    process.wait()
    return "".join(lines), silent.is_set()


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
