"""What the default project weighs: packages, megabytes, boot time, memory."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from benchmarks.measurement import Row, value_row
from benchmarks.servers import prepare, project_server
from tools.node import environment


def _production_copy(project: Path, work: Path) -> Path:
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


def _resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


def measure(project: Path, work: Path, rounds: int) -> list[Row]:
    """Weigh a production install of the default project."""
    copy = _production_copy(project, work)
    prepare(copy)
    boots, memories = [], []
    for _ in range(rounds):
        with project_server(copy) as server:
            boots.append(server.boot_seconds)
            memories.append(_resident_megabytes(server.pid))
    return [
        value_row("production packages", [_packages(copy)], "", at_most=90),
        value_row("production node_modules", [_megabytes(copy / "node_modules")], "MB", at_most=25),
        value_row("boot until it listens", boots, "s", at_most=0.4),
        value_row("resident memory after one sign-in", memories, "MB", at_most=120),
    ]
