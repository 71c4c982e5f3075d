"""An experiment under way: which kind, where it is, and what it says when it is over."""

from __future__ import annotations

from collections.abc import Callable

from engine.experiments import doubling, switchback_run
from engine.experiments.outcome import Effect, Experiment, ExperimentNow, Kind, LegFigures, Phase, Setting
from engine.experiments.turns import Turns


class Trial:
    """Two settings, the turns they take, and how the outcome is judged.

    Args:
        kind: What it is for.
        a: The setting that is in force, and will be again.
        b: The other one.
        turns: Their turns.
        start_s: When it began, in seconds since the run began.
        cores: Cores that this process may use.

    Attributes:
        turns: As given.
    """

    def __init__(self, kind: Kind, a: Setting, b: Setting, turns: Turns, *, start_s: float, cores: int) -> None:
        self.turns = turns
        self.kind = kind
        self.a, self.b = a, b
        self._start_s = start_s
        self._cores = cores

    def now(self, now_ns: int, now_s: float) -> ExperimentNow:
        """Return where it is."""
        measuring = self.turns.is_measuring(now_ns)
        phase: Phase = "switching" if measuring is None else "measuring" if measuring else "settling"
        return ExperimentNow(
            kind=self.kind,
            a=self.a,
            b=self.b,
            setting=self.turns.wanted.name,
            leg=self.turns.leg,
            legs=len(self.turns.settings),
            phase="counting" if self.turns.all_sent(now_ns) else phase,
            ends_at_s=now_s + self.turns.left_s(now_ns),
        )

    def ended(self, end_s: float, seconds_of: Callable[[int], float], *, why: str = "") -> Experiment:
        """Return what came of it.

        Args:
            end_s: When it ended.
            seconds_of: Makes seconds since the run began of a time of the monotonic clock.
            why: Why it was aborted; "" where it came to its end.
        """
        legs = self.turns.figures(seconds_of)
        effects = () if why else self._effects(legs)
        notes = () if why or self.kind != "abba" else switchback_run.notes(legs)
        return Experiment(
            kind=self.kind,
            state="aborted" if why else "done",
            why=why,
            start_s=self._start_s,
            end_s=end_s,
            a=self.a,
            b=self.b,
            period_s=self.turns.period_s,
            gap_s=self.turns.gap_s,
            legs=legs,
            effects=effects,
            notes=notes,
            words=f"aborted: {why}" if why else self._words(legs, effects),
        )

    def _effects(self, legs: tuple[LegFigures, ...]) -> tuple[Effect, ...]:
        return switchback_run.effects(legs) if self.kind == "abba" else doubling.effects(legs)

    def _words(self, legs: tuple[LegFigures, ...], effects: tuple[Effect, ...]) -> str:
        if self.kind == "abba":
            return "; ".join(f"{effect.figure} {effect.words}" for effect in effects)
        bound = any(leg.client_bound for leg in legs if leg.setting == "A")
        return doubling.words(effects, workers=self.a.workers, cores=self._cores, client_bound=bound)
