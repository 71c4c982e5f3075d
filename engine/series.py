"""Independent runs of one plan, one after the other, each as fresh as the first: what `--repeat` does.

What differs from run to run is in no interval that a single run can show. Each run has workers and connections
of its own, and settles on its own; nothing is carried over. Whoever drives a run drives a series the same way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Protocol

from msgspec.structs import replace

from engine.controls import DRAIN_S
from engine.errors import EngineLost, UsageError
from engine.figures import Second, SegmentFigures
from engine.looks import CpuProfile, Trace
from engine.plan import Load, Plan
from engine.record import Record
from engine.run import Run
from engine.snapshot import RunState, Snapshot
from engine.stats import switchback

MOST_RUNS: Final = 100


class Driven(Protocol):
    """A run, or a series of them, as those see it who drive it. All of it may be called from any thread.

    Attributes:
        plan: What it does.
        finished: Set when it is over and its record final.
    """

    plan: Plan
    finished: threading.Event

    def start(self) -> None:
        """Begin."""

    def latest(self) -> Snapshot:
        """Return the newest snapshot."""
        ...

    def change(self, load: Load) -> None:
        """Have another load."""

    def pause(self) -> None:
        """Send nothing more until `resume`."""

    def resume(self) -> None:
        """Go on."""

    def set_probing(self, on: bool) -> None:
        """Have the target polled, or not."""

    def collect_garbage(self) -> None:
        """Have the target collect its garbage once."""

    def profile(self, seconds: float) -> Future[CpuProfile]:
        """Take a CPU profile of the target."""
        ...

    def trace(self, seconds: float) -> Future[Trace]:
        """Take an execution trace of the target."""
        ...

    def anew(self) -> None:
        """Begin a new segment with the same load."""

    def mark(self, text: str, at_s: float | None = None) -> None:
        """Enter a mark into the events."""

    def series(self) -> tuple[Second, ...]:
        """Return the whole time series."""
        ...

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """End it."""

    def start_switchback(self, load: Load, *, pairs: int = switchback.PAIRS) -> None:
        """Compare the load in force with another one, ABBA."""

    def start_doubling(self) -> None:
        """Double the workers for some seconds."""

    def record(self) -> Record:
        """Return everything that is known."""
        ...

    def each(self, begun: Callable[[Run], None]) -> None:
        """Have every run told of: the one under way, and those to come."""

    def join(self) -> Record:
        """Wait until it is over; raises what made it fail."""
        ...


class Series:
    """Several runs of one plan.

    Args:
        plan: What each does; it has an end.
        runs: How many.
        fresh: Makes a run that is not started.

    Attributes:
        plan: As given.
        finished: Set when all are over, or one failed or was stopped.
    """

    def __init__(self, plan: Plan, runs: int, fresh: Callable[[], Run]) -> None:
        self.plan = plan
        self.finished = threading.Event()
        self._runs = runs
        self._fresh = fresh
        self._run = fresh()
        self._done: list[SegmentFigures] = []
        self._number = 1
        self._lock = threading.Lock()
        self._stopped = False
        self._drain_s = DRAIN_S
        self._failure: BaseException | None = None
        self._begun: Callable[[Run], None] = lambda run: None
        self._thread = threading.Thread(target=self._live, name="loadtop-series", daemon=True)

    def start(self) -> None:
        """Begin the first run; returns when its loop is there."""
        self._run.start()
        self._thread.start()

    def latest(self) -> Snapshot:
        """Return the newest snapshot of the run under way; it is over only with the last one."""
        with self._lock:
            run, number = self._run, self._number
        snapshot = run.latest()
        if snapshot.state is RunState.DONE and not self.finished.is_set():
            snapshot = replace(snapshot, state=RunState.DRAINING)  # more are to come
        return replace(snapshot, repeat=(number, self._runs))

    def change(self, load: Load) -> None:
        """Refuse: runs with different loads would not be the same run.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a repeated run keeps its load, or its runs could not be compared; leave out --repeat")

    def pause(self) -> None:
        """Refuse: a run with a hole in it is another one.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a repeated run cannot be paused; leave out --repeat")

    def resume(self) -> None:
        """Do nothing: it is never paused."""

    def start_switchback(self, load: Load, *, pairs: int = switchback.PAIRS) -> None:
        """Refuse, as a change of load.

        Raises:
            UsageError: Always.
        """
        self.change(load)

    def start_doubling(self) -> None:
        """Refuse, as a change of load.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a repeated run keeps its workers; leave out --repeat")

    def set_probing(self, on: bool) -> None:
        """Refuse: runs that are polled and runs that are not would not be the same run.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a repeated run is polled from begin to end, or not at all; leave out --repeat")

    def collect_garbage(self) -> None:
        """Refuse: a run with a collection more is another one.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a repeated run is left alone; leave out --repeat")

    def profile(self, seconds: float) -> Future[CpuProfile]:
        """Refuse: a run that is looked at this closely is another one.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a repeated run is left alone; leave out --repeat")

    def trace(self, seconds: float) -> Future[Trace]:
        """Refuse, as a profile.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a repeated run is left alone; leave out --repeat")

    def anew(self) -> None:
        """Refuse: a run in two segments is another one.

        Raises:
            UsageError: Always.
        """
        raise UsageError("a repeated run is left alone; leave out --repeat")

    def mark(self, text: str, at_s: float | None = None) -> None:
        """Enter a mark into the events of the run under way."""
        with self._lock:
            run = self._run
        run.mark(text, at_s)

    def series(self) -> tuple[Second, ...]:
        """Return the time series of the run under way."""
        with self._lock:
            run = self._run
        return run.series()

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """End the run under way, and begin no other."""
        with self._lock:
            self._stopped = True
            run = self._run
        run.stop(drain_s)

    def record(self) -> Record:
        """Return everything of the newest run, and the result of each that came to its end."""
        with self._lock:
            run, done = self._run, tuple(self._done)
        return replace(run.record(), repeats=done)

    def each(self, begun: Callable[[Run], None]) -> None:
        """Call something with the run under way, and with every later one as soon as it has begun."""
        with self._lock:
            self._begun, run = begun, self._run
        begun(run)

    def join(self) -> Record:
        """Wait until all are over.

        Raises:
            EngineLost: One failed.
        """
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self.record()

    def _live(self) -> None:
        try:
            while True:
                self._run.finished.wait()
                record = self._run.join()
                speaks = [segment for segment in record.segments if segment.index == record.result]
                with self._lock:
                    if not self._stopped:  # what was cut short is no run like the others
                        self._done += speaks
                    if self._stopped or self._number >= self._runs:
                        return
                    run = self._run = self._fresh()
                    self._number += 1
                    run.start()
                    begun = self._begun
                begun(run)
        except EngineLost as error:
            self._failure = error
        finally:
            self.finished.set()
