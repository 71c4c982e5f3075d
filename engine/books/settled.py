"""The settled part of a segment: from when on its figures count, and what was counted since.

Three series are watched, a point a block: the logarithms of the median, of the mean and, in a closed loop, of
the throughput. A segment has settled when each of them has, from the latest of their starts on. A block in
which nothing was answered has no median; it gives the detectors no point, but it is part of what is counted.
Where answers are so rare that a second's median would be one request's, several seconds make a point.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from engine.books.batches import Batches
from engine.books.blocks import Block
from engine.books.certainty import Certainty, certainty, throughput_interval, unstable
from engine.books.steadiness import Shift, steadiness
from engine.figures import Hindsight, SegmentState, Steadiness, WarmUp
from engine.histogram import Histogram, Packed
from engine.stats.hindsight import look_back
from engine.stats.settle import WINDOW, Change, Detector
from engine.stats.steady import LOOKED_AT, PATIENCE_S, Unsteady, unsteady

KEPT_BLOCKS: Final = 200
"""While it has not settled: how far back the settled part can be found to have begun. Each takes 30 kilobytes
where latencies are spread over decades, which is where they take long to settle."""

KEPT_WHEN_SETTLED: Final = 60
"""A shift is noticed some seconds after it began; the new level is searched for from there."""

FEWEST_SAMPLES: Final = 50
"""Behind each point."""

WARM_UP_S: Final = 10

UNSTABLE_EVERY_S: Final = 10
"""How often the two halves of a running segment are compared, which takes longer than all the rest."""

_FULL_S: Final = 0.999
_ORDER: Final[tuple[SegmentState, ...]] = ("starting", "warming", "shifted", "drifting", "noisy", "settling")
"""What is said where the series disagree: the state that is furthest from settled."""


class Turn(Struct, frozen=True):
    """Something that was found out about a segment.

    Attributes:
        kind: What.
        since_s: From when on it is so, in seconds since the run began.
        size: Of a shift or drift, as a difference of logarithms.
        text: More about it, in words.
    """

    kind: Literal["settled", "shifted", "drifting", "overloaded", "no-steady-state"]
    since_s: float
    size: float = 0.0
    text: str = ""


class _Kept(Struct, frozen=True):
    start_s: float
    span_s: float
    done: int
    response: Packed
    service: Packed


class SettledPart:
    """Judges one segment, block by block.

    Attributes:
        state: What is to be said of the segment.
        since_s: Begin of the settled part in seconds since the run began; None where there is none.
        response, service: Of the requests that were due in the settled part.
        done: Answers that came in it.
        span_s: Its length.
    """

    def __init__(self, *, closed_loop: bool) -> None:
        self.state: SegmentState = "starting"
        self.since_s: float | None = None
        self.response = Histogram()
        self.service = Histogram()
        self.done = 0
        self.span_s = 0.0
        self._detectors = [Detector() for _ in range(3 if closed_loop else 2)]
        self._points_s: list[float] = []  # when each point's blocks began
        self._point = _Point()
        self._kept: deque[_Kept] = deque(maxlen=KEPT_BLOCKS)
        self._whole = Batches()
        self._part = Batches()
        self._start_s: float | None = None
        self._end_s = 0.0
        self._lost_s: float | None = None  # from when on it has not been settled
        self._shift: Shift | None = None
        self._unsteady: Unsteady | None = None
        self._first: list[tuple[int, int]] = []  # answers and the sum of their times in the first seconds
        self._certainty: tuple[bool, Certainty] | None = None
        self._throughput: tuple[float, float] | None = None
        self._unstable: tuple[str, ...] = ()
        self._seen: tuple[int, Hindsight | None] = (0, None)  # of so many points

    def take(self, block: Block) -> Turn | None:
        """Take the next final block; return what it turns, if anything."""
        second = block.second
        response = block.histogram.packed()
        service = response if block.service is block.histogram else block.service.packed()
        kept = _Kept(second.t_s, second.span_s, second.done, response, service)
        if self._start_s is None:
            self._start_s = self._lost_s = second.t_s
        self._end_s = second.t_s + second.span_s
        self._certainty = None
        self._kept.append(kept)
        if self.since_s is not None:
            self._count(kept)
            while len(self._kept) > KEPT_WHEN_SETTLED:
                self._kept.popleft()
        if second.span_s < _FULL_S:
            return None
        self._whole.add(response, second.done)
        if len(self._first) < WARM_UP_S:
            self._first.append((response.counted, response.sum_ns))
        if not response.filled.size:
            return None
        self._point.add(block)
        if self._point.samples < FEWEST_SAMPLES:
            return None
        self._points_s.append(self._point.start_s)
        values = self._point.values()
        self._point = _Point()
        changes = [
            change
            for detector, value in zip(self._detectors, values, strict=False)
            if (change := detector.push(value)) is not None
        ]
        return self._judge(changes)

    def steadiness(self, *, over: bool = False) -> Steadiness:
        """Return what stands behind the state; once it is `over`, with a look back."""
        points = len(self._points_s)
        return steadiness(
            self.state,
            self._detectors,
            point_s=(self._end_s - self._points_s[0]) / points if points else 1.0,
            shift=self._shift,
            unsteady=self._unsteady,
            settle_s=None if self.since_s is None or self._start_s is None else self.since_s - self._start_s,
            warmup=self._warm_up(),
            hindsight=self._look_back() if over else None,
        )

    def certainty(self, whole: Histogram, *, live: bool) -> Certainty:
        """Return what may be said of the response times' percentiles.

        Args:
            whole: Response times of the whole segment, which count where there is no settled part.
            live: Whether more are to come.
        """
        if self._certainty is None or self._certainty[0] != live:
            settled = self.since_s is not None
            batches = self._part if settled else self._whole
            seconds = self.span_s if settled else self._end_s - (self._start_s or 0.0)
            self._throughput = throughput_interval(batches)
            if not settled:
                self._unstable = ()
            elif not live or self._part.seconds % UNSTABLE_EVERY_S == 0:
                self._unstable = unstable(batches)
            said = certainty(self.response if settled else whole, batches, seconds=seconds, live=live)
            self._certainty = live, said
        return self._certainty[1]

    @property
    def throughput_ci95_rps(self) -> tuple[float, float] | None:
        """Interval of the throughput, as of the last `certainty`."""
        return self._throughput

    @property
    def unstable(self) -> tuple[str, ...]:
        """Figures whose two halves differ for real, as of the last `certainty`."""
        return self._unstable

    def conclude(self, whole: Histogram) -> None:
        """Take note that no more blocks come: what only they would have needed is let go."""
        said = self.certainty(whole, live=False)
        self._whole = self._part = Batches()
        self._kept.clear()
        self._certainty = False, said

    def _judge(self, changes: list[Change]) -> Turn | None:
        states = [detector.state for detector in self._detectors]
        starts = [detector.start for detector in self._detectors if detector.start is not None]
        if len(starts) == len(states):
            self.state = "settled"
            if self.since_s is None:
                self._begin(self._points_s[max(starts)])
                return Turn("settled", self._points_s[max(starts)])
            return None
        was = self.state
        self.state = next(state for state in _ORDER if state in states)
        if self.since_s is not None:
            lost = next(change for change in changes if change.kind != "settled")
            since_s = self._points_s[min(lost.since, len(self._points_s) - 1)]
            if lost.kind == "shifted":
                self._shift = Shift(since_s, lost.size)
            self._lost_s = self._end_s
            self._forget()
            return Turn(lost.kind, since_s, lost.size)
        if self._shift is not None and self.state in ("starting", "warming"):
            self.state = "shifted"
        return self._give_up(was, states)

    def _give_up(self, was: SegmentState, states: Sequence[str]) -> Turn | None:
        """Say that there is no steady state, where there has been none for long."""
        assert self._lost_s is not None
        since_s = self._lost_s
        if self._end_s - since_s < PATIENCE_S:
            return None
        worst = next(at for at, state in enumerate(states) if state != "settled")
        points = sum(1 for at_s in self._points_s[-LOOKED_AT:] if at_s >= since_s)
        if points < WINDOW:
            return None
        self._unsteady = unsteady(self._detectors[worst].newest(points))
        self.state = "no-steady-state"
        if was == "no-steady-state":
            return None
        return Turn("no-steady-state", since_s, text=self.steadiness().reason)

    def _begin(self, since_s: float) -> None:
        self.since_s = max(since_s, self._kept[0].start_s)
        self._unsteady = None
        for kept in self._kept:
            if kept.start_s >= self.since_s:
                self._count(kept)

    def _forget(self) -> None:
        self.since_s = None
        self.response, self.service = Histogram(), Histogram()
        self.done, self.span_s = 0, 0.0
        self._part = Batches()

    def _count(self, kept: _Kept) -> None:
        self.response.merge(kept.response)
        self.service.merge(kept.service)
        self.done += kept.done
        self.span_s += kept.span_s
        if kept.span_s >= _FULL_S:
            self._part.add(kept.response, kept.done)

    def _look_back(self) -> Hindsight | None:
        """Return what the median turned out to have done."""
        points = len(self._points_s)
        if self._seen[0] != points:
            kept = look_back(self._detectors[0].newest(points))
            self._seen = points, None if kept is None else Hindsight(kept.course, self._points_s[kept.since])
        return self._seen[1]

    def _warm_up(self) -> WarmUp | None:
        if self.since_s is None or not self.response.counted:
            return None
        level = self.response.sum_ns / self.response.counted
        return WarmUp(
            first_second_pct=_excess_pct(self._first[:1], level),
            first_ten_seconds_pct=_excess_pct(self._first, level) if len(self._first) == WARM_UP_S else None,
        )


class _Point:
    """One block, or as many as it takes to have a median."""

    def __init__(self) -> None:
        self.start_s = 0.0
        self.samples = 0
        self._span_s = 0.0
        self._done = 0
        self._histogram = Histogram()

    def add(self, block: Block) -> None:
        """Take the next block."""
        if not self.samples:
            self.start_s = block.second.t_s
            self._histogram = block.histogram
        else:
            merged = Histogram()
            merged.merge(self._histogram)
            merged.merge(block.histogram)
            self._histogram = merged
        self.samples += block.histogram.counted
        self._span_s += block.second.span_s
        self._done += block.second.done

    def values(self) -> tuple[float, float, float]:
        """Return the logarithms of median, mean and throughput."""
        histogram = self._histogram
        total = histogram.counted
        middle = histogram.ladder().bin_at((total + 1) // 2)
        return (
            math.log(max(histogram.bins.middle(middle), 1.0)),
            math.log(max(histogram.sum_ns / total, 1.0)),
            math.log(max(self._done / self._span_s, 1e-3)),
        )


def _excess_pct(seconds: list[tuple[int, int]], level_ns: float) -> float | None:
    answered = sum(number for number, _ in seconds)
    if not answered or not level_ns:
        return None
    return 100 * (sum(sum_ns for _, sum_ns in seconds) / answered / level_ns - 1)
