"""Several runs of one plan: their median and its band, figure by figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from engine.stats import repeat
from sessions.model import RepeatedFigure, Result

Pick = Callable[[Result], float | None]

FIGURES: Final[dict[str, tuple[Pick, Callable[[Result], tuple[float, float] | None]]]] = {
    "p99": (lambda run: run.latency_s.response.p99, lambda run: run.latency_s.response.ci95.get("p99")),
    "p50": (lambda run: run.latency_s.response.p50, lambda run: run.latency_s.response.ci95.get("p50")),
    "throughput": (lambda run: run.throughput_rps or None, lambda run: run.throughput_ci95_rps),
}
"""Name of a figure to where a run has it, and its 95 % interval."""


class _Valid(Struct, frozen=True):
    """A run's figure, and its standard error on logarithms where an interval shows it."""

    value: float
    error: float | None


def repeated_of(runs: Sequence[Result]) -> tuple[RepeatedFigure, ...]:
    """Return what the runs say together; nothing for fewer than two.

    A run is left out for being invalid, because the generator was the bottleneck in it, and never for its
    value; where that is so of all of them, they all count, and the report says what they are.
    """
    if len(runs) < 2:
        return ()
    valid = [run for run in runs if run.client.verdict != "client-bound"] or list(runs)
    told = []
    for figure, (pick, interval) in FIGURES.items():
        known = [_Valid(value, _error(interval(run))) for run in valid if (value := pick(run))]
        if not known:
            continue
        errors = [one.error for one in known if one.error is not None]
        within = errors if len(errors) == len(known) else []
        said = repeat.summarise([one.value for one in known], within=within)
        told.append(
            RepeatedFigure(
                figure=figure,
                values=tuple(one.value for one in known),
                median=said.median,
                low=said.low,
                high=said.high,
                half_pct=said.half_pct,
                resolution_pct=said.resolution_pct,
                words=said.words,
            )
        )
    return tuple(told)


def _error(interval: tuple[float, float] | None) -> float | None:
    if interval is None or not 0 < interval[0] <= interval[1]:
        return None
    return (math.log(interval[1]) - math.log(interval[0])) / (2 * 1.96)
