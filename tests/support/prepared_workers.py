"""The process for templates of others, forked from one that has imported Copier: most of its time is that import.

The fork serves requests as a process does that `scaffold.template.confined` starts itself, with the same limits.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, cast
from unittest.mock import patch

from scaffold.template import confined

_START = "import sys; sys.path[:] = sys.argv[2:]; from tests.support.prepared_workers import serve; serve(sys.argv[1])"
# What rendering imports.
_NEEDED = ("copier", "scaffold.template.mistakes", "scaffold.template.render")
_LARGEST_REQUEST = 1 << 17
_CODE_BYTES = 4
# Of a request: the ends of the worker's input, its output and the pipe that tells how it ended.
_ENDS = 3
_one_at_a_time = Lock()


@dataclass(frozen=True)
class _Worker:
    """What `confined` uses of a `Popen`."""

    pid: int
    stdin: BinaryIO
    stdout: BinaryIO
    _ended: BinaryIO

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code of a process that was killed or whose output has ended."""
        del timeout
        with self._ended:
            return int.from_bytes(self._ended.read(_CODE_BYTES), "big", signed=True)


def use() -> Any:
    """Return a patch: while it is active, this process starts its processes for templates this way."""
    return patch.object(confined, "_start", start)


def are_used() -> bool:
    """Tell whether the patch is active."""
    return vars(confined)["_start"] is start


def start() -> subprocess.Popen[bytes]:
    """Start a process for templates; stands for `scaffold.template.confined._start`."""
    mask = os.umask(0)
    os.umask(mask)
    request = {"environment": dict(os.environ), "cwd": str(Path.cwd()), "umask": mask}
    (input_end, stdin), (stdout, output_end), (ended, end) = (os.pipe() for _ in range(_ENDS))
    theirs = (input_end, output_end, end)
    with _one_at_a_time:
        server = prepare()
        socket.send_fds(server, [json.dumps(request).encode()], theirs)
        pid = int(server.recv(_LARGEST_REQUEST))
    for descriptor in theirs:
        os.close(descriptor)
    worker = _Worker(pid, os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"), os.fdopen(ended, "rb"))
    return cast("subprocess.Popen[bytes]", worker)


@cache
def prepare() -> socket.socket:
    """Start the process that forks; it ends when the last process that can ask it has ended."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        places = [str(Path(place).absolute()) for place in sys.path]
        server = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", "-c", _START, str(theirs.fileno()), *places],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    # In this order: it ends when nobody can ask it any more.
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours


def serve(descriptor: str) -> None:
    """Fork for each request until nobody can send one."""
    for module in _NEEDED:
        import_module(module)
    requests = socket.socket(fileno=int(descriptor))
    children: dict[int, int] = {}
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([requests.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(children)
        if requests.fileno() in ready:
            content, descriptors, _, _ = socket.recv_fds(requests, _LARGEST_REQUEST, _ENDS)
            if not content:
                return
            _fork(requests, json.loads(content), descriptors, children)


def _reap(children: dict[int, int]) -> None:
    """Tell how each child ended that has ended."""
    for pid in [*children]:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            end = children.pop(pid)
            os.write(end, os.waitstatus_to_exitcode(status).to_bytes(_CODE_BYTES, "big", signed=True))
            os.close(end)


def _fork(requests: socket.socket, request: dict[str, Any], descriptors: list[int], children: dict[int, int]) -> None:
    input_end, output_end, end = descriptors
    pid = os.fork()
    if not pid:
        _become(request, input_end, output_end)
    os.close(input_end)
    os.close(output_end)
    children[pid] = end
    requests.send(str(pid).encode())


def _become(request: dict[str, Any], input_end: int, output_end: int) -> None:
    """Be the process that `confined` starts: its own session, environment and streams, nothing else open."""
    from scaffold.template import confined_worker

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    os.umask(request["umask"])
    os.dup2(input_end, 0)
    os.dup2(output_end, 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.closerange(3, 1 << 10)
    try:
        confined_worker.serve()
    finally:
        os._exit(0)
