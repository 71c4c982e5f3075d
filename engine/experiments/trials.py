"""Experiments of a run: starts them, drives them from the run's tick, and keeps what came of them."""

from __future__ import annotations

from time import monotonic_ns
from typing import Final, Protocol

from engine.errors import UsageError
from engine.experiments import doubling, switchback_run
from engine.experiments.outcome import Experiment, ExperimentNow, Kind, Setting
from engine.experiments.trial import Trial
from engine.experiments.turns import FIRST_GAP_S, Turns
from engine.plan import Load
from engine.stats import switchback

TITLES: Final[dict[Kind, str]] = {"abba": "ABBA", "double-workers": "twice the workers"}


class Host(Protocol):
    """The run, as far as an experiment needs it; called on the run's loop."""

    def put_in_force(self, setting: Setting) -> None:
        """Have a setting from now on, or soon; `Trials.enforced` is told when."""

    def tell(self, at_ns: int, kind: str, text: str) -> None:
        """Enter an event."""

    def seconds_of(self, at_ns: int) -> float:
        """Return a moment of the monotonic clock as seconds since the run began."""


class Trials:
    """At most one experiment at a time.

    Args:
        host: The run.
        timeout_s: What a request that failed took at least.
        cores: Cores that this process may use.

    Attributes:
        over: Those that are over, oldest first.
    """

    def __init__(self, host: Host, *, timeout_s: float, cores: int) -> None:
        self.over: list[Experiment] = []
        self._host = host
        self._timeout_s = timeout_s
        self._cores = cores
        self._trial: Trial | None = None

    @property
    def turns(self) -> Turns | None:
        """What the requests of the experiment under way are counted by; None without one."""
        return self._trial.turns if self._trial is not None else None

    @property
    def active(self) -> bool:
        """Whether one is under way."""
        return self._trial is not None

    def begin(self, kind: Kind, a: Setting, b: Setting, turns: Turns) -> None:
        """Begin an experiment: its first setting is put in force."""
        if self._trial is not None:
            return  # two keys in the same moment
        now_ns = monotonic_ns()
        start_s = self._host.seconds_of(now_ns)
        self._trial = Trial(kind, a, b, turns, start_s=start_s, cores=self._cores)
        sides = f"{_words(a)} against {_words(b)}"
        takes = f"{len(turns.settings)} legs, about {turns.left_s(now_ns):.0f} s"
        self._host.tell(now_ns, kind, f"{TITLES[kind]} begins: {sides}, {takes}")
        self._host.put_in_force(turns.wanted)

    def enforced(self, now_ns: int) -> None:
        """The wanted setting is in force."""
        turns = self.turns
        if turns is not None and turns.is_measuring(now_ns) is None:
            turns.enforced(now_ns)

    def tick(self, now_ns: int, settled_ns: int, *, client_bound: bool) -> None:
        """Let time pass; everything due before `settled_ns` has ended and was counted."""
        trial = self._trial
        if trial is None:
            return
        if trial.turns.tick(now_ns, settled_ns, client_bound=client_bound):
            self._host.put_in_force(trial.turns.wanted)
        elif trial.turns.is_over(now_ns, settled_ns):
            self._end(now_ns)

    def abort(self, why: str) -> Setting | None:
        """End the experiment under way, if there is one, without a verdict.

        Returns:
            The setting that was in force before it; whoever aborts decides about that.
        """
        trial = self._trial
        if trial is None:
            return None
        now_ns = monotonic_ns()
        self._trial = None
        host = self._host
        self.over.append(trial.ended(host.seconds_of(now_ns), host.seconds_of, why=why))
        host.tell(now_ns, f"{trial.kind}-aborted", f"{TITLES[trial.kind]} is aborted: {why}")
        return trial.a

    def now(self, now_ns: int) -> ExperimentNow | None:
        """Return where the experiment under way is."""
        return None if self._trial is None else self._trial.now(now_ns, self._host.seconds_of(now_ns))

    def _end(self, now_ns: int) -> None:
        trial = self._trial
        assert trial is not None
        self._trial = None
        host = self._host
        ended = trial.ended(host.seconds_of(now_ns), host.seconds_of)
        self.over.append(ended)
        host.tell(now_ns, f"{trial.kind}-verdict", "; ".join([ended.words, *ended.notes]))
        host.put_in_force(trial.a)


def switchback_turns(
    a: Setting, b: Setting, *, pairs: int, period_s: float, gap_s: float, timeout_s: float, seed: int | None
) -> Turns:
    """Return the turns of an ABBA experiment.

    Raises:
        UsageError: There is nothing to compare, or too few pairs.
    """
    if a.load == b.load:
        raise UsageError(f"both settings are {_words(a)}: there is nothing to compare; type another load")
    if not switchback.PAIRS <= pairs <= switchback.MOST_PAIRS:
        raise UsageError(f"{pairs} pairs: a verdict needs {switchback.PAIRS} to {switchback.MOST_PAIRS}")
    return Turns(
        switchback_run.settings(a, b, pairs=pairs, seed=seed),
        period_s=period_s,
        gap_s=gap_s,
        first_gap_s=max(gap_s, FIRST_GAP_S) if gap_s >= switchback.GAP_S else gap_s,
        timeout_s=timeout_s,
    )


def doubling_turns(a: Setting, b: Setting, *, period_s: float, gap_s: float, timeout_s: float) -> Turns:
    """Return the turns of an experiment with twice the workers.

    Raises:
        UsageError: There are too few connections to share.
    """
    if a.load.concurrency < b.workers:
        number = a.load.concurrency
        raise UsageError(f"{b.workers} workers cannot share {number} connection{'' if number == 1 else 's'}")
    return Turns(
        doubling.settings(a, b), period_s=period_s, gap_s=gap_s, first_gap_s=gap_s, timeout_s=timeout_s
    )


def check_time(turns: Turns, left_s: float | None) -> None:
    """Make sure that the run lasts long enough.

    Raises:
        UsageError: It does not.
    """
    takes_s = turns.left_s(0)
    if left_s is not None and takes_s > left_s:
        raise UsageError(f"it takes about {takes_s:.0f} s, and the run ends in {max(left_s, 0):.0f} s")


def previous_load(loads: list[Load], now: Load) -> Load | None:
    """Return the newest load that is not the one in force."""
    return next((load for load in reversed(loads) if load != now), None)


def _words(setting: Setting) -> str:
    load = setting.load
    words = (
        f"c={load.concurrency}" if load.mode == "closed" else f"{load.rate:g}/s {load.arrivals or ''}".strip()
    )
    return f"{words}, {setting.workers} workers" if setting.workers > 1 else words
