"""What probes saw of the target and the machines: the newest of each, and what belongs to a segment or second.

No clock in here: every look says when it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.books.polls import Polls
from engine.books.shelf import Shelf
from engine.figures import Cause, Pause
from engine.looks import CpuProfile, Looks, Trace
from engine.machine import ContainerNow, HostNow, ThreadsNow, Throttle
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
from engine.snapshot import Chosen, GcNow, ProcessNow, Target

SAME_GAP_S: Final = 60.0
"""A source that keeps failing is mentioned once in this time, not once a second."""

STALE_NS: Final = 3_000_000_000
"""What the runtime last said is not shown as its state any more when it has been silent for so long."""


class Seen:
    """Everything that probes told.

    Args:
        shelf: The segments that it is entered into.
        start_ns: Begin of the run on the monotonic clock.
        target: What is known of the target at the start.

    Attributes:
        target, cores, host, remote, process, threads, container, gc: The newest look at each.
        throttles: When a CPU quota held the target, oldest first.
        chosen: The newest values of the series that the user chose, by name.
        polls: When the target was polled.
        looks: Profiles and traces that were asked for.
    """

    def __init__(self, shelf: Shelf, start_ns: int, target: Target) -> None:
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
        self.looks = Looks()
        self._shelf = shelf
        self._pauses: list[Pause] = []
        self._gap_told_ns: dict[str, int] = {}
        self._gc_ns = start_ns

    def add(self, sample: Sample) -> None:
        """Enter a look at the machine, the target's process or its runtime."""
        match sample:
            case HostSample(_, host):
                self._add_host(host)
            case ProcessSample(_, process):
                self.process = process
                self._shelf.timeline.observe(rss_bytes=process.rss_bytes, target_cpu=process.cpu_pct)
                if (current := self._shelf.current) is not None:
                    current.add_process(process)
            case ThreadsSample(_, threads):
                self.threads = threads
                self._shelf.timeline.observe(threads=threads.threads)
                if (current := self._shelf.current) is not None:
                    current.watched.add_threads(threads)
            case ContainerSample():
                self._add_container(sample)
            case RuntimeSample():
                self._add_runtime(sample)
            case SeriesSample(_, chosen):
                self.chosen |= {series.name: series for series in chosen}
                self._shelf.timeline.observe_series({series.name: series.value for series in chosen})
            case Polled(at_ns, began_ns):
                self.polls.add(began_ns, at_ns)
                self._blame("poll", [(began_ns, at_ns)], at_ns)
            case Told(at_ns, kind, text):
                self._shelf.tell(at_ns, kind, text)
            case Found(at_ns, target, restarted):
                gone = self.target.pid is not None and target.pid is None
                self.target = target
                if restarted or gone:
                    self.process = self.threads = self.container = None
                    self.chosen.clear()
                    self._shelf.timeline.forget_target()
                if restarted:
                    self.gc = None
                    self._shelf.tell(
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
                    self._shelf.tell(at_ns, "probe-gap", f"{source}: {reason}")

    def add_look(self, look: CpuProfile | Trace) -> None:
        """Enter a profile or a trace."""
        if isinstance(look, CpuProfile):
            self.looks = Looks((*self.looks.profiles, look), self.looks.traces)
        else:
            self.looks = Looks(self.looks.profiles, (*self.looks.traces, look))

    def pauses(self, *, since_s: float = float("-inf")) -> tuple[Pause, ...]:
        """Return the recovered pauses that ended since then."""
        first = len(self._pauses)
        while first and self._pauses[first - 1].end_s >= since_s:
            first -= 1
        return tuple(self._pauses[first:])

    def pauses_from(self, first: int) -> tuple[Pause, ...]:
        """Return the recovered pauses from number `first` on, counted from 0."""
        return tuple(self._pauses[first:])

    def _add_host(self, host: HostNow) -> None:
        if host.name:
            self.remote = host
        else:
            self.host, self.cores = host, host.busy_pct
            self._shelf.timeline.observe(cores=host.busy_pct)
        is_targets = bool(host.name) or self.target.same_host
        current = self._shelf.current
        if is_targets and current is not None:
            current.watched.add_host(host)

    def _add_container(self, sample: ContainerSample) -> None:
        self.container = sample.container
        current = self._shelf.current
        if current is not None:
            current.watched.add_container(sample.container)
        for held in sample.held:
            throttled_s = held.held_ns / 1e9
            self.throttles.append(
                Throttle(
                    self._shelf.seconds_of(held.start_ns),
                    self._shelf.seconds_of(held.end_ns),
                    throttled_s,
                    held.periods,
                )
            )
            self._shelf.timeline.add_throttled(held.end_ns, throttled_s, held.periods)
            segment = self._shelf.at(held.end_ns)
            if segment is not None:
                segment.watched.add_throttled(throttled_s)
                self._shelf.forget(segment.index)
        if sample.container.cpu_limit is not None:
            self._blame("throttled", [(held.start_ns, held.end_ns) for held in sample.held], sample.at_ns)

    def _add_runtime(self, sample: RuntimeSample) -> None:
        self.gc = gc = sample.gc
        self._gc_ns = sample.at_ns
        self._shelf.timeline.observe_runtime(gc.heap_bytes, gc.goal_bytes, gc.goroutines)
        if sample.batch is not None:
            self._add_batch(sample, sample.batch)
            return
        by_segment: dict[int, list[int]] = {}
        for end_ns, pause_ns in sample.pauses:
            pause = Pause(self._shelf.seconds_of(end_ns), pause_ns / 1e9)
            self._pauses.append(pause)
            self._shelf.timeline.add_pause(pause.end_s, pause.pause_s)
            segment = self._shelf.at(end_ns)
            if segment is not None:
                by_segment.setdefault(segment.index, []).append(pause_ns)
        current = self._shelf.current
        if current is not None:  # even where there was none: the collector can be read, and did not run
            by_segment.setdefault(current.index, [])
        if sample.lost:  # the oldest ones: they came between the look before and the first that is known
            until_ns = sample.pauses[0][0] if sample.pauses else sample.at_ns
            segment = self._shelf.at((sample.since_ns + until_ns) // 2)
            if segment is not None:
                segment.collections.add((), sample.lost)
                by_segment.setdefault(segment.index, [])
        for index, pauses_ns in by_segment.items():
            self._shelf.segments[index].collections.add(pauses_ns, 0)
            self._shelf.forget(index)
        if self.target.same_host:  # else another clock says when
            pauses = [(end_ns - pause_ns, end_ns) for end_ns, pause_ns in sample.pauses]
            self._blame("gc-pause", pauses, sample.poll_ns)

    def _blame(self, what: Cause, intervals: Sequence[tuple[int, int]], known_ns: int) -> None:
        """Hold the slow requests of that time against what happened then."""
        for index in self._shelf.tails.happened(what, intervals, known_ns):
            self._shelf.forget(index)

    def _miss_runtime(self, at_ns: int) -> None:
        """A look at the runtime failed: the rows to come have no heap, rather than an old one."""
        self._shelf.timeline.observe_runtime(None, None, None)
        if at_ns - self._gc_ns > STALE_NS:
            self.gc = None

    def _add_batch(self, sample: RuntimeSample, batch: Batch) -> None:
        """Enter collections of which only sums are known, where the middle of the time between looks was."""
        middle_ns = (sample.since_ns + sample.at_ns) // 2
        if batch.count:
            self._shelf.timeline.add_pause(
                self._shelf.seconds_of(sample.at_ns), batch.total_s or 0.0, batch.count
            )
        segment = self._shelf.at(middle_ns)
        if segment is not None:
            segment.collections.add_batch(batch, self.target.granularity)
            self._shelf.forget(segment.index)
