"""`scaffold update` of several projects: one process for each, one line for each, one exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from scaffold.cli import output
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scaffold.cli.output import Line

# The interpreter without what a folder or a variable could slip in, and with this one's packages.
_START = "import sys; n = int(sys.argv[1]); sys.path[:] = sys.argv[2:n + 2]; del sys.argv[1:n + 2]; {}"
_MAIN = "from scaffold.cli import main; sys.exit(main())"


@dataclass(frozen=True)
class Ended:
    """How the update of one project ended.

    Attributes:
        project: as it was named on the command line.
        exit_code: what `scaffold update` of this project alone ends with.
        fields: what it prints with `--json`, without the version.
    """

    project: str
    exit_code: int
    fields: dict[str, Any]


def update_several(projects: Sequence[str], arguments: Sequence[str], *, jobs: int, as_json: bool) -> int:
    """Update projects side by side and print how each ended.

    Args:
        projects: their folders. Projects in one repository are updated one after the other.
        arguments: flags for each of them.
        jobs: how many at a time.
        as_json: print one JSON object at the end.

    Returns:
        The highest exit code of all.
    """
    ended = {}
    for one in _each(projects, arguments, jobs):
        ended[one.project] = one
        stream = sys.stderr if as_json else sys.stdout
        if not as_json or (stream is not None and stream.isatty()):
            output.write([_line(one, len(ended), len(projects))], stream)
    if as_json:
        found = [
            {"project": project, "exit_code": ended[project].exit_code, **ended[project].fields} for project in projects
        ]
        output.write_json({"command": "update", "projects": found}, sys.stdout)
    return max(one.exit_code for one in ended.values())


def _each(projects: Sequence[str], arguments: Sequence[str], jobs: int) -> Iterator[Ended]:
    """Yield how each project ended, as soon as it did; on an interruption the running ones are interrupted, too."""
    running: set[subprocess.Popen[bytes]] = set()
    locks = {place: Lock() for place in set(map(_repository, projects))}

    def update(project: str) -> Ended:
        with locks[_repository(project)]:
            return _ended(project, arguments, running)

    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(update, project) for project in projects]
        try:
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                process.send_signal(signal.SIGINT)
            raise


def _repository(project: str) -> str:
    """Return the folder that holds `.git`: two updates cannot be at work in one repository."""
    folder = Path(project).resolve()
    return str(next((path for path in (folder, *folder.parents) if os.path.lexists(path / ".git")), folder))


def _ended(project: str, arguments: Sequence[str], running: set[subprocess.Popen[bytes]]) -> Ended:
    places = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100 - an empty entry is this folder
    command = [sys.executable, "-I", "-X", "utf8", "-c", _START.format(_MAIN), str(len(places)), *places]
    process = subprocess.Popen(  # noqa: S603 - this interpreter and code of ours
        [*command, "update", "--json", *arguments, "--", project],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Ctrl-C of a terminal reaches only us; we interrupt each process once.
        start_new_session=True,
    )
    running.add(process)
    printed, _ = process.communicate()
    running.discard(process)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    return Ended(project, code, _fields(printed))


def _fields(printed: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(printed)
    except ValueError:
        problem = {
            "code": "unexpected",
            "message": "The process of this project ended early.",
            "next_step": "Try again.",
        }
        return {"error": problem}
    return {name: value for name, value in found.items() if name not in {"version", "command"}}


def _line(one: Ended, number: int, total: int) -> Line:
    what, style = _outcome(one)
    return f"[{number}/{total}] {shown(one.project, 300)}: {what}", style


def _outcome(one: Ended) -> Line:
    fields = one.fields
    error = fields.get("error") or (fields.get("refusals") or [None])[0]
    if error:
        return f"{shown(error['code'])}: {shown(error['message'], 500)}", "bold red"
    if fields.get("aborted"):
        return f"the update to {shown(fields['aborted'])} is taken back", "green"
    if "up_to_date" not in fields:
        return f"settings added: {', '.join(map(shown, fields['settings_added'])) or 'none'}", "green"
    if fields["up_to_date"]:
        return f"up to date ({shown(fields['to'])})", "green"
    conflicts = len(fields["files"]["conflicts"])
    done = "would be updated" if fields["dry_run"] else "committed" if fields["commit"] else "staged"
    went = f"{shown(fields['from'])} -> {shown(fields['to'])}, {done}"
    return (f"{went}, {conflicts} files in conflict", "yellow") if conflicts else (went, "green")
