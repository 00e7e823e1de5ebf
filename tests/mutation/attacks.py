"""Running the attack tests of a project whose defence was removed, and checking its types."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.mutation.judge import Failure, Result, Run
from tools.controls import ROOT
from tools.processes import ended

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.support.projects import Project
    from tools.controls import Edit

# Tests of rules that the owner of a project may change; all others are files of the project.
OURS = "tests/"
_HERE = Path(__file__).parent
_NODE = (
    *("node", "--test", "--test-isolation=none", f"--test-reporter={_HERE / 'reporter.mjs'}"),
    *("--disable-proto=delete", "--disallow-code-generation-from-strings"),
)


@contextmanager
def without_defence(project: Project, edits: Sequence[Edit]) -> Iterator[dict[str, str]]:
    """Edit a project for a while; gives the new contents of the edited files.

    Raises:
        AssertionError: a file does not have the text of an edit exactly once.
    """
    before = {edit.file: (project.folder / edit.file).read_text(encoding="utf-8") for edit in edits}
    after = dict(before)
    for edit in edits:
        assert after[edit.file].count(edit.text) == 1, f"{edit.file} does not hold exactly once: {edit.text!r}"
        after[edit.file] = after[edit.file].replace(edit.text, edit.replacement)
    try:
        _write(project.folder, after)
        yield after
    finally:
        _write(project.folder, before)


def _write(folder: Path, contents: Mapping[str, str]) -> None:
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")


def attack(project: Project, files: Sequence[str], titles: Sequence[str] = ()) -> Run:
    """Run attack tests: those of the given titles, or all of the files."""
    patterns = [f"--test-name-pattern=^{re.escape(title)}$" for title in titles]
    paths = [str(ROOT / file) if file.startswith(OURS) else file for file in files]
    _, output = ended([*_NODE, *patterns, *paths], project.folder, project.environment)
    found = list(_reported(output))
    programs = sum(line["programs"] for line in found if "programs" in line)
    return Run(tuple(_result(line) for line in found if "title" in line), programs, output)


def _reported(output: str) -> Iterator[dict[str, Any]]:
    """Return the lines of the reporter; whatever the tests print stands between them."""
    # Not splitlines: JavaScript writes U+2028, which Python takes for the end of a line, into JSON as it is.
    for line in output.split("\n"):
        if line.startswith(('{"title":', '{"programs":')):
            yield json.loads(line)


def _result(line: dict[str, Any]) -> Result:
    failure = Failure(**line["failure"]) if line["failure"] else None
    return Result(line["title"], line["milliseconds"], failure)


class TypeChecker:
    """The TypeScript compiler of a project, which stays in memory between two checks."""

    def __init__(self, project: Project) -> None:
        """Start it; it loads the project while the first attack runs."""
        self._process = subprocess.Popen(
            ["node", _HERE / "typecheck.mjs", project.folder],
            env=project.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def errors(self, contents: Mapping[str, str]) -> list[str]:
        """Return the type errors of the project if some of its files had these contents."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(contents) + "\n")
        self._process.stdin.flush()
        found: list[str] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        """End it."""
        self._process.communicate()
