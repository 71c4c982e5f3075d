"""When the next request is due, in an open loop. Pure: the clock is an argument.

A schedule is anchored at the moment its rate was chosen and never moves: what is sent late is still counted
from when it was due. Another rate is another schedule with another anchor, so that no time that was promised
changes afterwards.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Final

from engine.plan import Arrivals

MOST_AHEAD: Final = 64
"""Connections that are opened during a run before anything waits for them, however high the rate."""

EXACT_COUNT: Final = 100_000
"""Up to here what was due is counted one by one; beyond, a Poisson count is drawn from its normal limit."""


def constant(rate: float, anchor_ns: int, *, part: int = 0, parts: int = 1) -> Iterator[int]:
    """Yield when requests are due at even gaps, in nanoseconds, without end and without drift.

    Args:
        rate: Requests a second of all parts together.
        anchor_ns: When the first request of the first part is due.
        part: Which of the interleaved parts of the schedule this is, from 0.
        parts: Among how many the schedule is split, so that together they keep the even gaps.
    """
    gap_ns = 1e9 / rate
    index = part
    while True:
        yield anchor_ns + round(index * gap_ns)
        index += parts


def poisson(rate: float, anchor_ns: int, *, seed: int) -> Iterator[int]:
    """Yield when requests are due with exponential gaps: users who do not know of each other.

    Poisson arrivals of several parts, each with its share of the rate and its own seed, are Poisson arrivals
    of the whole rate.

    Args:
        rate: Requests a second.
        anchor_ns: Begin of the schedule; the first request is due one gap later.
        seed: Of the random numbers.
    """
    log, uniform = math.log, random.Random(seed).random
    mean_ns = 1e9 / rate
    after_ns = 0.0
    while True:
        after_ns -= mean_ns * log(1.0 - uniform())
        yield anchor_ns + int(after_ns)


def due_times(
    arrivals: Arrivals, rate: float, anchor_ns: int, *, part: int, parts: int, seed: int
) -> Iterator[int]:
    """Yield when the requests of one part of a schedule are due.

    Args:
        arrivals: How the gaps are distributed.
        rate: Requests a second of all parts together.
        anchor_ns: Begin of the schedule.
        part: Which part, from 0.
        parts: How many parts there are.
        seed: Of the whole schedule.
    """
    if arrivals == "constant":
        return constant(rate, anchor_ns, part=part, parts=parts)
    return poisson(rate / parts, anchor_ns, seed=seed * parts + part)


def count_due(times: Iterator[int], next_ns: int, until_ns: int, rate: float) -> int:
    """Return how many requests are due from `next_ns` until `until_ns`, both included.

    Args:
        times: The schedule, behind `next_ns`; it is used up.
        next_ns: The first request that is not sent yet.
        until_ns: Where counting ends.
        rate: Requests a second of this schedule.
    """
    if next_ns > until_ns:
        return 0
    expected = rate * (until_ns - next_ns) / 1e9
    if expected > EXACT_COUNT:
        return 1 + max(round(random.Random(next_ns).gauss(expected, math.sqrt(expected))), 0)
    count = 1
    for due_ns in times:
        if due_ns > until_ns:
            break
        count += 1
    return count
