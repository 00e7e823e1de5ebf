"""Terminals in which `scaffold new` runs."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import yaml

from tests.wizard.terminal import SCAFFOLD, Terminal, plain_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


class Start(Protocol):
    """Starts `scaffold new` in a terminal, in an empty folder."""

    def __call__(
        self, *arguments: str, rows: int = 24, columns: int = 80, command: tuple[str, ...] = (), **variables: str
    ) -> Terminal:
        """Start it with these arguments, or another command instead; variables go into its environment."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the empty folder in which the command runs."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start terminals, and close them at the end of the test."""
    opened: list[Terminal] = []
    home = folder.parent / "home"
    home.mkdir()
    old_node = folder.parent / "old-node"
    old_node.mkdir()
    (old_node / "node").write_text("#!/bin/sh\necho v1.0.0\n", encoding="utf-8")
    (old_node / "node").chmod(0o755)

    def run(
        *arguments: str, rows: int = 24, columns: int = 80, command: tuple[str, ...] = (), **variables: str
    ) -> Terminal:
        # A Node.js that is too old: nobody is offered to install packages, unless a test is about that.
        path = f"{old_node}:{os.environ['PATH']}"
        environment = plain_environment(home) | {"PATH": path} | variables
        line = command or (*SCAFFOLD, "new", *arguments)
        opened.append(Terminal(line, folder, environment, (rows, columns)))
        return opened[-1]

    yield run
    for terminal in opened:
        terminal.close()


@pytest.fixture
def write_template(tmp_path: Path) -> Callable[[Mapping[str, Any]], Path]:
    """Return a function that makes a template of the given questions."""

    def write(questions: Mapping[str, Any]) -> Path:
        template = tmp_path / "template"
        template.mkdir()
        (template / "copier.yml").write_text(yaml.safe_dump(dict(questions), sort_keys=False), encoding="utf-8")
        record = template / "{{ _copier_conf.answers_file }}.jinja"
        record.write_text("{{ _copier_answers | to_nice_yaml }}", encoding="utf-8")
        return template

    return write


@pytest.fixture
def large_template(write_template: Callable[[Mapping[str, Any]], Path]) -> Path:
    """Return a template that takes seconds to render."""
    template = write_template({"word": {"type": "str", "help": "A word"}})
    for number in range(2000):
        (template / f"{number}.txt.jinja").write_text("{{ word }}", encoding="utf-8")
    return template


@pytest.fixture
def slow_git(tmp_path: Path) -> str:
    """Return a PATH on which git makes the file `committing` when it is to commit, and then takes its time."""
    git, sleep = shutil.which("git"), shutil.which("sleep")
    programs = tmp_path / "programs"
    programs.mkdir()
    script = f"""#!/bin/sh
case " $* " in *" commit "*) : > '{tmp_path}/committing'; exec '{sleep}' 600 ;; esac
exec '{git}' "$@"
"""
    (programs / "git").write_text(script, encoding="utf-8")
    (programs / "git").chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"
