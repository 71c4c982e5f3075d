"""The run's side of experiments: what is asked of it, and what they ask of it."""

from __future__ import annotations

import asyncio
from time import monotonic_ns

from engine.books.ledger import Ledger
from engine.errors import EngineLost, UsageError
from engine.experiments import doubling
from engine.experiments.outcome import Kind, Setting
from engine.experiments.trials import Trials, check_time, doubling_turns, switchback_turns
from engine.experiments.turns import Turns
from engine.fleet import Fleet
from engine.inbox import Inbox
from engine.limits import check_concurrency
from engine.plan import Load, Plan
from engine.snapshot import RunState
from engine.stats import switchback


class Trying:
    """What a run can do for experiments; `engine.run.Run` has the rest, and all that is only declared here."""

    plan: Plan
    _load: Load
    _state: RunState
    _ledger: Ledger
    _fleet: Fleet | None
    _trials: Trials
    _inbox: Inbox

    def __init__(self) -> None:
        self._resizing = asyncio.Lock()
        self._resizes: set[asyncio.Task[None]] = set()

    def _have(self, load: Load) -> None:
        raise NotImplementedError

    def _drive(self, at_ns: int, *, paused: bool) -> None:
        raise NotImplementedError

    @property
    def _planned_end_ns(self) -> int | None:
        raise NotImplementedError

    # For other threads.

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
        a, b = self._settings(load, workers=self._workers_now)
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
        a, b = self._settings(self._load, workers=2 * self._workers_now)
        turns = doubling_turns(a, b, period_s=period_s, gap_s=gap_s, timeout_s=self.plan.timeout_s)
        self._start_trial("double-workers", a, b, turns)

    def _settings(self, load: Load, *, workers: int) -> tuple[Setting, Setting]:
        a = Setting(name="A", load=self._load, workers=self._workers_now)
        return a, Setting(name="B", load=load, workers=workers)

    def _start_trial(self, kind: Kind, a: Setting, b: Setting, turns: Turns) -> None:
        if self._state != RunState.RUNNING:
            raise UsageError(f"the run is {self._state.value}: an experiment needs load")
        if self._trials.active:
            raise UsageError("an experiment is under way; change the load or pause to abort it")
        end_ns = self._planned_end_ns
        check_time(turns, None if end_ns is None else (end_ns - monotonic_ns()) / 1e9)
        self._inbox.post(lambda: self._trials.begin(kind, a, b, turns))

    @property
    def _workers_now(self) -> int:
        return self._fleet.size if self._fleet is not None else self.plan.workers

    # On the run's own loop: what experiments need.

    def put_in_force(self, setting: Setting) -> None:
        """Have a setting of an experiment, at once or as soon as its workers are there."""
        if setting.workers != self._workers_now or self._resizes:
            self._begin_resize(setting)
        elif setting.load != self._load:
            self._have(setting.load)
            self._trials.enforced(monotonic_ns())
        else:
            self._trials.enforced(monotonic_ns())

    def tell(self, at_ns: int, kind: str, text: str) -> None:
        """Enter an event."""
        self._ledger.tell(at_ns, kind, text)

    def seconds_of(self, at_ns: int) -> float:
        """Return a moment of the monotonic clock as seconds since the run began."""
        return self._ledger.seconds_of(at_ns)

    def _try(self, fleet: Fleet, now_ns: int) -> None:
        current = self._ledger.current
        bound = current is not None and current.is_client_bound
        self._trials.tick(now_ns, fleet.settled_ns, client_bound=bound)
        self._ledger.turns = self._trials.turns

    def _go_back(self, why: str) -> None:
        """Abort the experiment, and have again what was before it."""
        before = self._trials.abort(why)
        if before is not None:
            self.put_in_force(before)

    async def _resize(self, setting: Setting) -> None:
        assert self._fleet is not None
        async with self._resizing:
            try:
                await self._fleet.resize(setting.workers)
            except EngineLost as error:
                self._trials.abort(str(error))
        if self._state not in (RunState.RUNNING, RunState.PAUSED):
            return
        now_ns = monotonic_ns()
        self._load = setting.load
        if self._state == RunState.RUNNING:
            self._ledger.begin(self._load, now_ns)
            words = f"{setting.workers} worker{'' if setting.workers == 1 else 's'} from now on"
            self._ledger.tell(now_ns, "workers", words)
        self._drive(now_ns, paused=self._state != RunState.RUNNING)
        self._trials.enforced(now_ns)

    def _begin_resize(self, setting: Setting) -> None:
        task = asyncio.get_running_loop().create_task(self._resize(setting))
        self._resizes.add(task)
        task.add_done_callback(self._resizes.discard)

    def _give_up_resizing(self) -> None:
        for task in self._resizes:
            task.cancel()
