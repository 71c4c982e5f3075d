"""When the target was asked something by the probes: what looking costs, and whom a look may have delayed."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Final

from engine.snapshot import Looking

KEPT: Final = 1 << 20
"""Polls that are kept: days at one a second, hours where a collector is so busy that there are five."""

RECENT_NS: Final = 10_000_000_000


class Polls:
    """Begin and end of every request of the probes, in nanoseconds of the monotonic clock; the newest ones."""

    def __init__(self) -> None:
        self._began = array("q")
        self._ended = array("q")

    def add(self, began_ns: int, ended_ns: int) -> None:
        """Enter one."""
        if len(self._began) >= KEPT:
            del self._began[: KEPT // 2], self._ended[: KEPT // 2]
        self._began.append(began_ns)
        self._ended.append(ended_ns)

    def intervals(self) -> tuple[array[int], array[int]]:
        """Return begins and ends, in the order in which the polls ended; to be read at once, not kept."""
        return self._began, self._ended

    def cost(self, now_ns: int, *, on: bool) -> Looking:
        """Say what looking costs: how often and how long the target was asked in the last ten seconds."""
        first = bisect_left(self._ended, now_ns - RECENT_NS)
        count = len(self._ended) - first
        if not count:
            return Looking(on=on)
        took_ns = sum(self._ended[first:]) - sum(self._began[first:])
        # A run that is younger than that was not watched for as long.
        span_ns = min(RECENT_NS, max(now_ns - self._began[0], 1_000_000_000))
        return Looking(on=on, polls_per_s=count / (span_ns / 1e9), poll_s=took_ns / count / 1e9)
