"""The machine, and how much the same measurement varies on it."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.measurement import seconds_of

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CONTACT = "security@example.com"


def comparison_options(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """Return the options of a program that compares this checkout with an earlier one."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--before", type=Path, required=True, help="folder of the earlier checkout")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"measured rounds of each (default {rounds})")
    return parser


def noise(rounds: int = 15) -> str:
    """Time the same small program several times; say how much the times differ.

    It is the smallest difference between two measurements that means anything.
    """
    program = [sys.executable, "-S", "-c", "sum(range(3_000_000))"]
    times = [seconds_of(lambda: subprocess.run(program, check=True)) for _ in range(rounds)]
    median = statistics.median(times)
    spread = (max(times) - min(times)) / median
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), load {os.getloadavg()[0]:.1f} at the start. The same program, "
        f"run {rounds} times, took {median * 1000:.0f} ms with {spread:.0%} between its fastest and its slowest run: "
        "smaller differences are noise."
    )
