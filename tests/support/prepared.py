"""The command in processes that need not import anything: most of a short command's time is the import of Copier.

A process that has imported what commands need forks itself for each of them. The fork is a process of its own: with its
own folder, environment, standard streams and exit code, but with the interpreter flags of the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from tests.support import prepared_workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROOT = Path(__file__).resolve().parents[2]
# What most commands import.
_NEEDED = ("copier", "questionary", "scaffold.cli.new", "scaffold.cli.update", "scaffold.update.plan")
_STREAMS = ("stdin", "stdout", "stderr")
# Answers come in the order of the requests: two threads would read each other's.
_one_at_a_time = Lock()


def is_possible(environment: Mapping[str, str]) -> bool:
    """Tell whether a fork can have this environment: the interpreter reads some variables when it starts."""
    names = {*environment, *os.environ}
    decided = {name for name in names if name.startswith(("PYTHON", "LC_", "LANG")) or name == "PATH"}
    return all(environment.get(name) == os.environ.get(name) for name in decided)


def run(arguments: Sequence[str], cwd: Path, stdin: str, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run the command to its end; returns its exit code, its output and its errors.

    Commands of several threads run one after another: tests of commands at the same time use `command.start`.
    """
    with TemporaryDirectory(prefix="scaffold-tests-streams-") as folder:
        paths = {name: str(Path(folder, name)) for name in _STREAMS}
        Path(paths["stdin"]).write_text(stdin, encoding="utf-8")
        request = {
            "arguments": [*arguments],
            "cwd": str(cwd),
            "environment": {**environment},
            "streams": paths,
            "prepared_workers": prepared_workers.are_used(),
        }
        with _one_at_a_time:
            code = _ask(request)
        output, errors = (Path(paths[name]).read_bytes().decode(errors="surrogateescape") for name in _STREAMS[1:])
    return code, output, errors


@cache
def _process() -> subprocess.Popen[str]:
    """Start the process that forks; it ends when its input ends, with the tests."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.prepared"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _ask(request: dict[str, Any]) -> int:
    process = _process()
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def _serve() -> None:
    """Fork for each request and print the exit code; the fork returns, with the request carried out up to `main`."""
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            _become(request)
            return
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()
    os._exit(0)


def _become(request: dict[str, Any]) -> None:
    """Take folder, environment, streams and arguments of a request."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, name in enumerate(_STREAMS):
        opened = os.open(request["streams"][name], os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in enumerate(("r", "w", "w")))  # noqa: PTH123, SIM115
    sys.argv = ["scaffold", *request["arguments"]]
    # Of `python -m scaffold` it is the current folder.
    sys.path[0] = request["cwd"]
    if request["prepared_workers"]:
        prepared_workers.use().start()


if __name__ == "__main__":
    for module in _NEEDED:
        import_module(module)
    from scaffold.cli import main

    prepared_workers.prepare()
    _serve()
    sys.exit(main())
