"""What a measurement is and how it is printed."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        value: median with its unit, ready to print.
        spread: smallest and largest value of the run, ready to print.
        target: what the design asks for, in words.
        met: whether the median meets the target.
    """

    what: str
    value: str
    spread: str
    target: str
    met: bool


def alternate(
    first: Callable[[], Measured], second: Callable[[], Measured], rounds: int
) -> list[tuple[Measured, Measured]]:
    """Measure two things in turn, so that a change of the machine's speed affects both.

    One round of each is thrown away first (cold caches).
    """
    first()
    second()
    return [(first(), second()) for _ in range(rounds)]


def seconds_of(action: Callable[[], object]) -> float:
    """Wall-clock seconds that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ratio_row(
    what: str,
    pairs: Sequence[tuple[float, float]],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Row:
    """Build the row of a ratio first / second, pair by pair."""
    ratios = [first / second for first, second in pairs]
    median = statistics.median(ratios)
    met = (at_most is None or median <= at_most) and (at_least is None or median >= at_least)
    target = f"≤ {at_most:g}" if at_most is not None else f"≥ {at_least:g}"
    return Row(what, f"{median:.2f}", f"{min(ratios):.2f} - {max(ratios):.2f}", target, met)


def value_row(what: str, values: Sequence[float], unit: str, *, at_most: float) -> Row:
    """Build the row of an absolute value with an upper target."""
    median = statistics.median(values)
    spread = f"{min(values):.4g} - {max(values):.4g}"
    return Row(what, f"{median:.4g} {unit}", spread, f"≤ {at_most:g} {unit}", median <= at_most)


def table(rows: Sequence[Row]) -> str:
    """Render rows as a Markdown table."""
    head = "| what | median | range in this run | target | met |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(
        f"| {row.what} | {row.value} | {row.spread} | {row.target} | {'yes' if row.met else '**no**'} |\n"
        for row in rows
    )
