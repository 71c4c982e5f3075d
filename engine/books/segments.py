"""A segment: a stretch of the run with unchanged settings, and everything counted in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from engine import wire
from engine.books.backlog import BacklogWatch
from engine.books.blocks import Block
from engine.books.collector import Collections
from engine.books.columns import FIRST_FAILED_STATUS, Columns
from engine.books.selfcheck import OwnLook, SelfCheck
from engine.books.settled import SettledPart, Turn
from engine.books.spectrum import fold
from engine.books.steadiness import overloaded
from engine.books.tally import Tally
from engine.books.warmup import FixedPart
from engine.books.watched import Watched
from engine.figures import (
    Calibration,
    Latency,
    LatencySet,
    SegmentFigures,
    TargetFigures,
)
from engine.histogram import Ages, Counts, Histogram, Nanoseconds, encode_hdr
from engine.plan import Load, Warmup
from engine.snapshot import ProcessNow
from engine.stats.calibrate import Taken, calibrate
from engine.stats.client import judge
from engine.stats.overload import Growth

CONNECTING: Final = 0.01
"""Share of the connections' time beyond which opening them is no small part of it."""


class Segment:
    """Totals of one segment while it is counted; `figures` says them.

    A request belongs to the segment in which it was due, wherever its answer came.

    Args:
        index: Its place among the segments.
        load: The settings.
        start_ns: When it began.
        spin: Whether workers of an open loop poll for the next send: their CPU says nothing then.
        probed: Whether the target is polled for its runtime meanwhile.
        ceiling_rps: What the generator reaches against a server that does nothing, where that is known.

    Attributes:
        watched: Looks at the target's threads, its container and its machine.
    """

    def __init__(
        self,
        index: int,
        load: Load,
        start_ns: int,
        *,
        spin: bool = False,
        probed: bool = True,
        ceiling_rps: float | None = None,
    ) -> None:
        self.index = index
        self.load = load
        self.start_ns = start_ns
        self.end_ns: int | None = None
        self.bytes_in = 0
        self.retried = 0
        self.resumed = 0
        self.watched = Watched()
        self.probed = probed
        self._ceiling_rps = ceiling_rps
        self._spins = spin and load.mode == "open"
        self._fixed: FixedPart | None = None
        self._settled = SettledPart(closed_loop=load.mode == "closed")
        self._backlog = BacklogWatch(load.rate or 0.0) if load.mode == "open" else None
        self._concluded = False
        self._outcomes: Counter[int] = Counter()
        self._response = Histogram()
        self._service = Histogram()
        self._failed = Histogram()
        self._lag = Histogram()
        self._connect = Histogram()
        self._first_attempts = Histogram()
        self._cpu = Tally()
        self._rss = Tally()
        self.collections = Collections()
        self._own = SelfCheck(load, start_ns, spins=self._spins)

    def add(self, columns: Columns) -> None:
        """Count requests that were due in this segment."""
        for outcome, times in columns.count_outcomes().items():
            self._outcomes[outcome] += times
        fine = columns.succeeded()
        unanswered = columns.unanswered
        self._response.add(
            fine.response, bins=fine.bins, censored=unanswered, ages=columns.ages(columns.planned)
        )
        if columns.planned is not columns.written:
            self._service.add(fine.last - fine.written, censored=unanswered, ages=columns.ages(columns.written))
        failed = columns.failed()
        self._failed.add(failed.response, bins=failed.bins)

    def judge(self, block: Block) -> Turn | None:
        """Take a final block of this segment; return what it turns, if anything."""
        if self._backlog is not None:
            self._backlog.take(block)
        if self._fixed is not None:
            self._fixed.take(block)
        return self._settled.take(block)

    def watch_backlog(self, left: Sequence[int], at_s: float) -> Turn | None:
        """Judge the backlog of an open loop; return an overload that has just been found.

        Args:
            left: How many requests ended in each whole second of this segment that is not final yet.
            at_s: Now, in seconds since the run began.
        """
        if self._backlog is None or not self._backlog.judge(left) or self._backlog.growth is None:
            return None
        growth = self._backlog.growth
        return Turn("overloaded", at_s - growth.seconds, text=overloaded(growth).reason)

    def conclude(self) -> None:
        """Take note that it is over and no more blocks of it come."""
        if not self._concluded:
            self._concluded = True
            self._settled.conclude(self._response)
            if self._fixed is not None:
                self._fixed.conclude(self._response)

    def leave_out(self, warmup: Warmup, start_s: float) -> None:
        """Let figures leave something else out at the begin than what came before it settled.

        Args:
            warmup: What.
            start_s: Begin of the segment in seconds since the run began.
        """
        self._fixed = None if warmup.kind == "auto" else FixedPart(warmup, start_s)

    def add_connects(self, took_ns: Nanoseconds) -> None:
        """Count connections that were opened."""
        self._connect.add(took_ns)

    def add_lag(self, late_ns: Nanoseconds) -> None:
        """Count by how much sends of the schedule were late although a connection was free."""
        self._lag.add(late_ns)

    def add_unanswered(self, kind: str, requests: int, ages: Ages | None = None) -> None:
        """Count requests that nobody can say the times of: never sent, or lost with a worker.

        Args:
            kind: One of `engine.wire.ERROR_KINDS`.
            requests: How many.
            ages: Their ages, where the end of the schedule cut them off.
        """
        self._outcomes[wire.ERROR_CODE[kind]] += requests
        self._response.add(np.empty(0, np.int64), censored=requests, ages=ages)

    def add_process(self, process: ProcessNow) -> None:
        """Note a look at the target's process."""
        self._cpu.add(process.cpu_pct)
        self._rss.add(process.rss_bytes)
        self.watched.add_process(process)

    def add_own_frame(self, frame: wire.Frame) -> None:
        """Note what a worker says of itself."""
        self._own.add_frame(frame)

    def look_at_ourselves(self, look: OwnLook, median_s: float | None) -> None:
        """Note a look at our own processes, and the median response time of that second."""
        self._own.look(look, median_s)

    def add_first_attempts(self, took_ns: Nanoseconds) -> None:
        """Count how long attempts were out that were lost with their connection, and made again."""
        self._first_attempts.add(took_ns)

    @property
    def is_client_bound(self) -> bool:
        """Whether its last seconds show that the generator is the bottleneck."""
        return self._own.is_bound

    @property
    def is_counted(self) -> bool:
        """Whether there is a part that counts: settled, or without what was to be left out."""
        return self._part.since_s is not None

    @property
    def _part(self) -> SettledPart | FixedPart:
        return self._settled if self._fixed is None else self._fixed

    @property
    def requests(self) -> int:
        """Answered requests so far."""
        return sum(times for outcome, times in self._outcomes.items() if outcome >= wire.FIRST_STATUS)

    def response(self, timeout_s: float) -> Latency:
        """Return its response times, with their intervals: of the part that counts, where there is one."""
        part = self._part
        latency = (part.response if part.since_s is not None else self._response).latency(longest_s=timeout_s)
        latency = part.certainty(self._response, live=self.end_ns is None).on(latency)
        return latency if self._growth is None else withheld(latency)

    def figures(self, *, run_start_ns: int, now_ns: int, timeout_s: float, whole: bool) -> SegmentFigures:
        """Return what is to be said of this segment.

        Args:
            run_start_ns: Begin of the run.
            now_ns: End of the segment where it has none yet.
            timeout_s: What a request that failed took at least.
            whole: Whether to encode the histograms too, which takes some milliseconds.
        """
        end_ns = now_ns if self.end_ns is None else self.end_ns
        span_s = max(end_ns - self.start_ns, 1) / 1e9
        requests = self.requests
        open_loop = self.load.mode == "open"
        settled, part = self._settled, self._part
        is_counted = part.since_s is not None
        growth = self._growth
        response = service = self.response(timeout_s)
        if open_loop:
            service = (part.service if is_counted else self._service).latency(longest_s=timeout_s)
            service = service if growth is None else withheld(service)
        throughput = part.done / part.span_s if is_counted else requests / span_s
        lag = _some(self._lag, timeout_s) if open_loop else None
        own = self._own
        cpu = _mean(own.cpu_pct)
        client = judge(
            worker_cpu_pct=None if self._spins else cpu,
            lag_p99_s=None if lag is None else lag.p99,
            response=response,
            closed_loop=not open_loop and settled.since_s is not None and self._always_carried(span_s),
            concurrency=self.load.concurrency,
            throughput_rps=throughput,
            waiting_pct=_mean(own.waiting_pct) or 0.0,
            stood_pct=100 * own.stood_s / span_s,
            ceiling_rps=self._ceiling_rps,
        )
        client = own.verdict(client, is_over=self.end_ns is not None)
        return SegmentFigures(
            index=self.index,
            start_s=(self.start_ns - run_start_ns) / 1e9,
            end_s=(end_ns - run_start_ns) / 1e9,
            load=self.load,
            state=settled.state if growth is None else "overloaded",
            settled_at_s=settled.since_s,
            counted_from_s=part.since_s,
            steadiness=overloaded(growth) if growth else settled.steadiness(over=self.end_ns is not None),
            requests=requests,
            throughput_rps=throughput,
            throughput_ci95_rps=part.throughput_ci95_rps,
            bytes_in=self.bytes_in,
            statuses={str(o): n for o, n in sorted(self._outcomes.items()) if o >= wire.FIRST_STATUS},
            errors={wire.ERROR_KINDS[o]: n for o, n in sorted(self._outcomes.items()) if o < wire.FIRST_STATUS},
            retried=self.retried,
            resumed=self.resumed,
            latency_s=LatencySet(
                response=response,
                service=service,
                failed=_some(self._failed, timeout_s),
                lag=lag,
                connect=_some(self._connect, timeout_s),
            ),
            calibration=self.calibration(timeout_s) if whole else None,
            client=replace(client, cpu_pct=cpu),
            target=TargetFigures(
                cpu_pct=self._cpu.mean,
                rss_bytes=self._rss.mean_max(),
                gc=self.collections.figures() if self.collections.seen else None,
                open_files_max=self.watched.open_files_max(),
                major_faults_per_s=self.watched.major_faults_per_s(),
                threads=self.watched.threads(),
                container=self.watched.container(),
                host=self.watched.host(),
            ),
            unstable=part.unstable,
            probed=self.probed,
            histogram=self._histograms() if whole else {},
        )

    def calibration(self, timeout_s: float) -> Calibration | None:
        """Return p99 with everything in it and without, or None of an overload; it takes a millisecond."""
        if self._growth is not None:
            return None
        part = self._part
        taken = Taken(
            answered=self._response,
            failed=self._failed,
            connect=self._connect,
            first_attempts=self._first_attempts,
            settled=part.response if part.since_s is not None else None,
            open_loop=self.load.mode == "open",
        )
        return calibrate(taken, timeout_s=timeout_s)

    def distribution(self) -> tuple[int, ...]:
        """Return the response times that the percentiles stand on, by the rows of `engine.books.spectrum`."""
        response = self._part.response if self._part.since_s is not None else self._response
        return tuple(fold(response).tolist())

    @property
    def _growth(self) -> Growth | None:
        """By how much the backlog of an open loop grows, where it does."""
        return None if self._backlog is None else self._backlog.growth

    def _always_carried(self, span_s: float) -> bool:
        """Return whether connections had nothing to do but carry requests whose times are counted.

        Errors and answers of 400 and above take time that is in no response time, and so does connecting.
        """
        unfinished = wire.ERROR_CODE["unfinished"]
        answered = all(
            wire.FIRST_STATUS <= outcome < FIRST_FAILED_STATUS or outcome == unfinished
            for outcome in self._outcomes
        )
        return answered and self._connect.sum_ns / 1e9 <= CONNECTING * span_s * self.load.concurrency

    def counts(self) -> dict[str, Counts]:
        """Return copies of the counts of the histograms that a record encodes, by kind."""
        return {kind: histogram.counts.copy() for kind, histogram in self._kinds().items()}

    def _histograms(self) -> dict[str, str]:
        return {kind: encode_hdr(histogram) for kind, histogram in self._kinds().items()}

    def _kinds(self) -> dict[str, Histogram]:
        part = self._part
        is_counted = part.since_s is not None
        kinds = {
            "response": part.response if is_counted else self._response,
            "failed": self._failed,
            "connect": self._connect,
        }
        if self.load.mode == "open":
            kinds |= {"service": part.service if is_counted else self._service, "lag": self._lag}
        return {kind: histogram for kind, histogram in kinds.items() if histogram.counted}


def withheld(latency: Latency) -> Latency:
    """Return the figures of an overload: percentiles would only say for how long it was watched."""
    return Latency(
        count=latency.count, censored=latency.censored, min=latency.min, max=latency.max, bound=latency.bound
    )


def _mean(values: list[float] | list[int]) -> float | None:
    return sum(values) / len(values) if values else None


def _some(histogram: Histogram, timeout_s: float) -> Latency | None:
    latency = histogram.latency(longest_s=timeout_s)
    return latency if latency.count else None
