"""The target's threads: how long they wait for a core, and whether they stay on the one they have.

All counters are cumulative, so a thread that is not read in one look loses nothing: what it did is in the next
one that reads it, and until then its last rate stands; threads of which nothing is known yet are taken to be
like the others. That bounds the cost. Each look glances at a file of at
most `GLANCES` threads, which tells who ran at all, and reads the two files more of at most `READS` of those
that did, the longest unread first.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from engine.machine import CountedBy, ThreadsNow
from engine.probes import procfs
from engine.probes.base import ThreadsSample
from engine.probes.migrations import MoveCounter, NotCounted
from engine.probes.procfs import Switches
from engine.probes.scene import Scene, Ticks

SOURCE: Final = "threads"
INTERVAL_S: Final = 1.0
GLANCES: Final = 128
READS: Final = 32
AFFINITY: Final[Callable[[int], Collection[int]] | None] = getattr(os, "sched_getaffinity", None)


async def watch(scene: Scene) -> None:
    """Publish the threads' figures once a second, whenever the target's process is known; for ever.

    Returns at once where the target's process cannot be found on this machine.
    """
    ticks = Ticks(scene.clock)
    while scene.has_process_here:
        process = scene.process
        if process is not None:
            meter = ThreadsMeter(scene.clock, moves=_move_counter())
            try:
                while scene.process is process:
                    now = await asyncio.to_thread(meter.read, scene.family)
                    if now is not None:
                        scene.publish(ThreadsSample(scene.clock(), now))
                    await ticks.wait(INTERVAL_S)
            finally:
                meter.close()
        await ticks.wait(INTERVAL_S)


def _move_counter() -> MoveCounter | None:
    with suppress(NotCounted):
        return MoveCounter()
    return None


class _Glance(NamedTuple):
    """A thread's schedstat at its last look, and what it did since the one before."""

    at_ns: int
    run_ns: int = 0
    wait_ns: int = 0
    timeslices: int = 0
    compared: bool = False
    ran: bool = False
    wait_s_per_s: float = 0.0
    timeslices_per_s: float = 0.0


class _Reading(Struct, frozen=True):
    """The rest of what is known of a thread, from the last time that it was read whole.

    Attributes:
        at_ns: When that was.
        started: Tells two bearers of one number apart.
        cpu_ns: CPU time so far; while it is that of the last glance, the thread has not run since.
        switches: Its counters, or None.
        rates: Voluntary and involuntary switches and moves a second since the time before that, or None.
    """

    at_ns: int
    started: int = 0
    cpu_ns: int = 0
    switches: Switches | None = None
    rates: tuple[float, float, float | None] | None = None


class ThreadsMeter:
    """Reads all threads of some processes; what needs two looks is kept here between them.

    Args:
        clock: Monotonic nanoseconds.
        root: Where /proc is under.
        moves: What counts moves, where that is permitted; it becomes the meter's own.
        affinity: Returns the cores that a thread may run on.
        glances: Most threads glanced at in one look.
        reads: Most threads read whole in one look.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        root: str = procfs.ROOT,
        *,
        moves: MoveCounter | None = None,
        affinity: Callable[[int], Collection[int]] | None = AFFINITY,
        glances: int = GLANCES,
        reads: int = READS,
    ) -> None:
        self._clock = clock
        self._root = root
        self._moves = moves
        self._affinity = affinity
        self._most_glances = glances
        self._most_reads = reads
        self._at_ns = 0
        self._threads: dict[int, int] = {}  # of the last look: thread to process
        self._moved = 0
        self._turn = 0
        self._glances: dict[int, _Glance] = {}
        self._readings: dict[int, _Reading] = {}
        self._files: dict[int, int] = {}  # schedstat of threads, open

    def close(self) -> None:
        """Give back what the kernel gave."""
        self._stop_counting()
        while self._files:
            os.close(self._files.popitem()[1])

    def _stop_counting(self) -> None:
        if self._moves is not None:
            self._moves.close()
            self._moves = None

    def read(self, family: Iterable[int]) -> ThreadsNow | None:
        """Return the figures since the last look; None at the first one, and where no thread is left.

        Args:
            family: The processes.
        """
        cost_s, at_ns, root = time.thread_time(), self._clock(), self._root
        threads = {tid: pid for pid in family for tid in procfs.listed(f"{root}/proc/{pid}/task")}
        before_ns, self._at_ns = self._at_ns, at_ns
        known, self._threads = self._threads, threads
        self._glances = {tid: seen for tid, seen in self._glances.items() if tid in threads}
        self._readings = {tid: seen for tid, seen in self._readings.items() if tid in threads}
        for tid in self._files.keys() - threads.keys():
            os.close(self._files.pop(tid))
        if known:
            self._welcome(threads, known, before_ns)
        for tid in self._whose_turn(list(threads)):
            self._glance(tid, at_ns)
        cpu_ns: dict[int, int] = {}
        allowed: set[int] = set()
        for tid in sorted(filter(self._is_behind, threads), key=self._read_ns)[: self._most_reads]:
            core, spent_ns = self._read(tid, at_ns)
            cpu_ns[core] = cpu_ns.get(core, 0) + spent_ns
            allowed.update(self._allowed(tid))
        moved, counted_by = self._count_moves(threads, max(1, at_ns - before_ns) / 1e9)
        if not known or not threads:
            return None
        return replace(
            self._totals(),
            migrations_per_s=moved,
            counted_by=counted_by,
            cpu_s={core: spent / 1e9 for core, spent in sorted(cpu_ns.items()) if spent},
            allowed=tuple(sorted(allowed)) or None,
            cost_s=time.thread_time() - cost_s,
        )

    def _welcome(self, threads: dict[int, int], known: dict[int, int], before_ns: int) -> None:
        """Let the counters of threads begin at zero that were started since the last look.

        Those of a process that is new may be new only to us: they begin with what they have.
        """
        processes = set(known.values())
        for tid, pid in threads.items():
            if tid not in known and pid in processes:
                self._glances[tid] = _Glance(before_ns)
                self._readings[tid] = _Reading(before_ns, switches=Switches(0, 0, 0))

    def _whose_turn(self, threads: list[int]) -> list[int]:
        if len(threads) <= self._most_glances:
            return threads
        begin = self._turn % len(threads)
        self._turn = begin + self._most_glances
        return (threads + threads)[begin : self._turn]

    def _glance(self, tid: int, at_ns: int) -> None:
        figures = self._schedstat(tid)
        if figures is None:
            return
        run_ns, wait_ns, timeslices = figures
        before = self._glances.get(tid)
        if before is None or at_ns <= before.at_ns or timeslices < before.timeslices:
            self._glances[tid] = _Glance(at_ns, run_ns, wait_ns, timeslices)
            return
        span_ns = at_ns - before.at_ns
        self._glances[tid] = _Glance(
            at_ns,
            run_ns,
            wait_ns,
            timeslices,
            compared=True,
            ran=run_ns != before.run_ns or timeslices != before.timeslices,
            wait_s_per_s=max(0, wait_ns - before.wait_ns) / span_ns,
            timeslices_per_s=1e9 * (timeslices - before.timeslices) / span_ns,
        )

    def _schedstat(self, tid: int) -> tuple[int, int, int] | None:
        """Read a thread's schedstat; the file stays open, for as many threads as one look glances at."""
        file = self._files.get(tid)
        if file is not None:
            figures = procfs.schedstat(file)
            if figures is not None:
                return figures
            os.close(self._files.pop(tid))  # of the number's last bearer
        try:
            file = os.open(f"{self._folder(tid)}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        if len(self._files) < self._most_glances:
            self._files[tid] = file
            return procfs.schedstat(file)
        try:
            return procfs.schedstat(file)
        finally:
            os.close(file)

    def _is_behind(self, tid: int) -> bool:
        """Whether a thread ran since it was read whole, as far as can be known."""
        seen, glance = self._readings.get(tid), self._glances.get(tid)
        return seen is None or glance is None or glance.run_ns != seen.cpu_ns

    def _read_ns(self, tid: int) -> int:
        return self._readings[tid].at_ns if tid in self._readings else 0

    def _read(self, tid: int, at_ns: int) -> tuple[int, int]:
        """Read a thread whole; return the core it was on last, and its CPU time since the time before."""
        folder = self._folder(tid)
        stat = procfs.task_stat(f"{folder}/stat")
        if stat is None:
            return 0, 0
        glance = self._glances.get(tid)
        cpu_ns = round(stat.cpu_s * 1e9) if glance is None else glance.run_ns
        fresh = _Reading(at_ns, stat.started, cpu_ns, procfs.switches(folder))
        before = self._readings.get(tid)
        if before is None or (before.started and before.started != stat.started):
            self._readings[tid] = fresh
            return stat.processor, 0
        self._readings[tid] = replace(fresh, rates=_rates(before, fresh))
        return stat.processor, max(0, cpu_ns - before.cpu_ns)

    def _allowed(self, tid: int) -> Collection[int]:
        if self._affinity is None:
            return ()
        try:
            return self._affinity(tid)
        except OSError:
            return ()

    def _count_moves(self, threads: Collection[int], span_s: float) -> tuple[float | None, CountedBy]:
        """Return moves a second since the last look, and who counted them."""
        if self._moves is not None:
            try:
                self._moves.follow(threads)
                before, self._moved = self._moved, self._moves.read()
            except (NotCounted, OSError):
                self._stop_counting()
            else:
                return (self._moved - before) / span_s, "tracepoint"
        rates = self._all_rates()
        return (None, "") if rates is None or rates[2] is None else (rates[2], "proc")

    def _all_rates(self) -> tuple[float, float, float | None] | None:
        """Return switches of both kinds and moves a second, of all threads together; None where not known.

        Where more ran than one look reads, those of which nothing is known yet are taken to be like the others.
        """
        # without schedstat nobody knows who ran
        ran = [tid for tid, glance in self._glances.items() if glance.ran] if self._glances else self._threads
        known = [self._readings[tid].rates for tid in ran if tid in self._readings]
        told = [rates for rates in known if rates is not None]
        if not told:
            return None if ran or not self._glances else (0.0, 0.0, 0.0)
        scale = len(ran) / len(told) if len(ran) > self._most_reads else 1.0
        moves = [rates[2] for rates in told if rates[2] is not None]
        return (
            scale * sum(rates[0] for rates in told),
            scale * sum(rates[1] for rates in told),
            scale * sum(moves) if len(moves) == len(told) else None,
        )

    def _totals(self) -> ThreadsNow:
        threads = len(self._threads)
        rates = self._all_rates()
        voluntary, involuntary = (None, None) if rates is None else rates[:2]
        if not self._glances:  # no schedstat: a timeslice ends with a switch
            return ThreadsNow(
                threads=threads,
                voluntary_per_s=voluntary,
                involuntary_per_s=involuntary,
                timeslices_per_s=None if rates is None else rates[0] + rates[1],
            )
        compared = [glance for glance in self._glances.values() if glance.compared]
        if 2 * len(compared) < threads:  # too few yet to speak for all
            return ThreadsNow(threads)
        scale = threads / len(compared) if threads > self._most_glances else 1.0
        ran = scale * sum(glance.ran for glance in compared)
        wait = scale * sum(glance.wait_s_per_s for glance in compared)
        return ThreadsNow(
            threads=threads,
            ran=round(ran),
            voluntary_per_s=voluntary,
            involuntary_per_s=involuntary,
            runqueue_wait_s_per_s=wait,
            runqueue_wait_pct=100 * wait / ran if ran else 0.0,
            timeslices_per_s=scale * sum(glance.timeslices_per_s for glance in compared),
        )

    def _folder(self, tid: int) -> str:
        return f"{self._root}/proc/{self._threads[tid]}/task/{tid}"


def _rates(before: _Reading, now: _Reading) -> tuple[float, float, float | None] | None:
    """Return voluntary and involuntary switches and moves a second between two readings of one thread."""
    span_s = (now.at_ns - before.at_ns) / 1e9
    one, two = before.switches, now.switches
    if span_s <= 0 or one is None or two is None:
        return None
    moves = None if one.migrations is None or two.migrations is None else two.migrations - one.migrations
    return (
        max(0, two.voluntary - one.voluntary) / span_s,
        max(0, two.involuntary - one.involuntary) / span_s,
        None if moves is None else max(0, moves) / span_s,
    )
