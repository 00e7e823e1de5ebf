"""How long and how large a template may become: limits for programs that work on what others wrote."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from subprocess import DEVNULL, PIPE, CompletedProcess, Popen, TimeoutExpired
from typing import TYPE_CHECKING, Any

from scaffold.errors import template_too_large, template_too_slow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

MIB = 1024 * 1024
# Seconds; a variable of this name sets another number, for slow machines and for tests.
DEFAULT_SECONDS = {
    "SCAFFOLD_QUESTIONS_SECONDS": 20.0,
    "SCAFFOLD_RENDER_SECONDS": 60.0,
    "SCAFFOLD_FETCH_SECONDS": 300.0,
}
# Address space: an interpreter with Copier in it takes a quarter of this.
MEMORY_BYTES = 1024 * MIB
GIT_MEMORY_BYTES = 4096 * MIB
ONE_FILE_BYTES = 64 * MIB
# How often a folder that is being filled is measured.
LOOK_SECONDS = 0.2
# What a program gets to end by itself.
GRACE_SECONDS = 3.0


@dataclass(frozen=True)
class Size:
    """What a folder may hold.

    Attributes:
        entries: files and folders together.
        mebibytes: size of all files together.
    """

    entries: int
    mebibytes: int

    def check(self, folder: Path, address: str) -> None:
        """Measure a folder, no further than to the limit.

        Raises:
            ScaffoldError: `template-too-large`.
        """
        entries, size = 0, 0
        for parent, folders, names in os.walk(folder):
            entries += len(folders) + len(names)
            size += sum(_size_of(os.path.join(parent, name)) for name in names)  # noqa: PTH118 - many, and quick
            if entries > self.entries:
                raise template_too_large(address, f"it makes more than {self.entries} files and folders")
            if size > self.mebibytes * MIB:
                raise template_too_large(address, f"its files are larger than {self.mebibytes} MiB together")


RENDERED = Size(entries=20_000, mebibytes=256)
FETCHED = Size(entries=100_000, mebibytes=1024)


def seconds(name: str) -> float:
    """Return one of the limits of time, in seconds.

    Args:
        name: variable of the environment that sets it, one of `DEFAULT_SECONDS`.
    """
    try:
        return max(0.1, float(os.environ[name]))
    except (KeyError, ValueError):
        return DEFAULT_SECONDS[name]


def within_limits(folder: Path, address: str) -> Callable[..., CompletedProcess[bytes]]:
    """Return a `subprocess.run` for git that ends it when what it fetches takes too long or grows too large.

    Args:
        folder: where git writes.
        address: what is fetched, for the error.
    """

    def run(
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        **_: Any,  # noqa: ANN401 - as run's
    ) -> CompletedProcess[bytes]:
        # In the group of this process: ssh may have to ask the user for a passphrase in the terminal.
        process = Popen(command, cwd=cwd, env=env, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)  # noqa: S603 - a list
        try:
            limit_memory(process.pid, GIT_MEMORY_BYTES)
            output, errors = _watched(process, folder, address)
        finally:
            _end(process)
        return CompletedProcess(command, process.returncode, output, errors)

    return run


def _watched(process: Popen[bytes], folder: Path, address: str) -> tuple[bytes, bytes]:
    allowed = seconds("SCAFFOLD_FETCH_SECONDS")
    deadline = time.monotonic() + allowed
    while True:
        try:
            output = process.communicate(timeout=LOOK_SECONDS)
        except TimeoutExpired:
            if time.monotonic() > deadline:
                raise template_too_slow(address, "fetching it", allowed, "SCAFFOLD_FETCH_SECONDS") from None
            FETCHED.check(folder, address)
        else:
            FETCHED.check(folder, address)
            return output


def _end(process: Popen[bytes]) -> None:
    """End git; at a SIGTERM it removes what it has half written and ends its own helpers."""
    if process.poll() is None:
        process.terminate()
        try:
            process.communicate(timeout=GRACE_SECONDS)
        except TimeoutExpired:
            process.kill()
            process.communicate()


def limit_memory(process: int, size: int) -> None:
    """Limit the address space of a process, where the system can do that from outside (Linux)."""
    try:
        import resource

        resource.prlimit(process, resource.RLIMIT_AS, (size, size))
    except (AttributeError, OSError, ValueError):
        return


def limit_this_process() -> None:
    """Limit memory, file size and processor time of the process that renders, where the system can (POSIX)."""
    import resource

    # Only a process whose parent was killed gets this far: the parent's clock ends all others.
    cpu = int(seconds("SCAFFOLD_QUESTIONS_SECONDS") + 3 * seconds("SCAFFOLD_RENDER_SECONDS")) + 1
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, ONE_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu),
    ):
        _, most = resource.getrlimit(limit)
        allowed = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(limit, (allowed, allowed))


def _size_of(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:  # a file that is gone again
        return 0
