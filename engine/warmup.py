"""The part of a segment that counts, where the user says what is left out: nothing, a time, some answers.

By itself (`auto`) a segment leaves out what came before its latency settled (`engine.settled`); this is for all
other wishes. They hold for every segment, because every change of load has a warm-up of its own. Whole blocks
are left out: a time is rounded up to them, a number of answers to the block that brings the last.
"""

from __future__ import annotations

from engine.blocks import Block
from engine.histogram import Histogram
from engine.plan import Warmup


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
    """

    def __init__(self, warmup: Warmup, start_s: float) -> None:
        self.since_s: float | None = None
        self.response = Histogram()
        self.service = Histogram()
        self.done = 0
        self.span_s = 0.0
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
