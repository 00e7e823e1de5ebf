"""Run programs so that none of them keeps running after this process has ended."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

STOPS_WITHIN_SECONDS = 15


@contextmanager
def running(
    command: Sequence[str | Path], folder: Path, environment: dict[str, str], *, piped: bool = True
) -> Iterator[subprocess.Popen[str]]:
    """Run a program during a block, in its own process group, which is killed afterwards.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: all of its environment.
        piped: its output, errors included, can be read from ``stdout``. Default: True.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if piped else None,
        stderr=subprocess.STDOUT if piped else None,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop(process)
        if process.stdout:
            process.stdout.close()


def stop(process: subprocess.Popen[str]) -> int:
    """Stop a program as an orchestrator does, with SIGTERM first; return its exit code."""
    try:
        _signal_group(process, signal.SIGTERM)
        process.wait(STOPS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Children that are still running, and a program that ignored SIGTERM.
        _signal_group(process, signal.SIGKILL)
        process.wait()
    return process.returncode


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def ended(
    command: Sequence[str | Path],
    folder: Path,
    environment: dict[str, str],
    on_line: Callable[[str], None] = lambda _: None,
) -> tuple[int, str]:
    """Run a program to its end; returns its exit code and its output, errors included.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: all of its environment.
        on_line: called with each line while the program runs. Default: nothing is called.
    """
    output = []
    with running(command, folder, environment) as process:
        for line in process.stdout or ():
            output.append(line)
            on_line(line.rstrip())
        return process.wait(), "".join(output)
