"""The last minute, exactly: every latency of it to the microsecond, so that no percentile is an estimate.

A histogram's bins are a thousandth wide; that is enough for a verdict and too coarse for someone who compares
two samples by eye. So the newest seconds keep their distinct values with their counts, each second sorted once
when it is over. Beside them stand the counts of all those seconds in the bins of `engine.histogram`, here of
microseconds: a percentile is first located in these, and below 2.048 ms a bin is one microsecond already;
above it, the few values that share the bin are looked up in each second. Seconds are added and taken out again
whole, so that what a look costs does not grow with the rate. Measured with 100,000 answers a second and a
window of 60 s, a second's work is 5 ms where they take about half a millisecond (2 MB), and 10 ms where
they are spread from 1 ms to 2 s (28 MB).

Settings are never blended: a window begins anew with its segment.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.books.columns import Columns
from engine.figures import Latency
from engine.histogram import FINE, LONGEST_NS, MINIMUM_SAMPLES, QUANTILES, Counts, Nanoseconds, narrow, rank_of

SECOND_NS: Final = 1_000_000_000
MOST_ENTRIES: Final = 8 << 20
"""Distinct values of all seconds together, 5 bytes each and more. Beyond it the oldest seconds go, and the
window says that it is shorter; 100,000 answers a second that all took a different time stay below it for 80
seconds."""

_DENSE: Final = 4
"""A second whose longest value is below so many times the number of its values is counted without sorting."""

_MICROSECONDS: Final = 1_000
_NONE: Final = np.zeros(0, np.uint32)
Number = TypeVar("Number", bound=np.generic)


class _Second(Struct, frozen=True):
    """A second that is over.

    Attributes:
        number: Of the segment's seconds, from 0.
        values: Distinct values in microseconds, ascending.
        times: How often each occurred.
        bins: Distinct bins of those.
        in_bins: Samples in each of these.
        counted, sum_ns: Number and sum of the samples.
        censored, shortest_ns, longest_ns: Requests without an answer, and what they took at least.
    """

    number: int
    values: npt.NDArray[np.uint32]
    times: npt.NDArray[np.unsignedinteger[Any]]
    bins: npt.NDArray[np.uint16]
    in_bins: npt.NDArray[np.uint32]
    counted: int
    sum_ns: int
    censored: int
    shortest_ns: int
    longest_ns: int


class _Filling:
    """A second of which not every worker has told all.

    Attributes:
        pieces: Response times, as they came.
        censored: Requests without an answer.
        shortest_ns, longest_ns: What those took at least: the least and the greatest such bound.
    """

    __slots__ = ("censored", "longest_ns", "pieces", "shortest_ns")

    def __init__(self) -> None:
        self.pieces: list[Nanoseconds] = []
        self.censored = 0
        self.shortest_ns = LONGEST_NS
        self.longest_ns = 0

    def add_unanswered(self, ended: Columns, timeout_ns: int) -> None:
        """Count those that got no answer: given up at an age, or failed, which counts as the time-out."""
        unanswered = ended.unanswered
        if not unanswered:
            return
        self.censored += unanswered
        ages = ended.ages(ended.planned)
        bounds = [] if ages is None else [ages.shortest_ns, ages.longest_ns]
        if ages is None or unanswered > ages.number:
            bounds.append(timeout_ns)
        self.shortest_ns = min(self.shortest_ns, *bounds)
        self.longest_ns = max(self.longest_ns, *bounds)


class Window:
    """Response times of what ended in the last seconds of one segment.

    Args:
        start_ns: Begin of the segment: the seconds are its own.
        span_s: How many whole seconds it reaches back, at least 1.
        timeout_s: What a request that failed took at least.
        most_entries: Distinct values that it keeps at most.
    """

    def __init__(
        self, start_ns: int, span_s: float, timeout_s: float, *, most_entries: int = MOST_ENTRIES
    ) -> None:
        self._start_ns = start_ns
        self._seconds = max(1, round(span_s))
        self._timeout_ns = round(timeout_s * 1e9)
        self._most_entries = most_entries
        self._filling: dict[int, _Filling] = {}
        self._whole: deque[_Second] = deque()
        self._coarse: Counts = np.zeros(FINE.size, np.int64)
        self._entries = 0
        self._next = 0  # the oldest second that is not over
        self._first = 0  # the oldest second that is kept
        self._latency = Latency()

    def add(self, columns: Columns) -> None:
        """Count requests that ended.

        What comes later than its second was closed joins the oldest that is open.
        """
        if not columns.size:
            return
        first = max((int(columns.last[0]) - self._start_ns) // SECOND_NS, self._next)
        last = max((int(columns.last[-1]) - self._start_ns) // SECOND_NS, first)
        edges = [self._start_ns + number * SECOND_NS for number in range(first, last + 1)]
        for index, ended in columns.by_end(edges):
            filling = self._filling.setdefault(first + index, _Filling())
            filling.pieces.append(ended.succeeded().response)
            filling.add_unanswered(ended, self._timeout_ns)

    def read(self, until_ns: int) -> tuple[float, Latency]:
        """Return how many seconds are covered, and what is known of them.

        Args:
            until_ns: Every worker has told what ended before this.
        """
        over = max((until_ns - self._start_ns) // SECOND_NS, self._next)
        if over > self._next:
            for number in range(max(self._next, over - self._seconds), over):
                self._enter(number, self._filling.pop(number, None))
            for number in [number for number in self._filling if number < over]:
                del self._filling[number]  # nobody looked for longer than the window is
            self._next = over
            self._first = max(self._first, over - self._seconds)
            while self._whole and (self._whole[0].number < self._first or self._entries > self._most_entries):
                self._leave()
            self._latency = self._figures()
        return float(self._next - self._first), self._latency

    def _enter(self, number: int, filling: _Filling | None) -> None:
        if filling is None:
            return
        response = np.concatenate(filling.pieces)
        values, times = _distinct(response)
        bins, firsts = _runs(FINE.of(values.astype(np.int64)))
        second = _Second(
            number=number,
            values=values,
            times=times,
            bins=bins.astype(np.uint16),
            in_bins=np.add.reduceat(times, firsts, dtype=np.uint32) if values.size else _NONE,
            counted=int(response.size),
            sum_ns=int(response.sum()),
            censored=filling.censored,
            shortest_ns=filling.shortest_ns,
            longest_ns=filling.longest_ns,
        )
        self._whole.append(second)
        self._entries += values.size
        self._coarse[second.bins] += second.in_bins

    def _leave(self) -> None:
        second = self._whole.popleft()
        self._first = second.number + 1
        self._entries -= second.values.size
        self._coarse[second.bins] -= second.in_bins

    def _figures(self) -> Latency:
        counted = sum(second.counted for second in self._whole)
        censored = sum(second.censored for second in self._whole)
        total = counted + censored
        if not total:
            return Latency()
        filled = [second.values for second in self._whole if second.values.size]
        longest = max((int(values[-1]) for values in filled), default=0) / 1e6
        bound, worst = None, longest
        if censored:
            given_up = [second for second in self._whole if second.censored]
            bound = max(longest, min(second.shortest_ns for second in given_up) / 1e9)
            worst = max(longest, max(second.longest_ns for second in given_up) / 1e9)
        cumulative = np.cumsum(self._coarse)
        found: dict[str, float | None] = {}
        for name, quantile in QUANTILES.items():
            rank = rank_of(quantile, total)
            if total < MINIMUM_SAMPLES[name]:
                found[name] = None
            else:
                found[name] = bound if rank > counted else self._at(rank, cumulative) / 1e6
        return Latency(
            count=total,
            censored=censored,
            min=min(int(values[0]) for values in filled) / 1e6 if filled else None,
            mean=sum(second.sum_ns for second in self._whole) / counted / 1e9 if counted else None,
            max=worst,
            bound=bound,
            p50=found["p50"],
            p90=found["p90"],
            p95=found["p95"],
            p99=found["p99"],
            p999=found["p999"],
            p9999=found["p9999"],
        )

    def _at(self, rank: int, cumulative: Counts) -> int:
        """Return the value of a rank, from 1, in microseconds."""
        index = int(np.searchsorted(cumulative, rank))
        low, high = FINE.lowest(index), FINE.highest(index)
        if low == high:
            return low
        below = int(cumulative[index - 1]) if index else 0
        counts = np.zeros(high - low + 1, np.int64)
        edges = np.array((low, high + 1), np.uint32)  # of the values' type: they would be converted otherwise
        for second in self._whole:
            first, end = second.values.searchsorted(edges)
            counts[second.values[first:end] - low] += second.times[first:end]
        return low + int(np.searchsorted(np.cumsum(counts), rank - below))


def _distinct(
    response_ns: Nanoseconds,
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.unsignedinteger[Any]]]:
    """Return the distinct values to the nearest microsecond, ascending, and how often each occurred."""
    clipped = np.minimum(np.maximum(response_ns, 0), LONGEST_NS)
    rounded = ((clipped + _MICROSECONDS // 2) // _MICROSECONDS).astype(np.uint32)
    if rounded.size and int(rounded.max()) < _DENSE * rounded.size:
        counts = np.bincount(rounded)
        filled = np.flatnonzero(counts)
        return filled.astype(np.uint32), narrow(counts[filled])
    rounded.sort()
    values, firsts = _runs(rounded)
    return values, narrow(np.diff(firsts, append=rounded.size))


def _runs(ordered: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], Counts]:
    """Return the distinct values of an ordered array, and where each begins; `np.unique` would sort again."""
    begins = np.ones(ordered.size, np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    firsts = np.flatnonzero(begins)
    return ordered[firsts], firsts
