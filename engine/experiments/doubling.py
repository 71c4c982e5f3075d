"""Was it us? Twice the workers at the same total load, for some seconds: what that changes was ours.

A generator that is the bottleneck gets faster by being doubled; a target does not. Legs go A B B A, so that a
drift cancels, and both pairs have to agree. A machine without cores for the doubled workers cannot answer: then
nothing changes, whoever it was, and that is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from engine.experiments.outcome import Effect, LegFigures, Setting
from engine.experiments.switchback_run import FIGURES, Figure, log_ratios
from engine.stats.settle import MARGIN

PERIOD_S: Final = 4.0
GAP_S: Final = 1.5
PAIRS: Final = 2
MARGINS: Final[dict[Figure, float]] = {"p99": 0.25, "p50": MARGIN, "throughput": MARGIN}
"""What both pairs have to exceed. A p99 of some seconds differs by more than the usual margin by itself."""


def settings(a: Setting, b: Setting) -> tuple[Setting, ...]:
    """Return the settings of all legs."""
    return (a, b, b, a)


def effects(legs: Sequence[LegFigures]) -> tuple[Effect, ...]:
    """Return what doubling did to each figure: the mean of the pairs, and whether they agree."""
    return tuple(_effect(figure, log_ratios([_trusted(leg) for leg in legs], figure)) for figure in FIGURES)


def words(found: Sequence[Effect], *, workers: int, cores: int, client_bound: bool) -> str:
    """Return the verdict in a sentence.

    Args:
        found: The effects.
        workers: How many there were before they were doubled.
        cores: Cores that this process may use.
        client_bound: Whether the self-check had called the generator the bottleneck with the workers it had.
    """
    told = ", ".join(
        f"{effect.figure} {effect.change_pct:+.0f} %" for effect in found if effect.change_pct is not None
    )
    begin = f"{workers} -> {2 * workers} workers: {told or 'no figures'}"
    if any(effect.kind == "real" and _is_better(effect) for effect in found):
        return f"{begin}: IT WAS US; run with --workers {2 * workers} or more"
    if 2 * workers > cores:
        busy = "the self-check says it was us" if client_bound else "the self-check sees nothing of us"
        room = "1 core" if cores == 1 else f"{cores} cores"
        return f"{begin}: CAN'T TELL: {2 * workers} workers share {room}; {busy}"
    if all(effect.pairs < PAIRS for effect in found):
        return f"{begin}: CAN'T TELL: too few answers"
    return f"{begin}: NOT US: more of the generator changes nothing for the better"


def _effect(figure: Figure, ratios: Sequence[float]) -> Effect:
    if len(ratios) < PAIRS:
        return Effect(figure=figure, kind="cannot-tell", pairs=len(ratios), words="too few answers")
    change = sum(ratios) / len(ratios)
    least = min(ratios, key=abs) if len({ratio > 0 for ratio in ratios}) == 1 else 0.0
    margin = math.log1p(MARGINS[figure])
    agreed = abs(least) > margin
    return Effect(
        figure=figure,
        kind="real" if agreed else "same" if abs(change) <= margin else "cannot-tell",
        pairs=len(ratios),
        change_pct=100 * math.expm1(change),
        low_pct=100 * math.expm1(min(ratios)),
        high_pct=100 * math.expm1(max(ratios)),
        words=f"{100 * math.expm1(change):+.0f} % in the mean of {len(ratios)} pairs",
    )


def _is_better(effect: Effect) -> bool:
    change = effect.change_pct or 0.0
    return change > 0 if effect.figure == "throughput" else change < 0


def _trusted(leg: LegFigures) -> LegFigures:
    """Return a leg as one that counts: whether the generator is the bottleneck is the very question here."""
    return LegFigures(
        setting=leg.setting,
        requests=leg.requests,
        throughput_rps=leg.throughput_rps,
        p50_s=leg.p50_s,
        p99_s=leg.p99_s,
    )
