"""The command as a script runs it: a process of its own, without a terminal, with a known git identity."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.support import prepared
from tests.support.prepared import SCAFFOLD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONTACT = ("--security-contact", "security@example.com")
COMPLETE = (*CONTACT, "--defaults")
IDENTITY = {
    "GIT_AUTHOR_NAME": "Somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.com",
    "GIT_COMMITTER_NAME": "Somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.com",
}


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a person whose git knows them, with nothing else set up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "SCAFFOLD_"))}
    return {**kept, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **variables}


def scaffold(
    *arguments: str | Path, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    variables = environment() if env is None else env
    command = [*SCAFFOLD, *map(str, arguments)]
    if prepared.is_possible(variables):
        return subprocess.CompletedProcess(command, *prepared.run(command[len(SCAFFOLD) :], cwd, stdin, variables))
    return subprocess.run(
        command,
        cwd=cwd,
        env=variables,
        input=stdin,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=1200,
    )


def start(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[bytes]:
    """Start the command and return at once."""
    return subprocess.Popen(
        [*SCAFFOLD, *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def git(*arguments: str | Path, cwd: Path, stdin: str = "") -> str:
    """Run git in the same environment and return what it prints."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env=environment(),
        input=stdin.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout.decode(errors="replace").strip()
