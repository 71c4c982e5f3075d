"""Is it different? Two stretches compared, with a margin below which a difference does not matter.

The interval of a ratio is made of the two intervals that were shown (MOVER: Zou & Donner 2008), on logarithms.
It is held against a margin of 5 %: wholly beyond it the difference is REAL, wholly within it the two are the
SAME, beyond zero but across the margin something CHANGED whose size is not clear, and else one CAN'T TELL YET.
SAME is tested before CHANGED: an interval within the margin is the same for all purposes, even where it does
not contain zero.

Nothing is compared before it can be: an open loop with a closed one, figures that the generator's own slowness
made, latencies that only say how long an overload was watched. And nothing is claimed that the design of the
measurement cannot carry: after a single switch, time and setting are confounded; two runs can differ because
runs do. Only pairs in balanced order (`engine.stats.switchback`) may speak of a cause.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from engine.figures import SegmentFigures
from engine.histogram import LABELS
from engine.stats.settle import MARGIN

Kind: TypeAlias = Literal["real", "changed", "same", "cannot-tell", "not-comparable"]
Design: TypeAlias = Literal["switch", "sessions"]

KINDS: Final[Mapping[Kind, str]] = {
    "real": "REAL",
    "changed": "CHANGED, size unclear",
    "same": "SAME",
    "cannot-tell": "CAN'T TELL YET",
    "not-comparable": "NOT COMPARABLE",
}

CAVEATS: Final[Mapping[Design, str]] = {
    "switch": "a single switch: what else changed at that time is in it too",
    "sessions": "one run each: these two runs differ, which says nothing of the cause",
}


class Verdict(Struct, frozen=True):
    """What a comparison says.

    Attributes:
        kind: The verdict.
        ratio: After over before; nan where there is none.
        low, high: Ends of its 95 % interval; 0 and infinity where that is open, nan where there is none.
        needs_s: How many seconds more of the shorter side would tell; None where nobody can say, or no more
            are needed.
        words: All of it for people: `REAL: p99 +12 % (+9 to +15)`.
        reasons: What stands in the way of a verdict, or what it must not be taken for.
    """

    kind: Kind
    ratio: float
    low: float
    high: float
    needs_s: float | None
    words: str
    reasons: tuple[str, ...] = ()


class Estimate(Struct, frozen=True):
    """A figure with the ends of its 95 % interval, on logarithms; an end that nobody knows is infinite."""

    middle: float
    low: float
    high: float


def compare(
    before: SegmentFigures,
    after: SegmentFigures,
    *,
    quantile: str = "p99",
    design: Design = "sessions",
    margin: float = MARGIN,
    between_runs: float = 0.0,
) -> Verdict:
    """Return whether two segments differ, of one session or of two.

    Args:
        before: What is compared with. A running segment has live intervals, which are wider.
        after: What is compared.
        quantile: A percentile ("p50", ... "p99.99"), or "throughput".
        design: What separates the two: a switch within a session, or each is a session's own.
        margin: Difference that does not matter, as a share.
        between_runs: Standard deviation of the figure from run to run on logarithms, where it is known.

    Raises:
        ValueError: There is no such quantile.
    """
    obstacles = _incomparable(before, after)
    if obstacles:
        return _none("not-comparable", obstacles)
    sides = estimate(before, quantile), estimate(after, quantile)
    unknown = tuple(
        f"{which} has no {quantile}"
        for which, side in zip(("before", "after"), sides, strict=True)
        if side is None
    )
    first, second = sides
    if first is None or second is None:
        return _none("cannot-tell", unknown)
    low, high = difference(first, second, between_runs=between_runs)
    change = second.middle - first.middle
    kind = decide(low, high, margin)
    unsettled = _unsettled(before, after, quantile)
    reasons = [*unsettled, *_different_loads(before, after)]
    if unsettled:
        kind = "cannot-tell"
    elif kind in ("real", "changed"):
        reasons.append(CAVEATS[design])
    needs_s = _needs_s(before, after, quantile, change, high - low, margin) if kind == "cannot-tell" else None
    return Verdict(
        kind=kind,
        ratio=math.exp(change),
        low=math.exp(low),
        high=math.exp(high),
        needs_s=needs_s,
        words=f"{KINDS[kind]}: {quantile} {ratio_words(change, low, high)}{_needs_words(needs_s)}",
        reasons=tuple(reasons),
    )


def estimate(figures: SegmentFigures, quantile: str) -> Estimate | None:
    """Return a segment's figure with its interval; None where it has no such figure.

    Raises:
        ValueError: There is no such quantile.
    """
    if quantile == "throughput":
        value: float | None = figures.throughput_rps
        ends = figures.throughput_ci95_rps
        lowest = None
    elif quantile in LABELS.values():
        latency = figures.latency_s.response
        value = getattr(latency, quantile.replace(".", ""))
        ends = latency.ci95.get(quantile)
        lowest = latency.at_least.get(quantile)
        if value is not None and latency.bound is not None and value >= latency.bound:
            ends, lowest = None, ends[0] if ends else lowest  # among requests without an answer
    else:
        raise ValueError(f"'{quantile}' is neither 'throughput' nor one of {', '.join(LABELS.values())}")
    if not value:
        return None
    low = ends[0] if ends is not None else lowest
    high = ends[1] if ends is not None else None
    # Rounding in a report can put an end on the wrong side of its figure.
    return Estimate(
        math.log(value),
        min(math.log(low), math.log(value)) if low else -math.inf,
        max(math.log(high), math.log(value)) if high else math.inf,
    )


def difference(before: Estimate, after: Estimate, *, between_runs: float = 0.0) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two figures on logarithms.

    Args:
        before, after: The figures.
        between_runs: Standard deviation from run to run, which is in both.
    """
    runs = 2 * (1.96 * between_runs) ** 2
    change = after.middle - before.middle
    below = math.sqrt((after.middle - after.low) ** 2 + (before.high - before.middle) ** 2 + runs)
    above = math.sqrt((after.high - after.middle) ** 2 + (before.middle - before.low) ** 2 + runs)
    return change - below, change + above


def decide(low: float, high: float, margin: float = MARGIN) -> Kind:
    """Return what an interval of a difference, on logarithms, says against a margin."""
    margin = math.log1p(margin)
    if low > margin or high < -margin:
        return "real"
    if low >= -margin and high <= margin:
        return "same"
    return "changed" if low > 0 or high < 0 else "cannot-tell"


def wanted(change: float, margin: float = MARGIN) -> float:
    """Return how narrow half an interval has to be until it says something about a difference: either that
    it is not zero, or that it is within the margin."""
    return max(abs(change), math.log1p(margin) - abs(change))


def ratio_words(change: float, low: float, high: float) -> str:
    """Return a difference on logarithms with its interval in percent: `+12 % (+9 to +15)`."""
    ends = [_percent(end) if math.isfinite(end) else "?" for end in (low, high)]
    return f"{_percent(change)} % ({ends[0]} to {ends[1]})"


def _percent(change: float) -> str:
    percent = 100 * math.expm1(change)
    return f"{percent:+.0f}" if abs(percent) >= 9.95 else f"{percent:+.1f}"


def _none(kind: Kind, reasons: tuple[str, ...]) -> Verdict:
    return Verdict(kind, math.nan, math.nan, math.nan, None, f"{KINDS[kind]}: {'; '.join(reasons)}", reasons)


def _incomparable(before: SegmentFigures, after: SegmentFigures) -> tuple[str, ...]:
    reasons = []
    if before.load.mode != after.load.mode:
        reasons.append(
            f"one loop was {before.load.mode}, the other {after.load.mode}: they measure different things"
        )
    for which, side in (("before", before), ("after", after)):
        if side.client.verdict == "client-bound":
            reasons.append(f"{which} was CLIENT-BOUND: its figures are the generator's")
        if side.state == "overloaded":
            reasons.append(f"{which} was OVERLOADED: its latencies say how long it was watched")
        if not side.requests:
            reasons.append(f"{which} has no answers")
    return tuple(reasons)


def _unsettled(before: SegmentFigures, after: SegmentFigures, quantile: str) -> list[str]:
    reasons = []
    for which, side in (("before", before), ("after", after)):
        if side.state != "settled":
            reasons.append(f"{which} is {side.state.replace('-', ' ')}, not settled")
        elif quantile in side.unstable:
            reasons.append(f"UNSTABLE BASELINE: the two halves of {which} differ by themselves")
    return reasons


def _different_loads(before: SegmentFigures, after: SegmentFigures) -> list[str]:
    if before.load == after.load:
        return []
    return ["the load was not the same"]


def _needs_s(
    before: SegmentFigures, after: SegmentFigures, quantile: str, change: float, width: float, margin: float
) -> float | None:
    """Return how much longer the shorter side has to be: intervals shrink with the root of the time."""
    if before.state != "settled" or after.state != "settled":
        return None
    if not math.isfinite(width):
        missing = [side.latency_s.response.needs_s.get(quantile) for side in (before, after)]
        return max((seconds for seconds in missing if seconds is not None), default=None)
    seconds = min(side.end_s - (side.settled_at_s or side.start_s) for side in (before, after))
    return max(1.0, seconds * ((width / 2 / wanted(change, margin)) ** 2 - 1))


def _needs_words(needs_s: float | None) -> str:
    return "" if needs_s is None else f"; needs about {needs_s:.0f} s more"
