"""What p99 leaves out, and what that does to it.

A percentile that says nothing of what is not in it invites a better figure by leaving more out. So two are
computed. The raw one is of everything a user of the service would have waited for: every answer of whatever
status, requests without one as slower than all others, the time that opening the connection took where a
request had to wait for it, first attempts that were lost, and the warm-up. The calibrated one is of successful
answers on open connections at the settled level: what the service itself takes. Between them stands a list:
each kind of thing is left out in turn, in a fixed order, and the effect of it is how far p99 moves. The effects
add up to the difference, whatever the order; the order decides which of two that hide each other is named.

In an open loop a request waits from when it is due, and what it has to wait for is in its response time
already: there opening a connection and a lost first attempt have no effect of their own.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.figures import LEFT_OUT, Calibration, LeftOut
from engine.histogram import Histogram

QUANTILE: Final = 0.99
MOST_ATOMS: Final = 64
"""Values that the times of opening a connection are reduced to, beyond which more of them change nothing."""


class Taken(Struct, frozen=True):
    """What was counted in a segment.

    Attributes:
        answered: Response times of successful answers, with the requests that got none.
        failed: Of answers with a status of 400 and above.
        connect: Opening a connection.
        first_attempts: How long attempts took that were lost with their connection and made again.
        settled: Response times of the settled part; None where the figures are of the whole segment.
        open_loop: Whether requests were due by a schedule.
    """

    answered: Histogram
    failed: Histogram
    connect: Histogram
    first_attempts: Histogram
    settled: Histogram | None
    open_loop: bool


class _Stage(Struct, frozen=True):
    """p99 with some things left out; `at_least` where it lies among requests without an answer."""

    p99_s: float
    at_least: bool


def calibrate(taken: Taken, *, timeout_s: float) -> Calibration:
    """Return raw and calibrated p99, and what is between them.

    Args:
        taken: What was counted.
        timeout_s: What a request that failed took at least.

    Returns:
        Without the two and without effects where there are too few samples for a p99; the counts are known.
    """
    everything = _merged(taken.answered, taken.failed)
    answered = _merged(taken.answered)
    answered.censored = answered.aged = 0
    headline = taken.settled if taken.settled is not None else taken.answered
    core = _merged(headline)
    core.censored = core.aged = 0
    waits = [] if taken.open_loop else [taken.first_attempts, taken.connect]
    stages = [
        _prolonged(everything, waits, timeout_s),
        _prolonged(everything, waits[:1], timeout_s),
        _plain(everything, timeout_s),
        _plain(taken.answered, timeout_s),
        _plain(answered, timeout_s),
        _plain(core, timeout_s),
    ]
    counts = (
        taken.connect.counted,
        taken.first_attempts.counted,
        taken.failed.counted,
        taken.answered.censored,
        answered.counted - core.counted,
    )
    in_response = (taken.open_loop, taken.open_loop, False, True, False)
    left_out = tuple(
        LeftOut(what=what, count=count, in_response=inside, p99_effect_s=effect, at_least=at_least)
        for what, count, inside, (effect, at_least) in zip(
            LEFT_OUT, counts, in_response, map(_effect, pairwise(stages)), strict=True
        )
        if count
    )
    raw, calibrated = stages[0], stages[-1]
    return Calibration(
        raw_p99_s=None if raw is None else raw.p99_s,
        raw_at_least=raw is not None and raw.at_least,
        calibrated_p99_s=None if calibrated is None else calibrated.p99_s,
        left_out=left_out,
    )


def _effect(stages: tuple[_Stage | None, _Stage | None]) -> tuple[float | None, bool]:
    before, after = stages
    if before is None or after is None:
        return None, False
    return before.p99_s - after.p99_s, before.at_least


def _merged(*histograms: Histogram) -> Histogram:
    merged = Histogram()
    for histogram in histograms:
        merged.merge(histogram)
    return merged


def _plain(histogram: Histogram, timeout_s: float) -> _Stage | None:
    latency = histogram.latency(longest_s=timeout_s)
    if latency.p99 is None:
        return None
    return _Stage(latency.p99, latency.bound is not None and latency.p99 >= latency.bound)


def _prolonged(histogram: Histogram, waits: list[Histogram], timeout_s: float) -> _Stage | None:
    """Return p99 where as many requests as there are waits took longer by one of these.

    Which request had to wait for which connection is not known: as if that were independent.
    """
    plain = _plain(histogram, timeout_s)
    waits = [wait for wait in waits if wait.counted]
    if plain is None or not waits:
        return plain
    values, weights = _atoms(histogram)
    for wait in waits:
        longer, chances = _reduced(*_atoms(wait))
        share = min(wait.counted / weights.sum(), 1.0) if weights.size else 0.0
        values = np.concatenate([values, (values[:, None] + longer[None, :]).ravel()])
        weights = np.concatenate(
            [weights * (1 - share), share * np.outer(weights, chances / chances.sum()).ravel()]
        )
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    total = histogram.counted + histogram.censored
    index = int(np.searchsorted(cumulative, QUANTILE * total - 1e-9 * total))
    if index >= cumulative.size:
        return _Stage(max(plain.p99_s, float(values.max()) / 1e9), at_least=True)
    return _Stage(float(values[order[index]]) / 1e9, at_least=False)


def _atoms(histogram: Histogram) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the middles of the filled bins, as percentiles give them, and the samples in each."""
    filled = histogram.filled()
    middles = np.array([histogram.bins.middle(int(index)) for index in filled])
    return np.clip(middles, histogram.min_ns, histogram.max_ns), histogram.counts[filled].astype(np.float64)


def _reduced(
    values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return at most `MOST_ATOMS` values with their weights: means of groups of equal weight."""
    if values.size <= MOST_ATOMS:
        return values, weights
    place = (np.cumsum(weights) - weights / 2) / weights.sum()
    group = np.minimum((place * MOST_ATOMS).astype(np.int64), MOST_ATOMS - 1)
    mass: npt.NDArray[np.float64] = np.bincount(group, weights).astype(np.float64)
    sums = np.bincount(group, weights * values)
    return sums[mass > 0] / mass[mass > 0], mass[mass > 0]
