"""What may be said of a histogram's percentiles: their intervals, and what is missing where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from engine.books.batches import Batches
from engine.figures import Latency
from engine.histogram import LABELS, QUANTILES, Histogram, Ladder, rank_of
from engine.stats.quantiles import (
    FEWEST_BLOCKS,
    FEWEST_LIVE,
    final_span,
    least,
    live_span,
    mean_half,
    worth,
)
from engine.stats.verdict import Estimate, decide, difference

HALVES: Final = ("p50", "p99")
"""Figures whose two halves are compared: a baseline that differs from itself is none."""

_LONGEST_WAIT_S: Final = 86_400.0
"""Beyond a day nobody waits for a percentile, and the estimate is worth nothing."""


class Certainty(Struct, frozen=True):
    """By label of a percentile, as in `engine.figures.Latency`, which has the meanings."""

    ci95: dict[str, tuple[float, float]] = field(default_factory=dict)
    at_least: dict[str, float] = field(default_factory=dict)
    worth: dict[str, int] = field(default_factory=dict)
    needs_s: dict[str, float] = field(default_factory=dict)

    def on(self, latency: Latency) -> Latency:
        """Return a latency's figures with these beside them."""
        if not latency.count:
            return latency
        ci95 = {}
        for name, label in LABELS.items():
            value: float | None = getattr(latency, name)
            if label in self.ci95 and value is not None:
                # The newest answers are in the figure already, and not yet in its interval.
                low, high = self.ci95[label]
                ci95[label] = (min(low, value), max(high, value))
        return replace(latency, ci95=ci95, at_least=self.at_least, worth=self.worth, needs_s=self.needs_s)


def certainty(histogram: Histogram, batches: Batches, *, seconds: float, live: bool) -> Certainty:
    """Return what may be said of a histogram's percentiles.

    Args:
        histogram: All samples.
        batches: The same, batch by batch; the newest may be missing.
        seconds: How long the samples took to come.
        live: Whether more are to come: the interval has to stand being looked at all the time.
    """
    samples = histogram.counted + histogram.censored
    if not samples:
        return Certainty()
    said = Certainty()
    seen_s = batches.size * batches.span
    fewest = FEWEST_LIVE if live else FEWEST_BLOCKS
    ladder = histogram.ladder()
    ranks = [rank_of(quantile, samples) for quantile in QUANTILES.values()]
    # A rank among those without an answer is in no bin: the last has all that were answered.
    bins = np.minimum(ladder.bins_at(ranks), histogram.bins.size - 1)
    # Before there are blocks to tell, take every request for one of its own: it needs that long at least.
    enough = seen_s >= fewest and int(batches.totals.sum()) > 0
    below = batches.below(bins) if enough else None
    for number, (name, quantile) in enumerate(QUANTILES.items()):
        label = LABELS[name]
        if below is None:
            _wait(said, label, max(fewest - seen_s, seconds * (least(quantile) / samples - 1)))
            continue
        known = worth(below[number], batches.totals, samples, quantile)
        said.worth[label] = max(1, round(known.effective))
        low, high = (live_span if live else final_span)(quantile, known)
        lower = _value(histogram, ladder, low, samples, upper=False)
        upper = _value(histogram, ladder, high, samples, upper=True)
        if lower is not None and upper is not None:
            said.ci95[label] = (lower, upper)
            continue
        if lower is not None:
            said.at_least[label] = lower
        if high > 1 or low == 0:
            _wait(said, label, seconds * (least(quantile) / known.trusted - 1))
    return said


def throughput_interval(batches: Batches) -> tuple[float, float] | None:
    """Return the 95 % interval of answers a second; None where there are too few seconds to say."""
    if batches.size * batches.span < FEWEST_BLOCKS:
        return None
    a_second = batches.done / batches.span
    half = mean_half(a_second)
    middle = float(a_second.mean())
    return max(0.0, middle - half), middle + half


def unstable(batches: Batches) -> tuple[str, ...]:
    """Return the figures whose first half differs for real from the second."""
    half = batches.size // 2
    if half < FEWEST_BLOCKS:
        return ()
    halves = [dict(_estimates(batches, first, first + half)) for first in (0, batches.size - half)]
    return tuple(
        label
        for label in HALVES
        if all(label in each for each in halves)
        and decide(*difference(halves[0][label], halves[1][label])) == "real"
    )


def _estimates(batches: Batches, first: int, last: int) -> Iterator[tuple[str, Estimate]]:
    histogram = batches.merged(first, last)
    samples = histogram.counted + histogram.censored
    if not histogram.counted:
        return
    ladder = histogram.ladder()
    totals = batches.totals[first:last]
    for label in HALVES:
        quantile = QUANTILES[label]
        rank = rank_of(quantile, samples)
        if rank > histogram.counted:
            continue
        at = ladder.bin_at(rank)
        below = batches.below(np.array([at]))[0][first:last]
        low, high = final_span(quantile, worth(below, totals, samples, quantile))
        lower = _value(histogram, ladder, low, samples, upper=False)
        upper = _value(histogram, ladder, high, samples, upper=True)
        middle = math.log(max(histogram.bins.middle(at), 1.0) / 1e9)
        yield (
            label,
            Estimate(
                middle,
                min(math.log(lower), middle) if lower else -math.inf,
                max(math.log(upper), middle) if upper else math.inf,
            ),
        )


def _wait(said: Certainty, label: str, seconds: float) -> None:
    if 0 < seconds <= _LONGEST_WAIT_S:
        said.needs_s[label] = max(1.0, float(math.ceil(seconds)))


def _value(
    histogram: Histogram,
    ladder: Ladder,
    fraction: float,
    samples: int,
    *,
    upper: bool,
) -> float | None:
    """Return the value at a rank, given as a fraction; None for a rank that no answer has.

    It is the far edge of the bin: what is not known within a bin is not claimed.
    """
    if not 0 < fraction <= 1:
        return None
    rank = min(max(math.ceil(fraction * samples - 1e-9 * samples), 1), samples)
    if rank > histogram.counted:
        return None
    index = ladder.bin_at(rank)
    edge = histogram.bins.highest(index) if upper else histogram.bins.lowest(index)
    return min(max(edge, histogram.min_ns), histogram.max_ns) / 1e9
