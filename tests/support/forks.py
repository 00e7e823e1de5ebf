"""A process that has imported much and forks itself on request: most of a short command's time is its imports.

A fork is a process of its own: with its own folder, environment, descriptors and exit code.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LARGEST_REQUEST = 1 << 17
_NUMBER_BYTES = 4
# Of a request: the pipe that tells what became of it, and those of a program: input, output and errors.
_DESCRIPTORS = 4


class Fork:
    """A fork; this process is not its parent.

    Attributes:
        pid: its process id.
    """

    def __init__(self, told: BinaryIO) -> None:
        """Read what the server tells of it."""
        self._told = told
        self._code: int | None = None
        self.pid = _number(told)

    def has_ended(self, within: float = 0) -> bool:
        """Wait some seconds for its end; returns whether it came."""
        return self._code is not None or bool(select.select([self._told], [], [], within)[0])

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code, negative for a signal.

        Raises:
            subprocess.TimeoutExpired: it has not ended within so many seconds.
        """
        if timeout is not None and not self.has_ended(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        if self._code is None:
            with self._told:
                self._code = _number(self._told)
        return self._code


class Server:
    """The process that forks; it ends when the last process that can ask it has ended. Threads may share it."""

    def __init__(self, command: Sequence[str], arguments: Sequence[str] = (), **options: Any) -> None:
        """Start it: the command gets the number of a descriptor for `serve`, and then the arguments."""
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [*command, str(theirs.fileno()), *arguments],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                **options,
            )
        # In this order: it ends when nobody can ask it any more.
        atexit.register(process.wait)
        atexit.register(self._requests.close)

    def fork(self, request: Mapping[str, object], descriptors: Sequence[int]) -> Fork:
        """Fork it for a request; the fork has these descriptors."""
        told, telling = os.pipe()
        try:
            socket.send_fds(self._requests, [json.dumps(request).encode()], [telling, *descriptors])
        finally:
            os.close(telling)
        return Fork(os.fdopen(told, "rb"))


def _number(told: BinaryIO) -> int:
    return int.from_bytes(told.read(_NUMBER_BYTES), "big", signed=True)


def _tell(pipe: int, number: int) -> None:
    os.write(pipe, number.to_bytes(_NUMBER_BYTES, "big", signed=True))


def serve(descriptor: int) -> tuple[dict[str, Any], list[int]] | None:
    """Fork for each request until nobody can send one.

    Returns:
        In each fork its request and its descriptors; None in the server itself, at the end.
    """
    requests = socket.socket(fileno=descriptor)
    telling: dict[int, int] = {}
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([requests.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(telling)
        if requests.fileno() not in ready:
            continue
        content, descriptors, _, _ = socket.recv_fds(requests, _LARGEST_REQUEST, _DESCRIPTORS)
        if not content:
            return None
        pid = os.fork()
        if not pid:
            _forget([requests.detach(), woken, waking, descriptors[0], *telling.values()])
            return json.loads(content), descriptors[1:]
        telling[pid] = descriptors[0]
        for one in descriptors[1:]:
            os.close(one)
        _tell(descriptors[0], pid)


def _forget(descriptors: Sequence[int]) -> None:
    """In a fork: close the descriptors of the server, and take signals as a new process does."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for one in descriptors:
        os.close(one)


def _reap(telling: dict[int, int]) -> None:
    """Tell how each fork ended that has ended."""
    for pid in [*telling]:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            pipe = telling.pop(pid)
            try:
                _tell(pipe, os.waitstatus_to_exitcode(status))
            except BrokenPipeError:
                pass  # the one who asked has ended
            finally:
                os.close(pipe)


def become(request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Take the folder and the environment of a request, and its descriptors as input, output and errors."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
