"""A segment's state in figures and words: how far it is from settled, and why it is not there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from engine.figures import Backlog, Hindsight, SegmentState, Steadiness, WarmUp
from engine.stats.overload import Growth
from engine.stats.settle import MARGIN, WINDOW, Detector
from engine.stats.steady import Unsteady

SERIES: Final = ("the median", "the mean", "throughput")
"""What the detectors of a segment watch, in their order."""

_THIRD: Final = 3
_LONGEST_ETA_S: Final = 3600.0
"""What is further away than this will not be waited for."""


class Shift(Struct, frozen=True):
    """A jump to another level: when, in seconds since the run began, and by what difference of logarithms."""

    at_s: float
    size: float


def steadiness(
    state: SegmentState,
    detectors: Sequence[Detector],
    *,
    point_s: float,
    shift: Shift | None,
    unsteady: Unsteady | None,
    settle_s: float | None,
    warmup: WarmUp | None,
    hindsight: Hindsight | None = None,
) -> Steadiness:
    """Return what stands behind a segment's state.

    Args:
        state: The state.
        detectors: Of the median, of the mean and, in a closed loop, of throughput.
        point_s: Seconds between two of their points.
        shift: The last one, if there was any.
        unsteady: Why there is no steady state, where there is none.
        settle_s: How long it took to settle, if it did.
        warmup: What starting cost, if it has settled.
        hindsight: What it turned out to be, if it is over.
    """
    # The one that is looked at last knows least; where all have settled, all have been looked at.
    worst = max(range(len(detectors)), key=lambda at: (detectors[at].state != "settled", detectors[at].unsure))
    detector = detectors[worst]
    direction = _direction(detectors[0]) if state in ("starting", "warming", "shifted") else None
    looked = detector.window > 0
    per_min_pct = _pct(detector.drift * 60 / (detector.window * point_s)) if looked else None
    unsure_pct = _pct(detector.unsure) if looked else None
    eta_s = _eta_s(detectors, point_s) if state in ("settling", "noisy", "no-steady-state") else None
    if unsteady is not None and unsteady.why != "noisy":
        eta_s = None
    period_s = None if unsteady is None or unsteady.period is None else unsteady.period * point_s
    return Steadiness(
        reason=_reason(
            state,
            name=SERIES[worst],
            direction=direction,
            per_min_pct=per_min_pct,
            unsure_pct=unsure_pct,
            shift=shift,
            unsteady=unsteady,
            point_s=point_s,
        ),
        progress=1.0 if state == "settled" else min(each.progress for each in detectors),
        eta_s=eta_s,
        settle_s=settle_s,
        direction=direction,
        drift_pct_per_min=per_min_pct,
        unsure_pct=unsure_pct,
        shift_pct=None if shift is None else _pct(shift.size),
        shift_at_s=None if shift is None else shift.at_s,
        period_s=period_s,
        warmup=warmup,
        hindsight=hindsight,
    )


def overloaded(growth: Growth) -> Steadiness:
    """Return what stands behind an overload: nothing else is of interest then."""
    return Steadiness(
        reason=f"{growth.growth_rps:,.0f} requests/s more are due than are answered; "
        f"the target can do about {growth.capacity_rps:,.0f}/s".replace(",", " "),
        backlog=Backlog(
            requests=growth.backlog, growth_rps=growth.growth_rps, capacity_rps=growth.capacity_rps
        ),
    )


def _reason(
    state: SegmentState,
    *,
    name: str,
    direction: str | None,
    per_min_pct: float | None,
    unsure_pct: float | None,
    shift: Shift | None,
    unsteady: Unsteady | None,
    point_s: float,
) -> str:
    margin = 100 * MARGIN
    if state == "shifted" and shift is not None:
        return f"latency moved by {_pct(shift.size):+.0f} %, and is settling anew"
    if state == "warming" and direction is not None:
        return f"latency is still {direction}"
    if state == "settling" and unsure_pct is not None:
        return f"drift of {name} is known to {_within(unsure_pct)}, {margin:.0f} % is needed"
    if state == "drifting" and per_min_pct is not None:
        return f"{name} drifts by {per_min_pct:+.1f} % a minute"
    if state == "noisy" and unsure_pct is not None:
        return f"{name} varies so much that its drift is known to {_within(unsure_pct)} only"
    if state == "no-steady-state" and unsteady is not None:
        if unsteady.period is not None:
            period_s = unsteady.period * point_s
            return f"{name} cycles with a period of {period_s:.0f} s: measure whole periods"
        if unsteady.why == "drifting":
            return f"{name} drifts by {_pct(unsteady.drift * 60 / (unsteady.points * point_s)):+.1f} % a minute"
        return f"{name} varies so much that its drift is known to {_within(_pct(unsteady.unsure))} only"
    return ""


def _within(percent: float) -> str:
    return f"±{percent:.1f} %" if percent < 10 else f"±{percent:.0f} %" if percent < 100 else "over ±100 %"


def _direction(detector: Detector) -> Literal["rising", "falling"] | None:
    """Return whether the last third of the points is above the first."""
    points = detector.points[-2 * WINDOW :]
    third = points.size // _THIRD
    if not third:
        return None
    return "rising" if points[-third:].mean() > points[:third].mean() else "falling"


def _eta_s(detectors: Sequence[Detector], point_s: float) -> float | None:
    remaining = [detector.remaining for detector in detectors]
    known = [points for points in remaining if points is not None]
    if len(known) < len(remaining):
        return None
    eta_s = math.ceil(max(known) * point_s)
    return float(eta_s) if eta_s <= _LONGEST_ETA_S else None


def _pct(size: float) -> float:
    return 100 * math.expm1(size)
