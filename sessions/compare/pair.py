"""Two sessions: each operating point that both have gets its verdicts, and all of them together an outcome.

The percentile that was asked for (p99 unless said otherwise) and throughput decide, as they were chosen before
anybody looked; of the other figures one in twenty differs by chance, so those are shown and do not decide. A
target that refuses quickly would look fast: clearly more errors are worse, whatever the latencies say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from engine.figures import SegmentFigures
from engine.histogram import QUANTILES
from engine.stats.slo import wilson
from engine.stats.verdict import Verdict, compare
from sessions.compare.model import Change, Outcome, Point
from sessions.words import QUANTILE_LABELS

SHOWN: Final = ("p50", "p90", "p99", "p99.9")
_FIELDS: Final = {label: field for field, label in QUANTILE_LABELS.items()}


def compare_point(settings: str, before: SegmentFigures, after: SegmentFigures, *, quantile: str) -> Point:
    """Return what two segments of the same settings say of each other."""
    judged = _deciders(before, after, quantile)
    others = [name for name in SHOWN if name not in judged]
    changes = [_judged(name, before, after, decides=name in judged) for name in _in_order([*judged, *others])]
    errors = _errors(before, after)
    outcome = _outcome([change for change in changes if change.decides], worse_errors=_more(before, after))
    reasons = dict.fromkeys(reason for change in changes if change.decides for reason in change.reasons)
    if _more(before, after):
        reasons = {"there are more errors than before": None, **reasons}
    return Point(
        settings=settings,
        before_segment=before.index,
        after_segment=after.index,
        outcome=outcome,
        reasons=tuple(reasons),
        changes=(*changes, errors, *_machine(before, after)),
    )


def overall(points: Sequence[Point]) -> Outcome:
    """Return what all operating points come to: one that is worse is enough, one that is unclear too."""
    outcomes = {point.outcome for point in points}
    if not outcomes or outcomes == {"not-comparable"}:
        return "not-comparable"
    if "worse" in outcomes:
        return "worse"
    if outcomes & {"cannot-tell", "not-comparable"}:
        return "cannot-tell"
    return "better" if "better" in outcomes else "same"


def direction(change: Change) -> Outcome:
    """Return which way a judged figure went."""
    if change.verdict in ("real", "changed") and change.ratio is not None:
        more = change.ratio > 1
        return "better" if more == (change.metric == "throughput") else "worse"
    return (
        "same"
        if change.verdict == "same"
        else ("not-comparable" if change.verdict == "not-comparable" else "cannot-tell")
    )


def errors_of(segment: SegmentFigures) -> tuple[int, int]:
    """Return the requests that got no answer or one of status 400 and above, and all requests."""
    lost = sum(segment.errors.values())
    refused = sum(number for status, number in segment.statuses.items() if status[:1] in ("4", "5"))
    return lost + refused, lost + segment.requests


def _deciders(before: SegmentFigures, after: SegmentFigures, quantile: str) -> list[str]:
    # A report of an older version has no interval of its throughput, and then nothing can be decided by it.
    known = before.throughput_ci95_rps and after.throughput_ci95_rps
    return ["throughput", quantile] if known else [quantile]


def _in_order(names: Sequence[str]) -> list[str]:
    order = ["throughput", *(QUANTILE_LABELS[name] for name in QUANTILES)]
    every = [*names] if "throughput" in names else ["throughput", *names]
    return sorted(every, key=order.index)


def _judged(name: str, before: SegmentFigures, after: SegmentFigures, *, decides: bool) -> Change:
    verdict = compare(before, after, quantile=name)
    first, second = (_value(side, name) for side in (before, after))
    known = first and second and verdict.kind != "not-comparable"
    return Change(
        metric=name,
        before=first,
        after=second,
        ratio=second / first if first and second and known else None,
        low=_end(verdict, verdict.low),
        high=_end(verdict, verdict.high),
        verdict=verdict.kind if decides or _has_interval(verdict) else None,
        decides=decides,
        needs_s=verdict.needs_s,
        reasons=verdict.reasons,
    )


def _has_interval(verdict: Verdict) -> bool:
    return verdict.low > 0 and math.isfinite(verdict.high)


def _end(verdict: Verdict, value: float) -> float | None:
    return value if math.isfinite(value) and value > 0 else None


def _value(segment: SegmentFigures, name: str) -> float | None:
    if name == "throughput":
        return segment.throughput_rps
    value: float | None = getattr(segment.latency_s.response, _FIELDS[name])
    return value


def _outcome(deciders: Sequence[Change], *, worse_errors: bool) -> Outcome:
    ways = {direction(change) for change in deciders}
    if "not-comparable" in ways:
        return "not-comparable"
    if worse_errors or "worse" in ways:
        return "worse"
    if "cannot-tell" in ways:
        return "cannot-tell"
    return "better" if "better" in ways else "same"


def _errors(before: SegmentFigures, after: SegmentFigures) -> Change:
    first, second = (_share(side) for side in (before, after))
    return Change(metric="errors", before=first, after=second, ratio=_ratio(first, second))


def _more(before: SegmentFigures, after: SegmentFigures) -> bool:
    """Return whether errors are more by more than chance: their 95 % intervals do not meet."""
    (first, first_all), (second, second_all) = errors_of(before), errors_of(after)
    if not first_all or not second_all:
        return False
    return wilson(second, second_all)[0] > wilson(first, first_all)[1]


def _share(segment: SegmentFigures) -> float | None:
    failed, total = errors_of(segment)
    return failed / total if total else None


def _machine(before: SegmentFigures, after: SegmentFigures) -> list[Change]:
    rows = []
    for metric, read in (
        ("cpu", lambda side: side.target.cpu_pct),
        ("rss", lambda side: side.target.rss_bytes.max if side.target.rss_bytes else None),
        ("gc", lambda side: _gc_per_s(side)),
        ("gc pause", lambda side: side.target.gc.pause_s.max if side.target.gc else None),
    ):
        first, second = read(before), read(after)
        if first is not None or second is not None:
            rows.append(Change(metric=metric, before=first, after=second, ratio=_ratio(first, second)))
    return rows


def _gc_per_s(segment: SegmentFigures) -> float | None:
    span_s = segment.end_s - segment.start_s
    return segment.target.gc.count / span_s if segment.target.gc and span_s > 0 else None


def _ratio(first: float | None, second: float | None) -> float | None:
    return second / first if first and second else None
