"""A run, for whoever wants one: begin it, change it, look at it, end it.

It lives in a thread with an event loop of its own, so that a terminal that stalls cannot stall the
measurement. Other threads ask for changes and read Snapshots; both return at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic_ns

from msgspec.structs import replace

from engine.controls import DRAIN_S, Controls
from engine.errors import EngineLost, LoadtopError, UsageError
from engine.experiments import doubling
from engine.experiments.outcome import Kind, Setting
from engine.experiments.trials import check_time, doubling_turns, switchback_turns
from engine.experiments.turns import Turns
from engine.figures import Second
from engine.inbox import Inbox
from engine.lifetime import live
from engine.limits import check_concurrency
from engine.looks import CpuProfile, Trace
from engine.plan import Load, Plan
from engine.progress import Progress
from engine.record import Record
from engine.snapshot import RunState, Snapshot
from engine.stats import switchback
from engine.target import Address


class Run:
    """One run against one target.

    Args:
        plan: What to do.
        address: Where the target listens (`engine.target.find`).
        request: The bytes of every request (`engine.http_client.serialise`).
        ceiling_rps: What the generator reaches against a server that does nothing, where that was measured.

    Attributes:
        plan: What to do; with the target's process, where that is known.
        finished: Set when the run is over and its record final.
    """

    def __init__(
        self, plan: Plan, address: Address, request: bytes, *, ceiling_rps: float | None = None
    ) -> None:
        self.finished = threading.Event()
        self._address = address
        self._request = request
        self.plan = plan if plan.pid or not address.pid else replace(plan, pid=address.pid)
        self._controls = Controls(self.plan, is_local=address.is_local, ceiling_rps=ceiling_rps)
        self._inbox = Inbox(self.finished)
        self._failure: LoadtopError | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name="loadtop-run", daemon=True)

    def start(self) -> None:
        """Begin; returns when the run's loop is there, before the first request."""
        self._thread.start()
        self._ready.wait()

    def latest(self) -> Snapshot:
        """Return the newest snapshot."""
        return self._controls.snapshot

    def now_s(self) -> float:
        """Return seconds since the run began, on the run's clock."""
        return self._controls.seconds_of(monotonic_ns())

    def change(self, load: Load) -> None:
        """Have another load from now on; opens a new segment.

        Raises:
            UsageError: This machine cannot open that many connections.
        """
        check_concurrency(load.concurrency, self.plan.workers)
        self._inbox.post(lambda: self._controls.change(load))

    def pause(self) -> None:
        """Send nothing more until `resume`."""
        self._inbox.post(self._controls.pause)

    def resume(self) -> None:
        """Go on after `pause`, in a new segment."""
        self._inbox.post(self._controls.resume)

    def set_probing(self, on: bool) -> None:
        """Have the target polled for its runtime from now on, or not; each switch opens a new segment.

        So what polling does to latency can be read off the ledger. Its process and this machine, which are
        looked at without asking the target, are watched all the same.

        Raises:
            UsageError: The plan has no probes.
        """
        self._check_probes()
        self._inbox.post(lambda: self._controls.set_probing(on))

    def collect_garbage(self) -> None:
        """Have a Go target run one collection now; where that was asked, or why it could not be, is an event.

        Raises:
            UsageError: The plan has no probes.
        """
        self._check_probes()
        self._inbox.post(self._controls.wishes.collection.set)

    def _check_probes(self) -> None:
        if not self.plan.probing:
            raise UsageError("the target is not probed in this run (--no-probe); leave that out")

    def profile(self, seconds: float) -> Future[CpuProfile]:
        """Take a CPU profile of the target while the run goes on; it is kept with the session too.

        Args:
            seconds: How long, a whole number.

        Returns:
            What will hold the profile, or a LoadtopError that says why there is none.

        Raises:
            UsageError: No profile can be that long.
        """
        return self._controls.on_demand.ask("profile", seconds, self._inbox.post)

    def trace(self, seconds: float) -> Future[Trace]:
        """Take an execution trace of the target, as `profile` does; parts of a second will do."""
        return self._controls.on_demand.ask("trace", seconds, self._inbox.post)

    def anew(self) -> None:
        """Begin a new segment with the same load: what was measured until now is not in its figures."""
        self._inbox.post(self._controls.anew)

    def start_switchback(
        self,
        load: Load,
        *,
        pairs: int = switchback.PAIRS,
        period_s: float = switchback.LEG_S,
        gap_s: float = switchback.GAP_S,
        seed: int | None = None,
    ) -> None:
        """Compare the load in force with another one, ABBA: switch between them in balanced pairs.

        A change of load, a pause and the end of the run abort it.

        Args:
            load: The other one.
            pairs: How many.
            period_s: How long each leg is measured.
            gap_s: Least time that is left out after a switch; below two seconds it is not measured.
            seed: For the same order of legs again.

        Raises:
            UsageError: It cannot be done; the message says why.
        """
        check_concurrency(load.concurrency, self.plan.workers)
        a, b = self._settings(load, workers=self._controls.workers)
        turns = switchback_turns(
            a, b, pairs=pairs, period_s=period_s, gap_s=gap_s, timeout_s=self.plan.timeout_s, seed=seed
        )
        self._start_trial("abba", a, b, turns)

    def start_doubling(self, *, period_s: float = doubling.PERIOD_S, gap_s: float = doubling.GAP_S) -> None:
        """Prove or disprove that the generator is the bottleneck: double its workers for some seconds.

        Args:
            period_s: How long each leg is measured.
            gap_s: What is left out after a switch.

        Raises:
            UsageError: It cannot be done; the message says why.
        """
        if self.plan.requests is not None:
            raise UsageError(
                "with -n every worker has its share of the answers: none can be added; leave out -n"
            )
        a, b = self._settings(self._controls.load, workers=2 * self._controls.workers)
        turns = doubling_turns(a, b, period_s=period_s, gap_s=gap_s, timeout_s=self.plan.timeout_s)
        self._start_trial("double-workers", a, b, turns)

    def _settings(self, load: Load, *, workers: int) -> tuple[Setting, Setting]:
        a = Setting(name="A", load=self._controls.load, workers=self._controls.workers)
        return a, Setting(name="B", load=load, workers=workers)

    def _start_trial(self, kind: Kind, a: Setting, b: Setting, turns: Turns) -> None:
        if self._controls.state != RunState.RUNNING:
            raise UsageError(f"the run is {self._controls.state.value}: an experiment needs load")
        if self._controls.trials.active:
            raise UsageError("an experiment is under way; change the load or pause to abort it")
        end_ns = self._controls.planned_end_ns
        check_time(turns, None if end_ns is None else (end_ns - monotonic_ns()) / 1e9)
        self._inbox.post(lambda: self._controls.trials.begin(kind, a, b, turns))

    def mark(self, text: str, at_s: float | None = None) -> None:
        """Enter a mark into the events.

        Args:
            text: What a person says of the moment.
            at_s: The moment in seconds since the run began, or None for now.
        """
        self._inbox.post(lambda: self._controls.mark(text, at_s))

    def series(self) -> tuple[Second, ...]:
        """Return the whole time series, as far as it is final; cheap, and safe from any thread."""
        return self._controls.ledger.series()

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """End the run: send nothing more, and wait at most `drain_s` for what is in flight."""
        self._inbox.post(lambda: self._controls.stop(drain_s))

    @property
    def workers(self) -> tuple[int, ...]:
        """The process of every worker; none before they are started."""
        fleet = self._controls.fleet
        return tuple(fleet.pids) if fleet is not None else ()

    def record(self) -> Record:
        """Return everything the run knows; it may go on meanwhile."""
        return self._inbox.ask(self._controls.record)

    def progress(self, since: Progress | None) -> Progress:
        """Return what the run came to since an earlier answer of this method, or since its begin."""
        return self._inbox.ask(lambda: self._controls.progress(since))

    def note(self, kind: str, text: str) -> None:
        """Enter an event that happened to the run, seen from outside of it."""
        self._inbox.post(lambda: self._controls.tell(monotonic_ns(), kind, text))

    def each(self, begun: Callable[[Run], None]) -> None:
        """Call something with this run: there is no other."""
        begun(self)

    def join(self) -> Record:
        """Wait until the run is over.

        Raises:
            EngineLost: It failed. What it measured until then is in `record()`.
        """
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._controls.record()

    # On its own thread.

    def _live(self) -> None:
        controls = self._controls
        try:
            asyncio.run(self._main())
        except LoadtopError as error:
            self._failure = error
        except Exception as error:  # whatever it is, the record must be kept and the error told
            self._failure = EngineLost(f"the engine failed: {type(error).__name__}: {error}")
            self._failure.__cause__ = error
        finally:
            if self._failure is not None:
                controls.fail(self._failure)
            self._ready.set()
            controls.publish(monotonic_ns())
            self.finished.set()

    async def _main(self) -> None:
        self._inbox.open()
        self._ready.set()
        await live(self._controls, self._address, self._request)
