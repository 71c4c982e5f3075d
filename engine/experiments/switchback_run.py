"""ABBA: the console itself switches between two loads in balanced pairs, and judges them pair by pair.

Whatever wanders meanwhile, the machine, the network, the target's heap, is in both legs of a pair; only what
the switch brought is not. So this is the one verdict that may speak of a cause. What can be switched is the
load: connections, rate, gaps. A setting of the target itself is out of our reach.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from engine.experiments.outcome import Effect, LegFigures, Setting
from engine.stats import switchback

Figure: TypeAlias = Literal["p99", "p50", "throughput"]

FIGURES: Final[tuple[Figure, ...]] = ("p99", "p50", "throughput")


def settings(a: Setting, b: Setting, *, pairs: int, seed: int | None = None) -> tuple[Setting, ...]:
    """Return the settings of all legs, two a pair, in balanced order."""
    by_name = {"A": a, "B": b}
    return tuple(by_name[name] for pair in switchback.order(pairs, seed) for name in pair)


def effects(legs: Sequence[LegFigures]) -> tuple[Effect, ...]:
    """Return what B does to each figure; legs are in the order of `settings`, two a pair."""
    return tuple(_effect(figure, legs) for figure in FIGURES)


def notes(legs: Sequence[LegFigures]) -> tuple[str, ...]:
    """Return what stands in the way of believing the effects, if anything."""
    told = []
    bound = sum(1 for leg in legs if leg.client_bound)
    if bound:
        told.append(
            f"in {bound} of {len(legs)} legs the generator was the bottleneck: their pairs do not count"
        )
    of_a = [leg for leg in legs if leg.setting == "A"]
    for figure in FIGURES:
        first, last = (value_of(leg, figure) for leg in (of_a[0], of_a[-1])) if of_a else (None, None)
        if first and last and switchback.baseline_moved(math.log(first), math.log(last)):
            told.append(f"the baseline moved: {figure} of A was {100 * (last / first - 1):+.0f} % at the end")
    return tuple(told)


def value_of(leg: LegFigures, figure: Figure) -> float | None:
    """Return a leg's figure; None where it has none."""
    return {"p99": leg.p99_s, "p50": leg.p50_s, "throughput": leg.throughput_rps or None}[figure]


def log_ratios(legs: Sequence[LegFigures], figure: Figure) -> list[float]:
    """Return ln(B) - ln(A) of each pair whose legs both have the figure and are the target's own."""
    ratios = []
    for first, second in zip(legs[::2], legs[1::2], strict=False):
        a, b = (first, second) if first.setting == "A" else (second, first)
        before, after = value_of(a, figure), value_of(b, figure)
        if before and after and not (a.client_bound or b.client_bound):
            ratios.append(math.log(after) - math.log(before))
    return ratios


def _effect(figure: Figure, legs: Sequence[LegFigures]) -> Effect:
    ratios = log_ratios(legs, figure)
    verdict = switchback.verdict(ratios)
    reasons = verdict.reasons
    missing = sum(1 for leg in legs if value_of(leg, figure) is None)
    if missing:
        reasons = (*reasons, f"{missing} legs had too few answers for a {figure}: longer periods have more")
    return Effect(
        figure=figure,
        kind=verdict.kind,
        pairs=len(ratios),
        change_pct=_percent(verdict.ratio),
        low_pct=_percent(verdict.low),
        high_pct=_percent(verdict.high),
        words=verdict.words,
        reasons=reasons,
    )


def _percent(ratio: float) -> float | None:
    return 100 * (ratio - 1) if math.isfinite(ratio) else None
