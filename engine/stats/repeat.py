"""Independent runs of the same plan: their median, and how far another run may be off.

What differs from run to run (memory layout, placement, the network's mood) is in no interval that a single run
can show, however long it is; only several runs show it. The requests of several runs are never one sample. The
band is median +- t * s / sqrt(r) on logarithms: by simulation it covers the true median in 94 to 96 % of cases
with three runs, for normal, long-tailed and skewed values; the range of three runs covers it in 75 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median, stdev
from typing import Final

from msgspec import Struct

from engine.stats.distributions import student_t

FEWEST: Final = 3
"""Runs from which on there is a band; two show that runs differ, not by how much they can."""


class Repeated(Struct, frozen=True):
    """A figure of several runs.

    Attributes:
        median: Of the runs' values, in their unit.
        low, high: Ends of its 95 % band; None with fewer than three runs.
        half_pct: Half of the band in percent of the median.
        resolution_pct: The smallest difference, in percent, that as many runs on each side could prove.
        words: All of it for people, without the value: `median of 3, ±2.3 %`.
    """

    median: float
    low: float | None
    high: float | None
    half_pct: float | None
    resolution_pct: float | None
    words: str


def summarise(values: Sequence[float], *, within: Sequence[float] = ()) -> Repeated:
    """Return what several runs say of a figure.

    Args:
        values: The figure in each run, at least one, all positive.
        within: Standard error of each of them on logarithms, as its own interval shows it. Runs that agree
            better than that agreed by luck: the larger of the two counts.

    Raises:
        ValueError: A value is not positive, or there is none.
    """
    if not values or min(values) <= 0:
        raise ValueError(f"values of runs have to be positive, these are {list(values)}")
    runs = len(values)
    logs = [math.log(value) for value in values]
    middle = median(logs)
    if runs < FEWEST:
        words = f"median of {runs}, no band with fewer than {FEWEST} runs"
        return Repeated(math.exp(middle), None, None, None, None, words)
    spread = stdev(logs)
    if within:
        spread = max(spread, math.sqrt(sum(error * error for error in within) / len(within)))
    half = student_t(runs - 1, 0.975) * spread / math.sqrt(runs)
    return Repeated(
        median=math.exp(middle),
        low=math.exp(middle - half),
        high=math.exp(middle + half),
        half_pct=100 * math.expm1(half),
        resolution_pct=100 * math.expm1(resolution(runs, spread)),
        words=f"median of {runs}, ±{_percent(100 * math.expm1(half))} %",
    )


def resolution(runs: int, spread: float) -> float:
    """Return the smallest difference on logarithms that can be proved, for printing before any run.

    Args:
        runs: On each side, at least 2.
        spread: Standard deviation from run to run on logarithms.
    """
    return student_t(2 * runs - 2, 0.975) * spread * math.sqrt(2 / runs)


def _percent(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
