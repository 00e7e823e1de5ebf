"""Size of the default project: packages, megabytes, startup time, memory."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmarks.measurement import Row, value_row
from benchmarks.servers import prepare, project_server
from tools.node import environment


def production_copy(project: Path, work: Path) -> Path:
    """Install a project's production packages in a copy of it, in the folder `production` of `work`."""
    copy = work / "production"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("node_modules", ".git", "data"))
    command = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--silent"]
    subprocess.run(command, cwd=copy, env=environment(), check=True)
    return copy


def _packages(project: Path) -> int:
    command = ["npm", "ls", "--omit=dev", "--all", "--parseable"]
    listed = subprocess.run(command, cwd=project, env=environment(), capture_output=True, text=True, check=True)
    return len(set(listed.stdout.split())) - 1


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def resident_megabytes(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


def _starts(project: Path, how: str, rounds: int, **settings: str) -> list[Row]:
    """Start a server several times; the first start is discarded."""
    boots, memories = [], []
    for _ in range(rounds + 1):
        with project_server(project, **settings) as server:
            boots.append(server.boot_seconds)
            memories.append(resident_megabytes(server.pid))
    return [
        value_row(f"boot until it listens, {how}", boots[1:], "s", at_most=0.4),
        value_row(f"resident memory after one sign-in, {how}", memories[1:], "MB", at_most=120),
    ]


def measure(project: Path, work: Path, rounds: int) -> list[Row]:
    """Measure a production install of the default project."""
    copy = production_copy(project, work)
    prepare(copy)
    return [
        value_row("production packages", [_packages(copy)], "", at_most=90),
        value_row("production node_modules", [_megabytes(copy / "node_modules")], "MB", at_most=25),
        *_starts(copy, "with the image's compile cache", rounds, NODE_COMPILE_CACHE=str(work / "compile-cache")),
        *_starts(copy, "without", rounds),
    ]
