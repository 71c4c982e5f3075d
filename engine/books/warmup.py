"""The part of a segment that counts, where the user says what is left out: nothing, a time, some answers.

By itself (`auto`) a segment leaves out what came before its latency settled (`settled.py`); this is for all
other wishes. They hold for every segment, because every change of load has a warm-up of its own. Whole blocks
are left out: a time is rounded up to them, a number of answers to the block that brings the last.
"""

from __future__ import annotations

from typing import Final

from engine.books.batches import Batches
from engine.books.blocks import Block
from engine.books.certainty import Certainty, certainty, throughput_interval, unstable
from engine.histogram import Histogram
from engine.plan import Warmup

_FULL_S: Final = 0.999


class FixedPart:
    """What counts of one segment.

    Args:
        warmup: What is left out; not `auto`.
        start_s: Begin of the segment in seconds since the run began.

    Attributes:
        since_s: Begin of the part; None while there is none, and then figures are of the whole segment.
        response, service: Of the requests that were due in it.
        done: Answers that came in it.
        span_s: Its length.
        throughput_ci95_rps: Interval of the throughput, as of the last `certainty`.
        unstable: Figures whose two halves differ for real, likewise.
    """

    def __init__(self, warmup: Warmup, start_s: float) -> None:
        self.since_s: float | None = None
        self.response = Histogram()
        self.service = Histogram()
        self.done = 0
        self.span_s = 0.0
        self.throughput_ci95_rps: tuple[float, float] | None = None
        self.unstable: tuple[str, ...] = ()
        self._batches = Batches()
        self._certainty: tuple[bool, Certainty] | None = None
        self._from_s = start_s + (warmup.time_s or 0.0)
        self._answers = warmup.answers or 0

    def take(self, block: Block) -> None:
        """Take the next final block."""
        second = block.second
        if self.since_s is None:
            if second.t_s < self._from_s - 1e-9 or self._answers > 0:
                self._answers -= second.done
                return
            self.since_s = second.t_s
        self.response.merge(block.histogram)
        self.service.merge(block.service)
        self.done += second.done
        self.span_s += second.span_s
        if second.span_s >= _FULL_S:
            self._batches.add(block.histogram.packed(), second.done)
        self._certainty = None

    def certainty(self, whole: Histogram, *, live: bool) -> Certainty:
        """Return what may be said of the response times' percentiles; nothing where there is no such part.

        Args:
            whole: Response times of the whole segment; not looked at.
            live: Whether more are to come.
        """
        if self.since_s is None:
            return Certainty()
        if self._certainty is None or self._certainty[0] != live:
            self.throughput_ci95_rps = throughput_interval(self._batches)
            self.unstable = () if live else unstable(self._batches)
            said = certainty(self.response, self._batches, seconds=self.span_s, live=live)
            self._certainty = live, said
        return self._certainty[1]

    def conclude(self, whole: Histogram) -> None:
        """Take note that no more blocks come: what only they would have needed is let go."""
        said = self.certainty(whole, live=False)
        self._batches = Batches()
        self._certainty = False, said
