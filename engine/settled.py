"""The settled part of a segment: from when on its figures count, and what was counted since.

Three series are watched, a point a block: the logarithms of the median, of the mean and, in a closed loop, of
the throughput. A segment has settled when each of them has, from the latest of their starts on. A block in
which nothing was answered has no median; it gives the detectors no point, but it is part of what is counted.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine.blocks import Block
from engine.figures import SegmentState
from engine.histogram import Histogram, Packed
from engine.stats.settle import Change, Detector

KEPT_BLOCKS: Final = 600
"""While it has not settled: how far back the settled part can be found to have begun."""

KEPT_WHEN_SETTLED: Final = 60
"""A shift is noticed some seconds after it began; the new level is searched for from there."""

_FULL_S: Final = 0.999
_ORDER: Final[tuple[SegmentState, ...]] = ("starting", "warming", "shifted", "drifting", "noisy", "settling")
"""What is said where the series disagree: the state that is furthest from settled."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that was found out about a segment.

    Attributes:
        kind: What.
        since_s: From when on it is so, in seconds since the run began.
        size: Of a shift or drift, as a difference of logarithms.
    """

    kind: Literal["settled", "shifted", "drifting"]
    since_s: float
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class _Kept:
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
        self._points_s: list[float] = []  # when each point's block began
        self._kept: deque[_Kept] = deque(maxlen=KEPT_BLOCKS)

    def take(self, block: Block) -> Turn | None:
        """Take the next final block; return what it turns, if anything."""
        second = block.second
        response = block.histogram.packed()
        service = response if block.service is block.histogram else block.service.packed()
        kept = _Kept(second.t_s, second.span_s, second.done, response, service)
        self._kept.append(kept)
        if self.since_s is not None:
            self._count(kept)
            while len(self._kept) > KEPT_WHEN_SETTLED:
                self._kept.popleft()
        if second.span_s < _FULL_S or not response.filled.size:
            return None
        self._points_s.append(second.t_s)
        changes = [
            change
            for detector, value in zip(self._detectors, _values(block), strict=False)
            if (change := detector.push(value)) is not None
        ]
        return self._judge(changes)

    def _judge(self, changes: list[Change]) -> Turn | None:
        states = [detector.state for detector in self._detectors]
        starts = [detector.start for detector in self._detectors if detector.start is not None]
        if len(starts) == len(states):
            self.state = "settled"
            if self.since_s is None:
                self._begin(self._points_s[max(starts)])
                return Turn("settled", self._points_s[max(starts)])
            return None
        self.state = next(state for state in _ORDER if state in states)
        if self.since_s is None:
            return None
        lost = next(change for change in changes if change.kind != "settled")
        self._forget()
        return Turn(lost.kind, self._points_s[min(lost.since, len(self._points_s) - 1)], lost.size)

    def _begin(self, since_s: float) -> None:
        self.since_s = max(since_s, self._kept[0].start_s)
        for kept in self._kept:
            if kept.start_s >= self.since_s:
                self._count(kept)

    def _forget(self) -> None:
        self.since_s = None
        self.response, self.service = Histogram(), Histogram()
        self.done, self.span_s = 0, 0.0

    def _count(self, kept: _Kept) -> None:
        self.response.merge(kept.response)
        self.service.merge(kept.service)
        self.done += kept.done
        self.span_s += kept.span_s


def _values(block: Block) -> tuple[float, float, float]:
    """Return a block's points: logarithms of median, mean and throughput."""
    histogram = block.histogram
    total = histogram.counted
    median = histogram.bins.middle(int(np.searchsorted(np.cumsum(histogram.counts), (total + 1) // 2)))
    return (
        math.log(max(median, 1.0)),
        math.log(max(histogram.sum_ns / total, 1.0)),
        math.log(max(block.second.done, 1)),
    )
