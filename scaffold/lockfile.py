"""Lets npm confirm a lockfile that joins the owner's packages and the template's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from scaffold.reconcile import LOCKFILE, MANIFEST

if TYPE_CHECKING:
    from scaffold.git import Git

BY_HAND = "npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved"
# npm may wait for a registry that does not answer; the project is complete without it.
_PATIENCE_SECONDS = 180


def confirm(project: Git) -> bool:
    """Bring the lockfile in line with package.json through npm, and stage it.

    Nothing of the project's own code or of its packages' scripts runs.

    Returns:
        Whether npm has confirmed it; False without npm, without its registry, or while package.json
        is in conflict.
    """
    npm = shutil.which("npm")
    if npm is None:
        return False
    with TemporaryDirectory(prefix="scaffold-lockfile-", ignore_cleanup_errors=True) as scratch:
        for name in (MANIFEST, LOCKFILE, ".npmrc"):
            if (project.folder / name).is_file():
                shutil.copy(project.folder / name, scratch)
        if not _succeeds([npm, *BY_HAND.split()[1:], "--no-audit", "--no-fund"], Path(scratch)):
            return False
        confirmed = Path(scratch, LOCKFILE).read_bytes()
    if confirmed != (project.folder / LOCKFILE).read_bytes():
        (project.folder / LOCKFILE).write_bytes(confirmed)
        project("add", "--", LOCKFILE)
    return True


def _succeeds(command: list[str], folder: Path) -> bool:
    try:
        ended = subprocess.run(  # noqa: S603 - a list of arguments, never a shell
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PATIENCE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
