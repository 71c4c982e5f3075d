"""The run's books: every frame and every look at the target, entered where they belong. No clock in here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from engine import wire
from engine.books.blocks import BLOCK_NS, Block, Timeline
from engine.books.columns import columns_of
from engine.books.polls import Polls
from engine.books.recent import Recent
from engine.books.segments import Segment
from engine.books.selfcheck import OwnLook
from engine.books.settled import Turn
from engine.books.tails import Tails
from engine.books.window import Window
from engine.experiments.turns import Turns
from engine.figures import Calibration, Cause, Event, Latency, Pause, Second, SegmentFigures
from engine.histogram import Ages
from engine.looks import CpuProfile, Looks, Trace
from engine.machine import ContainerNow, HostNow, ThreadsNow, Throttle
from engine.plan import WINDOW_S, Load, Warmup
from engine.probes.base import (
    RUNTIME,
    Batch,
    ContainerSample,
    Found,
    Gap,
    HostSample,
    Polled,
    ProcessSample,
    RuntimeSample,
    Sample,
    SeriesSample,
    ThreadsSample,
    Told,
)
from engine.snapshot import HISTORY_S, Chosen, GcNow, ProcessNow, Target

AUTO: Final = Warmup()
SAME_GAP_S: Final = 60.0
"""A source that keeps failing is mentioned once in this time, not once a second."""

STALE_NS: Final = 3_000_000_000
"""What the runtime last said is not shown as its state any more when it has been silent for so long."""


class Ledger:
    """Everything counted in a run.

    Args:
        start_ns: Begin of the run on the monotonic clock.
        timeout_s: What a request that failed took at least.
        target: What is known of the target at the start.
        spin: Whether workers of an open loop poll for the next send.
        window_s: How far back the exact percentiles reach.
        warmup: What figures leave out at the begin of a segment.
        ceiling_rps: What the generator reaches against a server that does nothing, where that is known.

    Attributes:
        answered: Answered requests so far.
        events: What happened to the run, oldest first.
        segments: All segments, oldest first.
        target, cores, host, remote, process, threads, container, gc: The newest look at each.
        throttles: When a CPU quota held the target, oldest first.
        chosen: The newest values of the series that the user chose, by name.
        polls: When the target was polled.
        probed: Whether segments that begin now are polled in.
        looks: Profiles and traces that were asked for.
        last_error, last_error_ns: The newest error's text, and when it came.
        last_answer_ns: When the newest answer was reported.
        turns: Of an experiment under way, which counts for itself what was due in its legs; else None.
    """

    def __init__(
        self,
        start_ns: int,
        *,
        timeout_s: float,
        target: Target,
        spin: bool = False,
        window_s: float = WINDOW_S,
        warmup: Warmup = AUTO,
        ceiling_rps: float | None = None,
    ) -> None:
        self.answered = 0
        self.events: list[Event] = []
        self.segments: list[Segment] = []
        self.target = target
        self.cores: tuple[float, ...] = ()
        self.host: HostNow | None = None
        self.remote: HostNow | None = None
        self.process: ProcessNow | None = None
        self.threads: ThreadsNow | None = None
        self.container: ContainerNow | None = None
        self.throttles: list[Throttle] = []
        self.gc: GcNow | None = None
        self.chosen: dict[str, Chosen] = {}
        self.polls = Polls()
        self.probed = True
        self.looks = Looks()
        self.last_error = ""
        self.last_error_ns = start_ns
        self.last_answer_ns = start_ns
        self._start_ns = start_ns
        self._timeout_s = timeout_s
        self._spin = spin
        self._timeline = Timeline(start_ns, timeout_s)
        self._recent = Recent()
        self._window_s = window_s
        self.turns: Turns | None = None
        self._warmup = warmup
        self._ceiling_rps = ceiling_rps
        self._window = Window(start_ns, window_s, timeout_s)
        self._pauses: list[Pause] = []
        self._tails = Tails(start_ns)
        self._said: dict[tuple[int, bool], SegmentFigures] = {}  # of segments that are over; by index and whole
        self._gap_told_ns: dict[str, int] = {}
        self._gc_ns = start_ns
        self._under_load = False
        self._watched: dict[int, int] = {}  # the second up to which a segment's backlog was judged
        self._reported_ns = start_ns

    # What happens.

    def begin(self, load: Load, at_ns: int) -> None:
        """Begin a segment; the one before, if any, ends here."""
        self.rest(at_ns)
        self._timeline.begin(len(self.segments), at_ns)
        segment = Segment(
            len(self.segments),
            load,
            at_ns,
            spin=self._spin,
            probed=self.probed,
            ceiling_rps=self._ceiling_rps,
        )
        segment.leave_out(self._warmup, self.seconds_of(at_ns))
        self.segments.append(segment)
        self._window = Window(at_ns, self._window_s, self._timeout_s)
        self._under_load = True

    def rest(self, at_ns: int) -> None:
        """End the segment, if one is under way: no load is sent from now on."""
        if self._under_load:
            self.segments[-1].end_ns = at_ns
            self._timeline.begin(None, at_ns)
            self._under_load = False

    def tell(
        self, at_ns: int, kind: str, text: str = "", *, before: Load | None = None, after: Load | None = None
    ) -> None:
        """Enter an event."""
        self.events.append(Event(at_s=self.seconds_of(at_ns), kind=kind, text=text, before=before, after=after))

    def add_frame(self, frame: wire.Frame) -> None:
        """Enter what a worker reports."""
        columns = columns_of(frame)
        self._reported_ns = max(self._reported_ns, frame.at_ns)
        self._recent.add(columns, bytes_in=frame.bytes_in, at_ns=frame.at_ns)
        self._timeline.add(columns, bytes_in=frame.bytes_in, at_ns=frame.at_ns)
        if frame.last_error:
            self.last_error = frame.last_error
            self.last_error_ns = frame.at_ns
        if not self.segments:
            return
        current = self.segments[-1]
        current.add_own_frame(frame)
        current.bytes_in += frame.bytes_in
        current.retried += frame.retried
        current.add_first_attempts(np.frombuffer(frame.first_attempts, np.int64))
        current.resumed += frame.resumed
        current.add_connects(np.frombuffer(frame.connect, np.int64))
        current.add_lag(np.frombuffer(frame.lag, np.int64))
        for unsent in frame.unsent:
            self._add_unsent(unsent)
        if not columns.size:
            return
        self.answered += columns.answered
        if columns.answered:
            self.last_answer_ns = frame.at_ns
        if self.turns is not None:
            self.turns.take(columns)
        for index, due in columns.by_due([segment.start_ns for segment in self.segments]):
            self.segments[index].add(due)
            self._tails.add(index, due)
            if index == current.index:
                self._window.add(due)
            self._forget(index)

    def add_loss(self, at_ns: int, worker: int, requests: int, why: str) -> None:
        """Enter the death of a worker."""
        self.last_error = f"worker {worker} died ({why})"
        self.last_error_ns = at_ns
        self.tell(at_ns, "worker-lost", f"worker {worker} died ({why}) with {requests} requests in flight")
        if self.segments:
            self.segments[-1].add_unanswered("worker-lost", requests)

    def look_at_ourselves(self, look: OwnLook) -> None:
        """Enter a look at our own processes: what the last second says of the generator."""
        if self._under_load:
            median_s = self._recent.read(self._reported_ns)[3].p50
            self.segments[-1].look_at_ourselves(look, median_s)

    def add_sample(self, sample: Sample) -> None:
        """Enter a look at the machine, the target's process or its runtime."""
        match sample:
            case HostSample(_, host):
                self._add_host(host)
            case ProcessSample(_, process):
                self.process = process
                self._timeline.observe(rss_bytes=process.rss_bytes, target_cpu=process.cpu_pct)
                if self._under_load:
                    self.segments[-1].add_process(process)
            case ThreadsSample(_, threads):
                self.threads = threads
                self._timeline.observe(threads=threads.threads, runqueue_wait_s=threads.runqueue_wait_s_per_s)
                if self._under_load:
                    self.segments[-1].watched.add_threads(threads)
            case ContainerSample():
                self._add_container(sample)
            case RuntimeSample():
                self._add_runtime(sample)
            case SeriesSample(_, chosen):
                self.chosen |= {series.name: series for series in chosen}
                self._timeline.observe_series({series.name: series.value for series in chosen})
            case Polled(at_ns, began_ns):
                self.polls.add(began_ns, at_ns)
                self._blame("poll", [(began_ns, at_ns)], at_ns)
            case Told(at_ns, kind, text):
                self.tell(at_ns, kind, text)
            case Found(at_ns, target, restarted):
                gone = self.target.pid is not None and target.pid is None
                self.target = target
                if restarted or gone:
                    self.process = self.threads = self.container = None
                    self.chosen.clear()
                    self._timeline.forget_target()
                if restarted:
                    self.gc = None
                    self.tell(
                        at_ns,
                        "target-restarted",
                        "the target was restarted" + (f", now pid {target.pid}" if target.pid else ""),
                    )
            case Gap(at_ns, source, reason):
                if source == RUNTIME:
                    self._miss_runtime(at_ns)
                told_ns = self._gap_told_ns.get(source)
                if told_ns is None or at_ns - told_ns > SAME_GAP_S * 1e9:
                    self._gap_told_ns[source] = at_ns
                    self.tell(at_ns, "probe-gap", f"{source}: {reason}")

    def add_look(self, look: CpuProfile | Trace) -> None:
        """Enter a profile or a trace."""
        if isinstance(look, CpuProfile):
            self.looks = Looks((*self.looks.profiles, look), self.looks.traces)
        else:
            self.looks = Looks(self.looks.profiles, (*self.looks.traces, look))

    def settle(self, settled_ns: int, reported_ns: int | None = None) -> None:
        """Make final what can change no more.

        Args:
            settled_ns: All requests due before this are entered.
            reported_ns: All that ended before this are entered too; None for the same.
        """
        self._judge(self._timeline.settle(settled_ns), settled_ns)
        if self._under_load:
            self._watch_backlog(max(settled_ns, reported_ns or settled_ns))

    def close(self, at_ns: int) -> None:
        """End the books."""
        self.rest(at_ns)
        self._judge(self._timeline.close(at_ns), at_ns)

    # What is to be said.

    def seconds_of(self, at_ns: int) -> float:
        """Return a moment of the monotonic clock as seconds since the run began."""
        return (at_ns - self._start_ns) / 1e9

    def recent(self, until_ns: int) -> tuple[float, float, float, Latency]:
        """Return answers, errors and bytes a second, and response times, of the last second."""
        return self._recent.read(until_ns)

    def window(self, until_ns: int) -> tuple[float, Latency]:
        """Return how many of the last seconds the exact window covers, and its response times."""
        return self._window.read(until_ns)

    def history(self, now_ns: int) -> tuple[Second, ...]:
        """Return the newest rows of the time series, those included that are not final."""
        return (*self._timeline.rows[-HISTORY_S:], *self._timeline.pending(now_ns))

    def series(self) -> tuple[Second, ...]:
        """Return the whole time series, as far as it is final."""
        return tuple(self._timeline.rows)

    def pauses(self, *, since_s: float = float("-inf")) -> tuple[Pause, ...]:
        """Return the recovered pauses that ended since then."""
        first = len(self._pauses)
        while first and self._pauses[first - 1].end_s >= since_s:
            first -= 1
        return tuple(self._pauses[first:])

    def pauses_from(self, first: int) -> tuple[Pause, ...]:
        """Return the recovered pauses from number `first` on, counted from 0."""
        return tuple(self._pauses[first:])

    def figures(self, now_ns: int) -> tuple[SegmentFigures, ...]:
        """Return the figures of every segment, without histograms."""
        return tuple(self._say(segment, now_ns, whole=False) for segment in self.segments)

    def whole_figures(self, now_ns: int) -> tuple[SegmentFigures, ...]:
        """Return the figures of every segment, with histograms."""
        return tuple(self._say(segment, now_ns, whole=True) for segment in self.segments)

    def calibration(self, index: int) -> Calibration | None:
        """Return p99 of a segment with everything in it and without."""
        return self.segments[index].calibration(self._timeout_s)

    def result(self) -> int | None:
        """Return the index of the segment that speaks for the run.

        That is the last that settled; where none did, the last that measured anything. Where the user says what
        to leave out, it is the last from which that could be left out.
        """
        measured = [segment for segment in self.segments if segment.requests]
        settled = [segment for segment in measured if segment.is_counted]
        return max((segment.index for segment in settled or measured), default=None)

    @property
    def current(self) -> Segment | None:
        """The segment under way, or None while no load is sent."""
        return self.segments[-1] if self._under_load else None

    def _judge(self, blocks: Sequence[Block], at_ns: int) -> None:
        for block in blocks:
            if block.second.segment is None:
                continue
            for over in self.segments[: block.second.segment]:
                over.conclude()
            segment = self.segments[block.second.segment]
            turn = segment.judge(block)
            self._forget(segment.index)
            self._tails.watch(segment.index, segment.response(self._timeout_s).p99)
            if turn is not None:
                self.tell(at_ns, turn.kind, _turn_words(turn, block.second.segment))

    def _watch_backlog(self, until_ns: int) -> None:
        """Once a second: see whether what is due is answered."""
        segment = self.segments[-1]
        second = (until_ns - segment.start_ns) // BLOCK_NS
        if second == self._watched.get(segment.index):
            return
        self._watched = {segment.index: second}
        left = self._timeline.left(segment.index, until_ns)
        turn = segment.watch_backlog(left, self.seconds_of(until_ns))
        if turn is not None:
            self.tell(until_ns, turn.kind, _turn_words(turn, segment.index))

    def _say(self, segment: Segment, now_ns: int, *, whole: bool) -> SegmentFigures:
        said = self._said.get((segment.index, whole))
        if said is None:
            said = segment.figures(
                run_start_ns=self._start_ns, now_ns=now_ns, timeout_s=self._timeout_s, whole=whole
            )
            said = replace(said, tail=self._tails.figures(segment.index))
            if segment.end_ns is not None:
                self._said[segment.index, whole] = said
        return said

    def _forget(self, index: int) -> None:
        for whole in (False, True):
            self._said.pop((index, whole), None)

    def _segment_at(self, at_ns: int) -> Segment | None:
        for segment in reversed(self.segments):
            if segment.start_ns <= at_ns:
                return segment if segment.end_ns is None or at_ns < segment.end_ns else None
        return None

    def _add_unsent(self, unsent: wire.Unsent) -> None:
        """Enter requests that a schedule left unsent: they were due in the segment of that schedule."""
        for segment in reversed(self.segments):
            if segment.start_ns <= unsent.first_ns or segment.index == 0:
                # When each was due is not known: the last may have been due just before the schedule ended.
                ages = Ages(unsent.count, 0, unsent.last_ns - unsent.first_ns)
                segment.add_unanswered("unsent", unsent.count, ages)
                self._forget(segment.index)
                return

    def _add_host(self, host: HostNow) -> None:
        if host.name:
            self.remote = host
        else:
            self.host, self.cores = host, host.busy_pct
            self._timeline.observe(cores=host.busy_pct)
        is_targets = bool(host.name) or self.target.same_host
        if is_targets and self._under_load:
            self.segments[-1].watched.add_host(host)

    def _add_container(self, sample: ContainerSample) -> None:
        self.container = sample.container
        if self._under_load:
            self.segments[-1].watched.add_container(sample.container)
        for held in sample.held:
            throttled_s = held.held_ns / 1e9
            self.throttles.append(
                Throttle(
                    self.seconds_of(held.start_ns), self.seconds_of(held.end_ns), throttled_s, held.periods
                )
            )
            self._timeline.add_throttled(held.end_ns, throttled_s, held.periods)
            segment = self._segment_at(held.end_ns)
            if segment is not None:
                segment.watched.add_throttled(throttled_s)
                self._forget(segment.index)
        if sample.container.cpu_limit is not None:
            self._blame("throttled", [(held.start_ns, held.end_ns) for held in sample.held], sample.at_ns)

    def _add_runtime(self, sample: RuntimeSample) -> None:
        self.gc = gc = sample.gc
        self._gc_ns = sample.at_ns
        self._timeline.observe_runtime(gc.heap_bytes, gc.goal_bytes, gc.goroutines)
        if sample.batch is not None:
            self._add_batch(sample, sample.batch)
            return
        by_segment: dict[int, list[int]] = {}
        for end_ns, pause_ns in sample.pauses:
            pause = Pause(self.seconds_of(end_ns), pause_ns / 1e9)
            self._pauses.append(pause)
            self._timeline.add_pause(pause.end_s, pause.pause_s)
            segment = self._segment_at(end_ns)
            if segment is not None:
                by_segment.setdefault(segment.index, []).append(pause_ns)
        if self._under_load:  # even where there was none: the collector can be read, and did not run
            by_segment.setdefault(self.segments[-1].index, [])
        if sample.lost:  # the oldest ones: they came between the look before and the first that is known
            until_ns = sample.pauses[0][0] if sample.pauses else sample.at_ns
            segment = self._segment_at((sample.since_ns + until_ns) // 2)
            if segment is not None:
                segment.collections.add((), sample.lost)
                by_segment.setdefault(segment.index, [])
        for index, pauses_ns in by_segment.items():
            self.segments[index].collections.add(pauses_ns, 0)
            self._forget(index)
        if self.target.same_host:  # else another clock says when
            pauses = [(end_ns - pause_ns, end_ns) for end_ns, pause_ns in sample.pauses]
            self._blame("gc-pause", pauses, sample.poll_ns)

    def _blame(self, what: Cause, intervals: Sequence[tuple[int, int]], known_ns: int) -> None:
        """Hold the slow requests of that time against what happened then."""
        for index in self._tails.happened(what, intervals, known_ns):
            self._forget(index)

    def _miss_runtime(self, at_ns: int) -> None:
        """A look at the runtime failed: the rows to come have no heap, rather than an old one."""
        self._timeline.observe_runtime(None, None, None)
        if at_ns - self._gc_ns > STALE_NS:
            self.gc = None

    def _add_batch(self, sample: RuntimeSample, batch: Batch) -> None:
        """Enter collections of which only sums are known, where the middle of the time between looks was."""
        middle_ns = (sample.since_ns + sample.at_ns) // 2
        if batch.count:
            self._timeline.add_pause(self.seconds_of(sample.at_ns), batch.total_s or 0.0, batch.count)
        segment = self._segment_at(middle_ns)
        if segment is not None:
            segment.collections.add_batch(batch, self.target.granularity)
            self._forget(segment.index)


def _turn_words(turn: Turn, segment: int) -> str:
    minutes, seconds = divmod(round(turn.since_s), 60)
    words = f"segment #{segment + 1}, since {minutes}:{seconds:02}"
    if turn.kind == "settled":
        return words
    return f"{words}: {turn.text or f'{100 * math.expm1(turn.size):+.0f} %'}"
