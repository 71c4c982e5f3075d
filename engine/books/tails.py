"""The tail of a segment: of its slow requests, how many were in flight while something else happened.

What happened is known late: a pause of the target's collector is read up to a second after it was over. So
slow requests are kept until every source has told about their time, and then counted and forgotten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from engine.books.columns import Columns
from engine.figures import Cause, CauseFigures, TailFigures
from engine.histogram import Nanoseconds
from engine.stats.overlap import by_chance, merged, overlapping

MOST_KEPT: Final = 20_000
"""Slow requests that wait for news, of all segments together: a tail of a million a second, for two seconds."""

REACH_NS: Final = 60_000_000_000
"""How long what happened is remembered: as long as the slowest request that it can be held against."""


class _Slow(Struct, frozen=True):
    """Slow requests of one frame; arrays of shape (n,), in nanoseconds on the monotonic clock."""

    segment: int
    planned: Nanoseconds
    last: Nanoseconds


class _Happenings:
    """Intervals of one kind, in the order in which they were told."""

    def __init__(self, known_ns: int) -> None:
        self.known_ns = known_ns
        self._intervals: deque[tuple[int, int]] = deque()

    def add(self, intervals: Sequence[tuple[int, int]], known_ns: int) -> None:
        self._intervals.extend(intervals)
        self.known_ns = max(self.known_ns, known_ns)
        while self._intervals and self._intervals[0][1] < known_ns - REACH_NS:
            self._intervals.popleft()

    def arrays(self) -> tuple[Nanoseconds, Nanoseconds]:
        both = np.array(self._intervals, np.int64).reshape(-1, 2)
        return merged(both[:, 0], both[:, 1])


class _Counts:
    def __init__(self) -> None:
        self.slow = 0
        self.hit = 0
        self.expected = 0.0


class Tails:
    """Slow requests against what happened meanwhile, for all segments of a run.

    Args:
        start_ns: Begin of the run; nothing that happened before is of interest.
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._waiting: deque[_Slow] = deque()
        self._kept = 0
        self._thresholds: dict[int, int] = {}
        self._happenings: dict[Cause, _Happenings] = {}
        self._judged_ns: dict[Cause, int] = {}
        self._counts: dict[tuple[int, Cause], _Counts] = {}

    def watch(self, segment: int, p99_s: float | None) -> None:
        """Call slow, from now on, what takes longer than this in a segment; None for nothing yet."""
        if p99_s is not None:
            self._thresholds[segment] = round(p99_s * 1e9)

    def add(self, segment: int, columns: Columns) -> None:
        """Take requests that ended, all of one segment."""
        threshold_ns = self._thresholds.get(segment)
        if threshold_ns is None or not self._happenings:
            return
        which = columns.response > threshold_ns
        if which.any():
            slow = _Slow(segment, columns.planned[which], columns.last[which])
            self._waiting.append(slow)
            self._kept += slow.last.size
            while self._kept > MOST_KEPT:  # a source is silent
                self._kept -= self._waiting.popleft().last.size

    def happened(self, what: Cause, intervals: Sequence[tuple[int, int]], known_ns: int) -> set[int]:
        """Take what happened, and judge the requests whose time is now known.

        Args:
            what: Its name.
            intervals: Begin and end of each time, nanoseconds on the monotonic clock.
            known_ns: Nothing else of this kind ended before.

        Returns:
            The segments of which there is now more to say.
        """
        known = self._happenings.get(what)
        if known is None:
            known = self._happenings[what] = _Happenings(self._start_ns)
            self._judged_ns[what] = known_ns  # what was slow before was not kept
        known.add(intervals, known_ns)
        touched = self._judge(what)
        self._drop()
        return touched

    def figures(self, segment: int) -> TailFigures | None:
        """Return what is to be said of a segment's tail, or None where nothing is known."""
        causes = tuple(
            CauseFigures(
                what=what,
                slow=counts.slow,
                share=counts.hit / counts.slow,
                chance=counts.expected / counts.slow,
            )
            for (index, what), counts in self._counts.items()
            if index == segment and counts.slow
        )
        if not causes:
            return None
        return TailFigures(slower_than_s=self._thresholds[segment] / 1e9, causes=causes)

    def _judge(self, what: Cause) -> set[int]:
        """Count the requests that ended in the stretch that has just become known."""
        known = self._happenings[what]
        from_ns, until_ns = self._judged_ns[what], known.known_ns
        touched: set[int] = set()
        if until_ns <= from_ns:
            return touched
        self._judged_ns[what] = until_ns
        begins, ends = known.arrays()
        for slow in self._waiting:
            which = (slow.last > from_ns) & (slow.last <= until_ns)
            if not which.any():
                continue
            planned, last = slow.planned[which], slow.last[which]
            counts = self._counts.setdefault((slow.segment, what), _Counts())
            counts.slow += planned.size
            counts.hit += int(np.count_nonzero(overlapping(planned, last, begins, ends)))
            counts.expected += by_chance(last - planned, begins, ends, from_ns, until_ns)
            touched.add(slow.segment)
        return touched

    def _drop(self) -> None:
        """Forget the requests that every source has told about."""
        judged_ns = min(self._judged_ns.values())
        while self._waiting and int(self._waiting[0].last[-1]) <= judged_ns:
            self._kept -= self._waiting.popleft().last.size
