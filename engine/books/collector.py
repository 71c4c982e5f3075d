"""What the target's collector did in a stretch of the run: added up as it is told, said without claiming more.

A source may tell every pause, or only how many there were and what they took together; one that tells less
gives fewer figures, never guessed ones. Mean, total and longest are exact; p99 is within a thousandth.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.figures import GcFigures, Granularity, PauseFigures
from engine.histogram import MINIMUM_SAMPLES, Histogram
from engine.probes.base import Batch


class Collections:
    """Collections of one segment.

    Attributes:
        seen: Whether the collector could be read at all.
    """

    def __init__(self) -> None:
        self.seen = False
        self._pauses = Histogram()
        self._lost = 0
        self._granularity: Granularity = "every"
        self._batches: list[Batch] = []

    def add(self, pauses_ns: Iterable[int], lost: int) -> None:
        """Note collections that ended in this stretch, and ones whose pause is not known."""
        self.seen = True
        self._pauses.add(np.array(list(pauses_ns), np.int64))
        self._lost += lost

    def add_batch(self, batch: Batch, granularity: Granularity) -> None:
        """Note collections of which only sums are known."""
        self.seen = True
        self._granularity = granularity
        self._batches = [_together(self._batches[0], batch) if self._batches else batch]

    def figures(self) -> GcFigures:
        """Return what is to be said of them."""
        if self._batches:
            return self._of_batch(self._batches[0])
        told = self._pauses
        count = told.counted + self._lost
        if not told.counted:
            return GcFigures(count=count, lost=self._lost)
        latency = told.latency(longest_s=0.0)  # nothing is censored
        return GcFigures(
            count=count,
            pause_s=PauseFigures(mean=latency.mean, p99=latency.p99, max=latency.max, total=told.sum_ns / 1e9),
            lost=self._lost,
        )

    def _of_batch(self, batch: Batch) -> GcFigures:
        # Where the target came back with another source in mid-segment, pauses told one by one are counted too.
        told = self._pauses
        count = batch.count + told.counted + self._lost
        total = None if batch.total_s is None else batch.total_s + told.sum_ns / 1e9
        longest = _longest(batch)
        if longest is not None:
            longest = max(longest, told.max_ns / 1e9)
        return GcFigures(
            count=count,
            pause_s=PauseFigures(
                mean=None if total is None else total / count if count else 0.0,
                max=longest,
                total=total,
                p99_at_most=p99_at_most(batch),
            ),
            lost=self._lost,
            granularity=self._granularity,
        )


def p99_at_most(batch: Batch) -> float | None:
    """Return what 99 % of the collections in a batch did not pause longer than; None where that is not known.

    Of stops in a histogram a share of 0.01 / k lies beyond some bound b at most. Where a collection makes k of
    them, no more than 1 % of the collections have a stop beyond b, so that 99 % pause for k times b at most.
    """
    if not batch.buckets or batch.count < MINIMUM_SAMPLES["p99"]:
        return None
    total = batch.buckets[-1][1]
    for bound, count in batch.buckets[:-1]:
        if total - count <= total * 0.01 / batch.stops:
            return bound * batch.stops
    return None


def _longest(batch: Batch) -> float | None:
    """Return the longest pause of a batch, if no other of it can have been longer."""
    if not batch.count:
        return 0.0 if batch.total_s is not None else None
    if batch.max_s is None or batch.at_most_s is None or batch.max_s < batch.at_most_s:
        return None
    return batch.max_s


def _together(first: Batch, second: Batch) -> Batch:
    if not first.count or not second.count:
        return second if second.count else first
    same = [bound for bound, _ in first.buckets] == [bound for bound, _ in second.buckets]
    known = [value for value in (first.max_s, second.max_s) if value is not None]
    return Batch(
        first.count + second.count,
        None if first.total_s is None or second.total_s is None else first.total_s + second.total_s,
        max(known, default=None),
        None if first.at_most_s is None or second.at_most_s is None else max(first.at_most_s, second.at_most_s),
        tuple((bound, a + b) for (bound, a), (_, b) in zip(first.buckets, second.buckets, strict=True))
        if same
        else (),
        second.stops,
    )
