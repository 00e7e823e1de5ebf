"""How much the machine wavers while nothing changes: the smallest difference that means anything."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys

from benchmarks.measurement import seconds_of


def describe(rounds: int = 15) -> str:
    """Time the same small program over and over; say how far apart its runs lie."""
    program = [sys.executable, "-S", "-c", "sum(range(3_000_000))"]
    times = [seconds_of(lambda: subprocess.run(program, check=True)) for _ in range(rounds)]
    median = statistics.median(times)
    spread = (max(times) - min(times)) / median
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), load {load:.1f} at the start; the same program, "
        f"run {rounds} times, took {median * 1000:.0f} ms with {spread:.0%} between its fastest and slowest run. "
        "Differences smaller than that say nothing."
    )
