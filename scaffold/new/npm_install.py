"""`npm ci` in a fresh project."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from scaffold import npm

# A slow network may need minutes; a registry that keeps a connection open for ever gets no more.
_PATIENCE_SECONDS = 1200
LATER = "Later, in the project: npm ci"


def install_packages(project: Path, output: int) -> str | None:
    """Install the packages of the lockfile, without running any of their scripts.

    Args:
        project: a rendered project.
        output: file descriptor for what npm prints.

    Returns:
        None when they are installed, else a note that says why not.
    """
    problem = _node_problem(project)
    if problem:
        return f"Packages are not installed: {problem}. {LATER}"
    program = npm.find()
    if program is None:
        return f"Packages are not installed: there is no npm on this machine's PATH. {LATER}"
    if os.path.lexists(project / "node_modules"):
        return f"Packages are not installed: the template brings node_modules of its own. {LATER}"
    try:
        with TemporaryDirectory(prefix="packages-", dir=project.parent, ignore_cleanup_errors=True) as scratch:
            npm.prepare(program, project, Path(scratch))
            problem = _ci(program, Path(scratch), output)
            if problem is None and Path(scratch, "node_modules").is_dir():
                Path(scratch, "node_modules").rename(project / "node_modules")
    except npm.NpmRefusedError as refusal:
        return f"Packages are not installed: {refusal}. Read that before you run npm ci in the project."
    return f"Packages are not installed: {problem}. {LATER}" if problem else None


def can_install(project: Path) -> bool:
    """Return whether this machine has npm, and a Node.js that the project runs on."""
    return npm.find() is not None and _node_problem(project) is None and (project / npm.LOCKFILE).is_file()


def _ci(program: str, scratch: Path, output: int) -> str | None:
    try:
        # The flag wins over a NODE_ENV=production around us, which would leave out the test tools.
        code = npm.run(program, scratch, "ci", "--include=dev", output=output, timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return f"npm ci took longer than {_PATIENCE_SECONDS} seconds"
    return f"npm ci failed with exit code {code}" if code else None


def required_node(project: Path) -> tuple[int, int]:
    """Return the oldest Node.js the project runs on: major and minor version; (0, 0) for any."""
    try:
        engines = json.loads((project / "package.json").read_text(encoding="utf-8"))["engines"]["node"]
    except (OSError, ValueError, KeyError, TypeError):
        return (0, 0)
    oldest = re.search(r">=\s*(\d+)(?:\.(\d+))?", str(engines))
    return (int(oldest[1]), int(oldest[2] or 0)) if oldest else (0, 0)


def _node_problem(project: Path) -> str | None:
    major, minor = required_node(project)
    node = shutil.which("node")
    if node is None:
        return f"there is no Node.js on this machine's PATH, and {major}.{minor} or newer is needed"
    shown = subprocess.run(  # noqa: S603 - a list of arguments, never a shell
        [node, "--version"], capture_output=True, text=True, check=False, cwd=os.sep
    ).stdout.strip()
    found = re.fullmatch(r"v(\d+)\.(\d+)\..*", shown)
    if found is None or (int(found[1]), int(found[2])) < (major, minor):
        return f"Node.js {shown or 'of an unknown version'} is too old, {major}.{minor} or newer is needed"
    return None
