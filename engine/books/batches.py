"""The seconds of a stretch, kept so that any threshold can be counted in each of them later.

What intervals need of each second is how many of its requests were below a percentile, and that percentile is
known only at the end. Keeping every second of eight hours would take hundreds of megabytes; so once there are
`MOST` of them, or `ROOMY` counts in at least `ENOUGH` of them, neighbours are added up in pairs, and batches of
twice as many seconds are kept from then on. Between 128 and 256 of them are left, at least 20 where latencies
are spread over decades: enough for a variance, and the longer they are, the slower are the swings that they
show. Some megabytes at most, whatever the length and whatever the latencies.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.histogram import FINE, Counts, Histogram, Packed

MOST: Final = 256
"""Batches; an even number."""

ENOUGH: Final = 40
ROOMY: Final = 1 << 18
"""Counts: two megabytes. A second of an overload has thousands, and nobody is told an interval of it."""

_ROW: Final = 1 << 16  # more than there are bins
_ROOM: Final = 1 << 12


class Batches:
    """Sparse counts of a run of equally long batches of seconds, in one sorted array.

    Attributes:
        size: Whole batches.
        span: Seconds in each.
        totals: Samples of each whole batch, those without an answer included; shape (size,).
        done: Answers that came in each of them; shape (size,).
    """

    def __init__(self) -> None:
        self.size = 0
        self.span = 1
        self._keys = np.empty(_ROOM, np.uint32)  # batch * _ROW + bin, ascending
        self._counts = np.empty(_ROOM, np.uint32)  # samples of each key
        self._filled = 0
        self._starts = np.zeros(MOST + 1, np.int64)  # where each batch's keys begin
        self._totals = np.zeros(MOST, np.int64)
        self._done = np.zeros(MOST, np.int64)
        self._part: list[tuple[Packed, int]] = []  # of the batch that is not whole yet

    @property
    def totals(self) -> Counts:
        return self._totals[: self.size]

    @property
    def done(self) -> Counts:
        return self._done[: self.size]

    @property
    def seconds(self) -> int:
        """How many seconds there are, those of the batch that is not whole included."""
        return self.size * self.span + len(self._part)

    def add(self, second: Packed, done: int) -> None:
        """Take the next second.

        Args:
            second: Of the requests that were due in it.
            done: Answers that came in it.
        """
        self._part.append((second, done))
        if len(self._part) < self.span:
            return
        if self.size == MOST or (self._filled > ROOMY and self.size >= ENOUGH and self.size % 2 == 0):
            self._pair()
            if len(self._part) < self.span:
                return
        self._append()

    def below(self, bins: npt.NDArray[np.int64]) -> Counts:
        """Return how many samples of each batch are in a bin or below it.

        Args:
            bins: Which bins, shape (n,).

        Returns:
            Shape (n, size).
        """
        wanted = np.arange(self.size) * _ROW + bins[:, None]
        last = np.searchsorted(self._keys[: self._filled], wanted.astype(np.uint32), side="right")
        sums = np.zeros(self._filled + 1, np.int64)  # samples before each key
        np.cumsum(self._counts[: self._filled], out=sums[1:])
        counts: Counts = sums[last] - sums[self._starts[: self.size]]
        return counts

    def merged(self, first: int, last: int) -> Histogram:
        """Return the counts of the batches from `first` until before `last` as one histogram."""
        begin, end = int(self._starts[first]), int(self._starts[last])
        bins = self._keys[begin:end] % _ROW
        histogram = Histogram()
        histogram.counts = np.bincount(bins, self._counts[begin:end], FINE.size).astype(np.int64)
        histogram.counted = int(histogram.counts.sum())
        histogram.censored = int(self._totals[first:last].sum()) - histogram.counted
        if histogram.counted:
            histogram.min_ns, histogram.max_ns = FINE.lowest(int(bins.min())), FINE.highest(int(bins.max()))
        return histogram

    def _append(self) -> None:
        """Make a batch of the seconds that have come."""
        if len(self._part) == 1:
            second = self._part[0][0]
            bins, counts = second.filled, second.counts
        else:
            bins, counts = _summed(
                np.concatenate([second.filled for second, _ in self._part]),
                np.concatenate([second.counts for second, _ in self._part]),
            )
        self._reserve(self._filled + bins.size)
        end = self._filled + bins.size
        self._keys[self._filled : end] = bins.astype(np.uint32) + np.uint32(self.size * _ROW)
        self._counts[self._filled : end] = counts
        self._filled = end
        self._starts[self.size + 1] = end
        self._totals[self.size] = sum(second.counted + second.censored for second, _ in self._part)
        self._done[self.size] = sum(done for _, done in self._part)
        self.size += 1
        self._part.clear()

    def _pair(self) -> None:
        """Add up neighbours."""
        rows, bins = np.divmod(self._keys[: self._filled], np.uint32(_ROW))
        keys = rows // 2 * np.uint32(_ROW) + bins
        self._keys, counts = _summed(keys, self._counts[: self._filled])
        self._counts = counts.astype(np.uint32)
        self._filled = self._keys.size
        half = self.size // 2
        self._starts[: half + 1] = np.searchsorted(self._keys, np.arange(half + 1) * _ROW)
        for sums in (self._totals, self._done):
            sums[:half] = sums[: self.size].reshape(-1, 2).sum(axis=1)
        self.size = half
        self.span *= 2

    def _reserve(self, room: int) -> None:
        if room > self._keys.size:
            self._keys = np.resize(self._keys, max(room, self._keys.size * 5 // 4))
            self._counts = np.resize(self._counts, self._keys.size)


def _summed(keys: npt.NDArray[Any], counts: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return each key once, ascending, with the sum of its counts."""
    if not keys.size:
        return keys, counts
    order = np.argsort(keys, kind="stable")  # made of a few sorted runs, which this sort makes use of
    keys = keys[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    return keys[first], np.add.reduceat(counts[order], first, dtype=np.int64)  # a second's may be of 8 bits
