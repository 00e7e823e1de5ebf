"""Lets npm confirm a lockfile that joins the owner's packages and the template's."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from scaffold import npm
from scaffold.files.staging import scratch
from scaffold.update.special_files import LOCKFILE

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.git.run import Git

__all__ = ["LOCKFILE", "MANUAL_COMMAND", "confirm"]

MANUAL_COMMAND = "npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved"
# npm may wait for a registry that does not answer; the project is complete without it.
_PATIENCE_SECONDS = 180


def confirm(project: Git) -> str | None:
    """Bring the lockfile in line with package.json through npm, and stage it.

    Nothing of the project's own code, of its packages' scripts or of what its `.npmrc` names runs.

    Returns:
        None when npm has confirmed it, else the reason why not: no npm, no registry, package.json in
        conflict, or a project that would make npm do more than that.
    """
    program = npm.find()
    if program is None:
        return "there is no npm on this machine's PATH"
    with scratch() as work:
        try:
            npm.prepare(program, project.folder, work)
        except npm.NpmRefusedError as refusal:
            return f"{refusal}: read that file before you run npm here"
        if not _succeeds(program, work):
            return "npm failed, or its registry does not answer"
        confirmed = (work / LOCKFILE).read_bytes()
    if confirmed != (project.folder / LOCKFILE).read_bytes():
        (project.folder / LOCKFILE).write_bytes(confirmed)
        project.output("add", "--", LOCKFILE)
    return None


def _succeeds(program: str, scratch: Path) -> bool:
    command = (*MANUAL_COMMAND.split()[1:], "--no-audit", "--no-fund")
    try:
        return npm.run(program, scratch, *command, output=subprocess.DEVNULL, timeout=_PATIENCE_SECONDS) == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
