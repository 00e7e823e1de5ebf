"""The command in forks of a process that has imported what commands need.

A fork has the interpreter flags of the tests; everything else is its own.
"""

from __future__ import annotations

import fcntl
import os
import sys
import termios
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from tests.support import forks, prepared_workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCAFFOLD = (sys.executable, "-m", "scaffold")
_ROOT = Path(__file__).resolve().parents[2]
# What most commands import.
_NEEDED = ("copier", "questionary", "scaffold.cli.new", "scaffold.cli.update", "scaffold.update.plan")


def is_possible(environment: Mapping[str, str]) -> bool:
    """Tell whether a fork can have this environment: the interpreter reads some variables when it starts."""
    names = {name for name in {*environment, *os.environ} if name.startswith("PYTHON")}
    return _encoding(environment) == _encoding(os.environ) and all(
        environment.get(name) == os.environ.get(name) for name in names
    )


def _encoding(environment: Mapping[str, str]) -> str:
    """Return the encoding of the locale; without a locale Python takes C.UTF-8."""
    locale = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := environment.get(name))), "C.UTF-8")
    return locale.partition(".")[2].upper().replace("-", "")


def run(arguments: Sequence[str], cwd: Path, stdin: str, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run `scaffold` to its end; returns its exit code, its output and its errors."""
    with ExitStack() as opened:
        given, output, errors = (opened.enter_context(TemporaryFile()) for _ in range(3))
        given.write(stdin.encode())
        given.seek(0)
        request = _request((*SCAFFOLD, *arguments), cwd, environment)
        code = _server().fork(request, [file.fileno() for file in (given, output, errors)]).wait()
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="surrogateescape"))
    return code, texts[0], texts[1]


def start_in_terminal(command: Sequence[str], cwd: Path, environment: Mapping[str, str], terminal: int) -> forks.Fork:
    """Start a command as the leader of a session with the terminal of this descriptor."""
    request = _request(command, cwd, environment) | {"terminal": True}
    return _server().fork(request, [terminal, terminal, terminal])


def _request(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> dict[str, object]:
    return {
        "command": [*command],
        "forked": tuple(command[: len(SCAFFOLD)]) == SCAFFOLD and is_possible(environment),
        "cwd": str(cwd),
        "environment": {**environment},
        "prepared_workers": prepared_workers.are_used(),
    }


@cache
def _server() -> forks.Server:
    return forks.Server([sys.executable, "-m", "tests.support.prepared"], cwd=_ROOT)


def _become_command() -> None:
    """Fork for each request; a fork returns as the command, or replaces itself by another one."""
    served = forks.serve(int(sys.argv[1]))
    if served is None:
        os._exit(0)
    request, descriptors = served
    if request.get("terminal"):
        os.setsid()
        fcntl.ioctl(descriptors[0], termios.TIOCSCTTY, 0)
    forks.become(request, descriptors)
    command = request["command"]
    if not request["forked"]:
        os.execvpe(command[0], command, request["environment"])  # noqa: S606 - a test's own command
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    sys.argv = ["scaffold", *command[len(SCAFFOLD) :]]
    # Of `python -m scaffold` it is the current folder.
    sys.path[0] = request["cwd"]
    if request["prepared_workers"]:
        prepared_workers.use().start()


if __name__ == "__main__":
    for module in _NEEDED:
        import_module(module)
    from scaffold.cli import main

    prepared_workers.prepare()
    _become_command()
    sys.exit(main())
