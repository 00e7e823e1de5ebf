"""The process for templates of others, forked from one that has imported Copier.

The fork serves requests as a process does that `scaffold.template.confined` starts itself, with the same limits.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from unittest.mock import patch

from scaffold.template import confined
from tests.support import forks

if TYPE_CHECKING:
    import subprocess

_START = (
    "import sys; descriptor = int(sys.argv[1]); sys.path[:] = sys.argv[2:];"
    "from tests.support.prepared_workers import serve; serve(descriptor)"
)
# What rendering imports.
_NEEDED = ("copier", "scaffold.template.mistakes", "scaffold.template.render")


@dataclass(frozen=True)
class _Worker:
    """What `confined` uses of a `Popen`."""

    fork: forks.Fork
    stdin: BinaryIO
    stdout: BinaryIO

    @property
    def pid(self) -> int:
        return self.fork.pid

    def wait(self, timeout: float | None = None) -> int:
        return self.fork.wait(timeout)


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
    (input_end, stdin), (stdout, output_end) = os.pipe(), os.pipe()
    nothing = os.open(os.devnull, os.O_WRONLY)
    theirs = (input_end, output_end, nothing)
    fork = prepare().fork(request, theirs)
    for descriptor in theirs:
        os.close(descriptor)
    return cast("subprocess.Popen[bytes]", _Worker(fork, os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb")))


@cache
def prepare() -> forks.Server:
    """Start the process that forks."""
    places = [str(Path(place).absolute()) for place in sys.path]
    return forks.Server([sys.executable, "-I", "-X", "utf8", "-c", _START], places)


def serve(descriptor: int) -> None:
    """Fork for each request; a fork is a process for templates, in a session of its own."""
    for module in _NEEDED:
        import_module(module)
    served = forks.serve(descriptor)
    if served is None:
        return
    request, descriptors = served
    try:
        os.setsid()
        os.umask(request["umask"])
        forks.become(request, descriptors)
        from scaffold.template import confined_worker

        confined_worker.serve()
    finally:
        os._exit(0)
