"""What can be done to a run, on its loop: begin, change, pause, compare, stop. Nothing in here waits."""

from __future__ import annotations

import asyncio
import time
from time import monotonic_ns
from typing import Final

from engine import wire
from engine.books.ledger import Ledger
from engine.errors import LoadtopError
from engine.experiments.outcome import Setting
from engine.experiments.resizing import Resizing
from engine.experiments.trials import Trials
from engine.fleet import Fleet
from engine.limits import usable_cores
from engine.memory import EVERY_NS, give_back
from engine.plan import Load, Plan
from engine.probes.on_demand import OnDemand
from engine.probes.wishes import Wishes
from engine.progress import Progress, progress
from engine.record import Record
from engine.snapshot import RunState, Snapshot, Target
from engine.states import TRANSITIONS, Step
from engine.views import View, record

DRAIN_S: Final = 2.0
"""How long what is in flight at the end may take; what takes longer is counted as unfinished."""

_LIVE: Final = (RunState.RUNNING, RunState.PAUSED)


class Controls:
    """The state of a run, and everything that changes it.

    Args:
        plan: What to do.
        is_local: Whether the target is on this host.
        ceiling_rps: What the generator reaches against a server that does nothing, where that was measured.

    Attributes:
        plan: What to do.
        state: Where the run is.
        load: The settings in force.
        ledger: Its books.
        fleet: Its workers, once they are being started.
        trials: Its experiments.
        wishes: What probes are to do.
        on_demand: Profiles and traces.
        snapshot: What is to be seen of it.
        stopping: Set when it is to end.
        drain_s: How long what is in flight then may take.
    """

    def __init__(self, plan: Plan, *, is_local: bool, ceiling_rps: float | None) -> None:
        self.plan = plan
        self.state = RunState.STARTING
        self.load = plan.load
        self.fleet: Fleet | None = None
        self.stopping = asyncio.Event()
        self.drain_s = DRAIN_S
        self._ceiling_rps = ceiling_rps
        self._started_unix_s = time.time()
        self._start_ns = monotonic_ns()
        self._end_ns: int | None = None
        self._gave_back_ns = self._start_ns
        target = Target(url=plan.url, method=plan.method, same_host=is_local)
        self.snapshot = Snapshot(at_s=0.0, state=self.state, target=target, load=self.load, note=plan.note)
        self.ledger = self._new_ledger(target)
        self.wishes = Wishes()
        self.on_demand = OnDemand(
            plan,
            self.wishes,
            seconds_of=self.seconds_of,
            keep=lambda look: self.ledger.seen.add_look(look),
            tell=self.tell,
            open=lambda: self.state in _LIVE,
        )
        self.trials = Trials(self, timeout_s=plan.timeout_s, cores=usable_cores())
        self._resizing = Resizing(self._have_setting, self.trials.abort)
        self._view = View(plan)

    @property
    def workers(self) -> int:
        """How many workers there are, or will be."""
        return self.fleet.size if self.fleet is not None else self.plan.workers

    @property
    def _until_ns(self) -> int:
        """Until when there is anything to tell: its end, or now."""
        return monotonic_ns() if self._end_ns is None else self._end_ns

    @property
    def planned_end_ns(self) -> int | None:
        """When the run is to end, on the monotonic clock; None if nobody said so."""
        duration_s = self.plan.duration_s
        return None if duration_s is None else self._start_ns + round(duration_s * 1e9)

    def seconds_of(self, at_ns: int) -> float:
        """Return a moment of the monotonic clock as seconds since the run began."""
        return self.ledger.seconds_of(at_ns)

    def tell(self, at_ns: int, kind: str, text: str) -> None:
        """Enter an event."""
        self.ledger.tell(at_ns, kind, text)

    # From its begin to its end.

    def begin(self, at_ns: int, connects: bytes) -> None:
        """Let the run's time begin now; until the workers were up, nothing could be measured.

        Args:
            at_ns: Now.
            connects: How long connections took that were opened before; as in a frame's `connect`.
        """
        if self._step(Step.READY):
            self._started_unix_s = time.time()
            self._start_ns = at_ns
            self.ledger = self._new_ledger(self.snapshot.target)
            self.ledger.begin(self.load, at_ns)
            self.ledger.add_connects(connects)
            self.ledger.tell(at_ns, "start", after=self.load)
            self._drive(at_ns, paused=False)

    def tick(self, fleet: Fleet, now_ns: int) -> None:
        """Let time pass: judge what is final, go on with an experiment, show it all."""
        self.ledger.settle(fleet.settled_ns, fleet.reported_ns)
        look = self._view.look_at_ourselves(fleet, now_ns)
        if look is not None:
            self.ledger.look_at_ourselves(look)
        current = self.ledger.current
        bound = current is not None and current.is_client_bound
        self.trials.tick(now_ns, fleet.settled_ns, client_bound=bound)
        self.ledger.turns = self.trials.turns
        self.publish(now_ns)
        if now_ns - self._gave_back_ns > EVERY_NS:
            self._gave_back_ns = now_ns
            give_back()

    def stop(self, drain_s: float, *, at_ns: int | None = None) -> None:
        """Send nothing more, and wait at most `drain_s` for what is in flight."""
        if self._step(Step.STOP):
            self.trials.abort("the run ended")
            self.ledger.rest(monotonic_ns() if at_ns is None else at_ns)
            self.drain_s = drain_s
            self.stopping.set()

    def end(self) -> None:
        """Close the books: nothing is in flight any more."""
        self._end_ns = monotonic_ns()
        self.ledger.close(self._end_ns)
        self.ledger.tell(self._end_ns, "end")
        self._step(Step.DRAINED)

    def fail(self, error: LoadtopError) -> None:
        """Close the books because of an error; they keep what was measured until now."""
        self._end_ns = monotonic_ns()
        self.ledger.tell(self._end_ns, "failed", str(error))
        self.ledger.close(self._end_ns)
        self._step(Step.FAIL)

    def take(self, frame: wire.Frame) -> None:
        """Enter what a worker reports."""
        self.ledger.add_frame(frame)

    def lose(self, worker: int, requests: int, why: str) -> None:
        """Enter that a worker died."""
        self.ledger.add_loss(monotonic_ns(), worker, requests, why)

    def give_up_resizing(self) -> None:
        """Wait for no workers any more."""
        self._resizing.give_up()

    # What people ask for.

    def change(self, load: Load) -> None:
        """Have another load, in a new segment."""
        if load == self.load or self.state not in _LIVE:
            return
        before = self.trials.abort("the load was changed")
        if before is not None and not self._is_staffed(before):
            self.ledger.tell(monotonic_ns(), "load", before=self.load, after=load)
            self._staff(Setting(name="A", load=load, workers=before.workers))
        else:
            self._have(load)

    def set_probing(self, on: bool) -> None:
        """Have the target polled or not, in a new segment."""
        if on == self.ledger.probed or self.state not in _LIVE:
            return
        self._go_back("polling was switched")
        now_ns = monotonic_ns()
        self.wishes.poll(on)
        self.ledger.probed = on
        self.ledger.tell(now_ns, "probing", f"polling of the target is {'on' if on else 'off'}")
        if self.state == RunState.RUNNING:
            self.ledger.begin(self.load, now_ns)
        self.publish(now_ns)

    def anew(self) -> None:
        """Begin a new segment with the same load."""
        if self.state == RunState.RUNNING:
            self._go_back("a new segment was begun")
            self._begin_segment("anew")

    def mark(self, text: str, at_s: float | None) -> None:
        """Enter a mark, at a moment in seconds since the run began or now."""
        now_ns = monotonic_ns()
        at_ns = now_ns if at_s is None else min(now_ns, self._start_ns + round(at_s * 1e9))
        self.ledger.tell(at_ns, "mark", text)
        self.publish(now_ns)

    def pause(self) -> None:
        """Send nothing more until `resume`."""
        if self._step(Step.PAUSE):
            self._go_back("the load was paused")
            now_ns = monotonic_ns()
            self._drive(now_ns, paused=True)
            self.ledger.rest(now_ns)
            self.ledger.tell(now_ns, "pause")
            self.publish(now_ns)

    def resume(self) -> None:
        """Go on after `pause`, in a new segment."""
        if self._step(Step.RESUME):
            self._begin_segment("resume")

    # What experiments ask for.

    def put_in_force(self, setting: Setting) -> None:
        """Have a setting of an experiment, at once or as soon as its workers are there."""
        if not self._is_staffed(setting):
            self._staff(setting)
            return
        if setting.load != self.load:
            self._have(setting.load)
        self.trials.enforced(monotonic_ns())

    def _go_back(self, why: str) -> None:
        """Abort the experiment, and have again what was before it."""
        before = self.trials.abort(why)
        if before is not None:
            self.put_in_force(before)

    def _is_staffed(self, setting: Setting) -> bool:
        return setting.workers == self.workers and not self._resizing.is_under_way

    def _staff(self, setting: Setting) -> None:
        assert self.fleet is not None
        self._resizing.begin(self.fleet, setting)

    def _have_setting(self, setting: Setting) -> None:
        """Have a setting whose workers are there now."""
        if self.state not in _LIVE:
            return
        now_ns = monotonic_ns()
        self.load = setting.load
        if self.state == RunState.RUNNING:
            self.ledger.begin(self.load, now_ns)
            words = f"{setting.workers} worker{'' if setting.workers == 1 else 's'} from now on"
            self.ledger.tell(now_ns, "workers", words)
        self._drive(now_ns, paused=self.state != RunState.RUNNING)
        self.trials.enforced(now_ns)

    # What all of that is made of.

    def _have(self, load: Load) -> None:
        now_ns = monotonic_ns()
        self.ledger.tell(now_ns, "load", before=self.load, after=load)
        self.load = load
        if self.state == RunState.RUNNING:
            self.ledger.begin(load, now_ns)
            self._drive(now_ns, paused=False)
        self.publish(now_ns)

    def _begin_segment(self, kind: str) -> None:
        now_ns = monotonic_ns()
        self.ledger.tell(now_ns, kind, after=self.load)
        self.ledger.begin(self.load, now_ns)
        self._drive(now_ns, paused=False)
        self.publish(now_ns)

    def _drive(self, at_ns: int, *, paused: bool) -> None:
        if self.fleet is not None:
            self.fleet.drive(self.load, at_ns, paused=paused, until_ns=self.planned_end_ns)

    def _step(self, step: Step) -> bool:
        state = TRANSITIONS[self.state].get(step)
        if state is None:
            return False
        self.state = state
        return True

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

    # What is to be seen of it.

    def publish(self, now_ns: int) -> None:
        """Have the newest snapshot be of this instant."""
        self.snapshot = self._view.snapshot(
            self.state,
            self.load,
            self.ledger,
            self.fleet,
            now_ns=now_ns,
            end_ns=self._end_ns,
            experiment=self.trials.now(now_ns),
        )

    def progress(self, since: Progress | None) -> Progress:
        """Return what the run came to since an earlier answer of this method, or since its begin."""
        return progress(
            self.plan,
            self.state,
            self.ledger,
            started_unix_s=self._started_unix_s,
            now_ns=self._until_ns,
            since=since,
            experiments=self.trials.over,
        )

    def record(self) -> Record:
        """Return everything that is known of the run."""
        return record(
            self.plan,
            self.state,
            self.ledger,
            started_unix_s=self._started_unix_s,
            now_ns=self._until_ns,
            experiments=self.trials.over,
        )
