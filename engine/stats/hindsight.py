"""Looking back on a series that is over: which levels it went through, and from when on it kept the last.

The levels are found by PELT (Killick, Fearnhead & Eckley 2012) as stretches of one mean and variance each, with
a penalty of 15 ln n as Barrett et al. (2017, "Virtual machine warmup blows hot and cold") have it, whose names
for the outcome these are. Levels whose means differ by no more than the margin of the settle detector count as
equal, as in Traini et al. (2023). A curve becomes a staircase here, and what wanders is cut often: it is for
naming what is over, not for watching what goes on.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from engine.figures import Course
from engine.stats.settle import MARGIN, Series, drift
from engine.stats.steady import cycle

FEWEST: Final = 30
"""Points; of fewer nothing is said."""

MOST: Final = 1000
"""Points that are looked at; of longer series, means of neighbours."""

SHORTEST: Final = 5
"""Points of a level: it has a variance."""

LAST_PART: Final = 0.25
"""Of the series: so long the last level has to have been kept to count as steady."""

_PENALTY: Final = 15.0
_LEAST_VARIANCE: Final = 1e-6  # a thousandth, on logarithms: a histogram's bins are no finer


class Kept(Struct, frozen=True):
    """What a series turned out to be.

    Attributes:
        course: In a word: one level all along; higher ones before the last; lower ones before it; none that was
            kept.
        since: Index of the point from which on it kept its last level.
    """

    course: Course
    since: int


def look_back(series: Series) -> Kept | None:
    """Return what a series of logarithms turned out to be; None if it has fewer than `FEWEST` points."""
    if series.size < FEWEST:
        return None
    every = -(-series.size // MOST)
    whole = series.size // every * every
    points = series[:whole].reshape(-1, every).mean(axis=1)
    begins = changes(points)
    ends = [*begins[1:], points.size]
    means = [float(points[begin:end].mean()) for begin, end in zip(begins, ends, strict=True)]
    other = [at for at, mean in enumerate(means) if abs(mean - means[-1]) > MARGIN]
    since = begins[other[-1] + 1] if other else 0
    course: Course
    if points.size - since < LAST_PART * points.size or _moves(points[since:]):
        course = "no-steady-state"
    elif not other:
        course = "flat"
    else:
        course = "slow-down" if any(means[at] < means[-1] for at in other) else "warm-up"
    return Kept(course, since * every)


def _moves(level: Series) -> bool:
    """Return whether a level is none: it drifts by more than the margin for sure, or goes round in circles."""
    size, half = drift(level)
    return abs(size) - half > MARGIN or cycle(level) is not None


def changes(series: Series) -> list[int]:
    """Return where the stretches of one mean and variance begin, 0 first, so that they are the likeliest."""
    n = series.size
    centred = series - series.mean()
    sums, squares = np.r_[0.0, np.cumsum(centred)], np.r_[0.0, np.cumsum(np.square(centred))]
    penalty = _PENALTY * np.log(n)
    best = np.full(n + 1, np.inf)
    best[0] = -penalty
    before = np.zeros(n + 1, np.int64)
    alive = np.array([0])
    for end in range(SHORTEST, n + 1):
        length = end - alive
        variance = (squares[end] - squares[alive] - np.square(sums[end] - sums[alive]) / length) / length
        costs = best[alive] + length * (np.log(np.maximum(variance, _LEAST_VARIANCE)) + 1)
        least = int(np.argmin(costs))
        best[end] = costs[least] + penalty
        before[end] = alive[least]
        # What cannot become the best begin any more; the next candidate is far enough back to have a variance.
        alive = np.append(alive[costs <= best[end]], end + 1 - SHORTEST)
    begins = [int(before[n])]
    while begins[0]:
        begins.insert(0, int(before[begins[0]]))
    return begins
