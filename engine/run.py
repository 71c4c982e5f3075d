"""A run: the state machine that ties the plan, the fleet, the probes and the books together.

It lives in a thread with an event loop of its own, so that a terminal that stalls cannot stall the
measurement. Other threads ask for changes and read Snapshots; both return at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic_ns
from typing import Final

from msgspec.structs import replace

from engine import wire
from engine.books.ledger import Ledger
from engine.errors import EngineLost, LoadtopError, UsageError
from engine.experiments.outcome import Setting
from engine.experiments.trials import Trials
from engine.experiments.trying import Trying
from engine.figures import Second
from engine.fleet import Fleet
from engine.inbox import Inbox
from engine.limits import check_concurrency, usable_cores
from engine.looks import CpuProfile, Trace
from engine.pacing import MOST_AHEAD
from engine.plan import REPEATABLE_METHODS, Load, Plan
from engine.probes.on_demand import OnDemand
from engine.probes.watch import watch
from engine.probes.wishes import Wishes
from engine.progress import Progress, progress
from engine.record import Record
from engine.snapshot import RunState, Snapshot, Target
from engine.states import TRANSITIONS, Step
from engine.target import Address
from engine.views import View, record

TICK_S: Final = 0.1
CONNECT_S: Final = 0.1
"""What connections get to be opened before an open loop's first request is due."""

LIKELY_S: Final = 0.01
"""A response time that most targets stay below: so many are likely to be out at once."""

DRAIN_S: Final = 2.0
"""How long what is in flight at the end may take; what takes longer is counted as unfinished."""

GIVE_UP_S: Final = 30.0
"""A run that is to end after so many answers ends without them when none came for this long, and longer than
three time-outs: the target is gone, and nobody may be watching."""


class Run(Trying):
    """One run against one target.

    Args:
        plan: What to do.
        address: Where the target listens (`engine.target.find`).
        request: The bytes of every request (`engine.http_client.serialise`).
        ceiling_rps: What the generator reaches against a server that does nothing, where that was measured.

    Attributes:
        finished: Set when the run is over and its record final.
    """

    def __init__(
        self, plan: Plan, address: Address, request: bytes, *, ceiling_rps: float | None = None
    ) -> None:
        super().__init__()
        self.plan = plan if plan.pid or not address.pid else replace(plan, pid=address.pid)
        self.finished = threading.Event()
        self._address = address
        self._request = request
        self._ceiling_rps = ceiling_rps
        self._state = RunState.STARTING
        self._load = plan.load
        self._drain_s = DRAIN_S
        self._started_unix_s = time.time()
        self._start_ns = monotonic_ns()
        self._end_ns: int | None = None
        target = Target(url=plan.url, method=plan.method, same_host=address.is_local)
        self._snapshot = Snapshot(at_s=0.0, state=self._state, target=target, load=self._load, note=plan.note)
        self._ledger = self._new_ledger(target)
        self._failure: BaseException | None = None
        self._inbox = Inbox(self.finished)
        self._fleet: Fleet | None = None
        self._stopping = asyncio.Event()
        self._wishes = Wishes()
        self._on_demand = OnDemand(
            self.plan,
            self._wishes,
            seconds_of=lambda at_ns: self._ledger.seconds_of(at_ns),
            keep=lambda look: self._ledger.seen.add_look(look),
            tell=lambda at_ns, kind, text: self._ledger.tell(at_ns, kind, text),
            open=lambda: self._state in (RunState.RUNNING, RunState.PAUSED),
        )
        self._view = View(plan)
        self._trials = Trials(self, timeout_s=plan.timeout_s, cores=usable_cores())
        self._connected_ahead: list[bytes] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name="loadtop-run", daemon=True)

    # For other threads.

    def start(self) -> None:
        """Begin; returns when the run's loop is there, before the first request."""
        self._thread.start()
        self._ready.wait()

    def latest(self) -> Snapshot:
        """Return the newest snapshot."""
        return self._snapshot

    def now_s(self) -> float:
        """Return seconds since the run began, on the run's clock."""
        return self._ledger.seconds_of(monotonic_ns())

    def change(self, load: Load) -> None:
        """Have another load from now on; opens a new segment.

        Raises:
            UsageError: This machine cannot open that many connections.
        """
        check_concurrency(load.concurrency, self.plan.workers)
        self._inbox.post(lambda: self._change(load))

    def pause(self) -> None:
        """Send nothing more until `resume`."""
        self._inbox.post(self._pause)

    def resume(self) -> None:
        """Go on after `pause`, in a new segment."""
        self._inbox.post(self._resume)

    def set_probing(self, on: bool) -> None:
        """Have the target polled for its runtime from now on, or not; each switch opens a new segment.

        So what polling does to latency can be read off the ledger. Its process and this machine, which are
        looked at without asking the target, are watched all the same.

        Raises:
            UsageError: The plan has no probes.
        """
        self._check_probes()
        self._inbox.post(lambda: self._set_probing(on))

    def collect_garbage(self) -> None:
        """Have a Go target run one collection now; where that was asked, or why it could not be, is an event.

        Raises:
            UsageError: The plan has no probes.
        """
        self._check_probes()
        self._inbox.post(self._wishes.collection.set)

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
        return self._on_demand.ask("profile", seconds, self._inbox.post)

    def trace(self, seconds: float) -> Future[Trace]:
        """Take an execution trace of the target, as `profile` does; parts of a second will do."""
        return self._on_demand.ask("trace", seconds, self._inbox.post)

    def anew(self) -> None:
        """Begin a new segment with the same load: what was measured until now is not in its figures."""
        self._inbox.post(self._anew)

    def mark(self, text: str, at_s: float | None = None) -> None:
        """Enter a mark into the events.

        Args:
            text: What a person says of the moment.
            at_s: The moment in seconds since the run began, or None for now.
        """
        self._inbox.post(lambda: self._mark(text, at_s))

    def series(self) -> tuple[Second, ...]:
        """Return the whole time series, as far as it is final; cheap, and safe from any thread."""
        return self._ledger.series()

    def stop(self, drain_s: float = DRAIN_S) -> None:
        """End the run: send nothing more, and wait at most `drain_s` for what is in flight."""
        self._inbox.post(lambda: self._stop(drain_s))

    @property
    def workers(self) -> tuple[int, ...]:
        """The process of every worker; none before they are started."""
        return tuple(self._fleet.pids) if self._fleet is not None else ()

    def record(self) -> Record:
        """Return everything the run knows; it may go on meanwhile."""
        return self._inbox.ask(self._record)

    def progress(self, since: Progress | None) -> Progress:
        """Return what the run came to since an earlier answer of this method, or since its begin."""
        return self._inbox.ask(lambda: self._progress(since))

    def note(self, kind: str, text: str) -> None:
        """Enter an event that happened to the run, seen from outside of it."""
        self._inbox.post(lambda: self._ledger.tell(monotonic_ns(), kind, text))

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
        return self._record()

    # On the run's own loop.

    def _live(self) -> None:
        try:
            asyncio.run(self._main())
        except LoadtopError as error:
            self._fail(error)
        except Exception as error:  # whatever it is, the record must be kept and the error told
            failure = EngineLost(f"the engine failed: {type(error).__name__}: {error}")
            failure.__cause__ = error
            self._fail(failure)
        finally:
            self._ready.set()
            self._publish(monotonic_ns())
            self.finished.set()

    def _fail(self, error: LoadtopError) -> None:
        self._failure = error
        self._end_ns = monotonic_ns()
        self._ledger.tell(self._end_ns, "failed", str(error))
        self._ledger.close(self._end_ns)
        self._step(Step.FAIL)

    async def _main(self) -> None:
        self._inbox.open()
        fleet = self._fleet = Fleet(
            wire.Setup(
                worker=0,
                family=self._address.family,
                address=self._address.sockaddr,
                request=self._request,
                head_only=self.plan.method == "HEAD",
                keepalive=self.plan.keepalive,
                repeatable=self.plan.method in REPEATABLE_METHODS,
                timeout_ns=round(self.plan.timeout_s * 1e9),
                spin=self.plan.spin,
                tls=self.plan.tls,
                answers=self.plan.requests,
            ),
            workers=self.plan.workers,
            cpus=self.plan.cpus,
            on_frame=self._take,
            on_loss=lambda worker, lost, why: self._ledger.add_loss(monotonic_ns(), worker, lost, why),
        )
        try:
            self._ready.set()
            await fleet.start()
            await self._connect_ahead(fleet)
            self._begin(monotonic_ns())
            watching = asyncio.create_task(
                watch(self.plan, self._address.host_port, self._ledger.seen.add, wishes=self._wishes)
            )
            try:
                await self._until_stopped(fleet)
                await self._drain(fleet)
            finally:
                await self._on_demand.close()
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching
        finally:
            self._give_up_resizing()
            fleet.stop()

    async def _connect_ahead(self, fleet: Fleet) -> None:
        """Open what an open loop will need at once; else its first requests would wait for connections."""
        load = self._load
        if load.rate is not None:
            needed = min(load.concurrency, MOST_AHEAD, math.ceil(load.rate * LIKELY_S))
            fleet.drive(Load(concurrency=needed), monotonic_ns(), paused=True)
            await asyncio.sleep(CONNECT_S)

    def _take(self, frame: wire.Frame) -> None:
        if self._state == RunState.STARTING:
            self._connected_ahead.append(frame.connect)
        self._ledger.add_frame(frame)

    def _begin(self, at_ns: int) -> None:
        if self._step(Step.READY):
            self._open_books(at_ns)
            self._ledger.begin(self._load, at_ns)
            self._ledger.add_connects(b"".join(self._connected_ahead))
            self._ledger.tell(at_ns, "start", after=self._load)
            self._drive(at_ns, paused=False)

    def _open_books(self, at_ns: int) -> None:
        """Let the run's time begin now; until the workers were up, nothing could be measured."""
        self._started_unix_s = time.time()
        self._start_ns = at_ns
        self._ledger = self._new_ledger(self._snapshot.target)

    def _new_ledger(self, target: Target) -> Ledger:
        plan = self.plan
        return Ledger(
            self._start_ns,
            timeout_s=plan.timeout_s,
            target=target,
            spin=plan.spin,
            window_s=plan.window_s,
            warmup=plan.warmup,
            ceiling_rps=self._ceiling_rps,
        )

    async def _until_stopped(self, fleet: Fleet) -> None:
        while not self._stopping.is_set():
            if fleet.failure.done():
                fleet.failure.result()
            now_ns = monotonic_ns()
            self._ledger.settle(fleet.settled_ns, fleet.reported_ns)
            look = self._view.look_at_ourselves(fleet, now_ns)
            if look is not None:
                self._ledger.look_at_ourselves(look)
            self._try(fleet, now_ns)
            self._publish(now_ns)
            if self._is_over(now_ns):
                self._stop(DRAIN_S, at_ns=min(now_ns, self._planned_end_ns or now_ns))
                return
            wait_s = TICK_S
            if self.plan.duration_s is not None:
                left_s = self.plan.duration_s - self._ledger.seconds_of(now_ns)
                wait_s = max(min(wait_s, left_s), 0.0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_s)

    def _is_over(self, now_ns: int) -> bool:
        plan = self.plan
        if plan.duration_s is not None and self._ledger.seconds_of(now_ns) >= plan.duration_s:
            return True
        if plan.requests is None:
            return False
        silent_s = (now_ns - self._ledger.last_answer_ns) / 1e9
        gave_up = self._state == RunState.RUNNING and silent_s > max(GIVE_UP_S, 3 * plan.timeout_s)
        return self._ledger.answered >= plan.requests or gave_up

    async def _drain(self, fleet: Fleet) -> None:
        self._publish(monotonic_ns())
        drained = asyncio.ensure_future(fleet.finish(self._drain_s))
        while not drained.done():
            await asyncio.wait([drained], timeout=TICK_S)
            self._publish(monotonic_ns())
        drained.result()
        self._end_ns = monotonic_ns()
        self._ledger.close(self._end_ns)
        self._ledger.tell(self._end_ns, "end")
        self._step(Step.DRAINED)

    @property
    def _planned_end_ns(self) -> int | None:
        duration_s = self.plan.duration_s
        return None if duration_s is None else self._start_ns + round(duration_s * 1e9)

    def _step(self, step: Step) -> bool:
        state = TRANSITIONS[self._state].get(step)
        if state is None:
            return False
        self._state = state
        return True

    def _change(self, load: Load) -> None:
        if load == self._load or self._state not in (RunState.RUNNING, RunState.PAUSED):
            return
        before = self._trials.abort("the load was changed")
        if before is not None and (before.workers != self._workers_now or self._resizes):
            self._ledger.tell(monotonic_ns(), "load", before=self._load, after=load)
            self._begin_resize(Setting(name="A", load=load, workers=before.workers))
        else:
            self._have(load)

    def _have(self, load: Load) -> None:
        now_ns = monotonic_ns()
        self._ledger.tell(now_ns, "load", before=self._load, after=load)
        self._load = load
        if self._state == RunState.RUNNING:
            self._ledger.begin(load, now_ns)
            self._drive(now_ns, paused=False)
        self._publish(now_ns)

    def _set_probing(self, on: bool) -> None:
        if on == self._ledger.probed or self._state not in (RunState.RUNNING, RunState.PAUSED):
            return
        self._go_back("polling was switched")
        now_ns = monotonic_ns()
        self._wishes.poll(on)
        self._ledger.probed = on
        self._ledger.tell(now_ns, "probing", f"polling of the target is {'on' if on else 'off'}")
        if self._state == RunState.RUNNING:
            self._ledger.begin(self._load, now_ns)
        self._publish(now_ns)

    def _anew(self) -> None:
        if self._state == RunState.RUNNING:
            self._go_back("a new segment was begun")
            now_ns = monotonic_ns()
            self._ledger.tell(now_ns, "anew", after=self._load)
            self._ledger.begin(self._load, now_ns)
            self._drive(now_ns, paused=False)
            self._publish(now_ns)

    def _mark(self, text: str, at_s: float | None) -> None:
        now_ns = monotonic_ns()
        at_ns = now_ns if at_s is None else min(now_ns, self._start_ns + round(at_s * 1e9))
        self._ledger.tell(at_ns, "mark", text)
        self._publish(now_ns)

    def _pause(self) -> None:
        if self._step(Step.PAUSE):
            self._go_back("the load was paused")
            now_ns = monotonic_ns()
            self._drive(now_ns, paused=True)
            self._ledger.rest(now_ns)
            self._ledger.tell(now_ns, "pause")
            self._publish(now_ns)

    def _resume(self) -> None:
        if self._step(Step.RESUME):
            now_ns = monotonic_ns()
            self._ledger.begin(self._load, now_ns)
            self._ledger.tell(now_ns, "resume", after=self._load)
            self._drive(now_ns, paused=False)
            self._publish(now_ns)

    def _stop(self, drain_s: float, *, at_ns: int | None = None) -> None:
        if self._step(Step.STOP):
            self._trials.abort("the run ended")
            self._ledger.rest(monotonic_ns() if at_ns is None else at_ns)
            self._drain_s = drain_s
            self._stopping.set()

    def _drive(self, at_ns: int, *, paused: bool) -> None:
        if self._fleet is not None:
            self._fleet.drive(self._load, at_ns, paused=paused, until_ns=self._planned_end_ns)

    def _publish(self, now_ns: int) -> None:
        self._snapshot = self._view.snapshot(
            self._state,
            self._load,
            self._ledger,
            self._fleet,
            now_ns=now_ns,
            end_ns=self._end_ns,
            experiment=self._trials.now(now_ns),
        )

    def _progress(self, since: Progress | None) -> Progress:
        return progress(
            self.plan,
            self._state,
            self._ledger,
            started_unix_s=self._started_unix_s,
            now_ns=monotonic_ns() if self._end_ns is None else self._end_ns,
            since=since,
            experiments=self._trials.over,
        )

    def _record(self) -> Record:
        now_ns = monotonic_ns() if self._end_ns is None else self._end_ns
        return record(
            self.plan,
            self._state,
            self._ledger,
            started_unix_s=self._started_unix_s,
            now_ns=now_ns,
            experiments=self._trials.over,
        )
