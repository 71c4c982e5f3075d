"""One-second Blocks, on a grid that begins anew with every segment, and the time series made of them.

A block's percentiles are of the requests that were *due* in it, so that a stall shows in the second that
began it and not in the one that ended it. It is final when all of those have ended; until then its row of
the series shows what came in, without percentiles.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.books.columns import Columns
from engine.books.spectrum import fold, pack
from engine.figures import Second
from engine.histogram import Histogram

BLOCK_NS: Final = 1_000_000_000

_TREND_SAMPLES: Final = {"p50": 2, "p90": 10, "p95": 20, "p99": 100, "p999": 1000, "p9999": 10_000}
"""Fewest samples for a point of a trend line, where an eye averages over many: one beyond the quantile."""


RECENT: Final = 120
"""Newest rows that may change without a note: a collection is known some seconds after it ended."""


class Block(Struct, frozen=True):
    """A final block: what statistics are made of.

    Attributes:
        second: Its row of the time series.
        histogram: Response times of the requests that were due in it.
        service: Their service times; the same histogram in a closed loop.
        due: How many requests were due in it.
        left: How many ended in it, those that ran into the time-out not counted.
    """

    second: Second
    histogram: Histogram
    service: Histogram
    due: int = 0
    left: int = 0


class _Open:
    """A block that is not final yet."""

    __slots__ = (
        "bytes_in",
        "done",
        "due",
        "end_ns",
        "errors",
        "histogram",
        "left",
        "segment",
        "service",
        "start_ns",
        "throttled_periods",
        "throttled_s",
    )

    def __init__(self, start_ns: int, segment: int | None) -> None:
        self.start_ns = start_ns
        self.end_ns = start_ns + BLOCK_NS
        self.segment = segment
        self.done = 0
        self.errors = 0
        self.bytes_in = 0
        self.throttled_s = 0.0
        self.throttled_periods = 0
        self.due = 0
        self.left = 0
        self.histogram = self.service = Histogram()

    def absorb(self, other: _Open) -> None:
        """Take over what was counted in another block."""
        self.done += other.done
        self.errors += other.errors
        self.bytes_in += other.bytes_in
        self.throttled_s += other.throttled_s
        self.throttled_periods += other.throttled_periods
        self.due += other.due
        self.left += other.left
        if self.service is self.histogram and other.service is not other.histogram:
            self.service = Histogram()
        self.histogram.merge(other.histogram)
        if self.service is not self.histogram:
            self.service.merge(other.service)


class Timeline:
    """The time series of a run.

    Attributes:
        rows: Its final rows, oldest first.
    """

    def __init__(self, start_ns: int, timeout_s: float) -> None:
        self.rows: list[Second] = []
        self._late: list[int] = []  # numbers of older rows that changed all the same, as they did
        self._start_ns = start_ns
        self._timeout_s = timeout_s
        self._segment: int | None = None
        self._open: deque[_Open] = deque([_Open(start_ns, None)])
        self._cores: tuple[float, ...] = ()
        self._rss: int | None = None
        self._target_cpu: float | None = None
        self._threads: int | None = None
        self._heap: int | None = None
        self._goal: int | None = None
        self._goroutines: int | None = None
        self._series: dict[str, float] = {}

    def begin(self, segment: int | None, at_ns: int) -> None:
        """Begin a segment, or (None) a stretch without load, cutting the block that is under way."""
        self._grow(at_ns)
        fresh = _Open(at_ns, segment)
        # Frames may have come from behind this moment already: what they brought there is the new block's.
        while len(self._open) > 1 and self._open[-1].start_ns >= at_ns:
            fresh.absorb(self._open.pop())
        last = self._open[-1]
        last.end_ns = at_ns
        if last.end_ns <= last.start_ns:
            fresh.absorb(self._open.pop())
        self._segment = segment
        self._open.append(fresh)

    def add(self, columns: Columns, *, bytes_in: int, at_ns: int) -> None:
        """Count requests that ended, and bytes received until `at_ns`."""
        self._grow(at_ns)
        self._at(at_ns).bytes_in += bytes_in
        if not columns.size:
            return
        starts = [block.start_ns for block in self._open]
        for index, ended in columns.by_end(starts):
            self._open[index].done += ended.answered
            self._open[index].errors += ended.size - ended.answered
            self._open[index].left += ended.size - ended.timed_out
        for index, due in columns.by_due(starts):
            block = self._open[index]
            block.due += due.size
            fine = due.succeeded()
            block.histogram.add(
                fine.response, bins=fine.bins, censored=due.unanswered, ages=due.ages(due.planned)
            )
            if due.planned is not due.written:
                if block.service is block.histogram:
                    block.service = Histogram()
                block.service.add(fine.last - fine.written, censored=due.unanswered, ages=due.ages(due.written))

    def settle(self, settled_ns: int) -> list[Block]:
        """Make final what can change no more, and return it.

        Args:
            settled_ns: All requests due before this have been added.
        """
        self._grow(settled_ns)
        final: list[Block] = []
        while len(self._open) > 1 and self._open[0].end_ns <= settled_ns:
            block = self._open.popleft()
            final.append(self._final(block))
        self.rows.extend(block.second for block in final)
        return final

    def close(self, at_ns: int) -> list[Block]:
        """Make everything final: the run is over, at `at_ns`."""
        self._grow(at_ns)
        final = self.settle(at_ns)
        last = self._open[-1]
        if last.start_ns < at_ns and (last.segment is not None or last.done or last.errors):
            last.end_ns = at_ns
            final.append(self._final(last))
            self.rows.append(final[-1].second)
        self._open[-1] = _Open(at_ns, None)
        return final

    def pending(self, now_ns: int) -> list[Second]:
        """Return the rows of whole seconds that are not final yet; they have no percentiles."""
        return [self._row(block, final=False) for block in self._open if block.end_ns <= now_ns]

    def left(self, segment: int, until_ns: int) -> list[int]:
        """Return how many requests ended in each whole second of a segment that is not final yet."""
        return [b.left for b in self._open if b.segment == segment and b.end_ns <= until_ns]

    def observe(
        self,
        *,
        cores: tuple[float, ...] = (),
        rss_bytes: int | None = None,
        target_cpu: float | None = None,
        threads: int | None = None,
    ) -> None:
        """Note the newest look at the machine and the target, for the rows to come."""
        self._cores = cores or self._cores
        self._rss = self._rss if rss_bytes is None else rss_bytes
        self._target_cpu = self._target_cpu if target_cpu is None else target_cpu
        self._threads = self._threads if threads is None else threads

    def observe_runtime(self, heap_bytes: int | None, goal_bytes: int | None, goroutines: int | None) -> None:
        """Note the newest look at the target's runtime, for the rows to come."""
        self._heap, self._goal, self._goroutines = heap_bytes, goal_bytes, goroutines

    def observe_series(self, values: Mapping[str, float | None]) -> None:
        """Note the newest values of some of the series that the user chose, for the rows to come."""
        merged = {**self._series, **values}
        self._series = {name: value for name, value in merged.items() if value is not None}

    def forget_target(self) -> None:
        """The target's process is gone: say nothing of it until it is seen again."""
        self._rss = self._target_cpu = self._threads = None
        self._heap = self._goal = self._goroutines = None
        self._series = {}

    def add_pause(self, end_s: float, pause_s: float, count: int = 1) -> None:
        """Add garbage collections to the row in which they ended; they are known only after that second."""
        index = bisect_right(self.rows, end_s, key=lambda row: row.t_s) - 1
        if index >= 0:
            row = self.rows[index]
            pauses_s = round(row.gc_pause_s + pause_s, 9)
            self._change(index, replace(row, gc_count=row.gc_count + count, gc_pause_s=pauses_s))

    def add_throttled(self, end_ns: int, throttled_s: float, periods: int) -> None:
        """Add time for which a quota held the target to the row in which it was seen; that may be final."""
        if end_ns >= self._open[0].start_ns or not self.rows:
            block = self._at(end_ns)
            block.throttled_s += throttled_s
            block.throttled_periods += periods
            return
        index = max(0, bisect_right(self.rows, (end_ns - self._start_ns) / 1e9, key=lambda row: row.t_s) - 1)
        row = self.rows[index]
        throttled_s = round((row.throttled_s or 0.0) + throttled_s, 6)
        periods += row.throttled_periods
        self._change(index, replace(row, throttled_s=throttled_s, throttled_periods=periods))

    @property
    def state(self) -> tuple[int, int]:
        """How many rows there are, and how many changes of old ones there were: what `changed_from` takes."""
        return len(self.rows), len(self._late)

    def changed_from(self, state: tuple[int, int]) -> int:
        """Return a number of a row before which none has changed since."""
        rows, late = state
        return min([max(rows - RECENT, 0), *self._late[late:]])

    def _change(self, index: int, row: Second) -> None:
        self.rows[index] = row
        if index < len(self.rows) - RECENT:
            self._late.append(index)

    def _grow(self, until_ns: int) -> None:
        while self._open[-1].end_ns <= until_ns:
            self._open.append(_Open(self._open[-1].end_ns, self._segment))

    def _at(self, at_ns: int) -> _Open:
        for block in reversed(self._open):
            if block.start_ns <= at_ns:
                return block
        return self._open[0]

    def _final(self, block: _Open) -> Block:
        return Block(self._row(block, final=True), block.histogram, block.service, block.due, block.left)

    def _row(self, block: _Open, *, final: bool) -> Second:
        latency = block.histogram.latency(longest_s=self._timeout_s, minimum=_TREND_SAMPLES)
        row = Second(
            t_s=(block.start_ns - self._start_ns) / 1e9,
            span_s=(block.end_ns - block.start_ns) / 1e9,
            segment=block.segment,
            done=block.done,
            errors=block.errors,
            bytes_in=block.bytes_in,
            cpu_pct=tuple(round(busy, 1) for busy in self._cores),
            rss_bytes=self._rss,
            target_cpu_pct=None if self._target_cpu is None else round(self._target_cpu, 1),
            threads=self._threads,
            throttled_s=round(block.throttled_s, 6) or None,
            throttled_periods=block.throttled_periods,
            heap_bytes=self._heap,
            heap_goal_bytes=self._goal,
            goroutines=self._goroutines,
            series=dict(self._series) or None,
        )
        if not final or not latency.count:
            return row
        return replace(
            row,
            p50=latency.p50,
            p90=latency.p90,
            p99=latency.p99,
            p999=latency.p999,
            max=latency.max,
            spectrum=pack(fold(block.histogram)),
        )
