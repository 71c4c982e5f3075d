"""Several sessions at one operating point: who is out and why, who cannot be beaten, and who wins by weights.

First objectives eliminate, and figures that are not the target's. Of the rest, one is dominated where another
is no worse in throughput, p99 and memory and better in at least one; those that are not are the Pareto front.
The score is a weighted sum in which the best of the rest has 1 in each measure and the others their ratio to
it, so that twice the latency is half the points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from engine.figures import SegmentFigures
from engine.stats.slo import SloFigures, judge_all
from engine.stats.verdict import compare
from sessions.compare.model import Candidate, Ranking, Standing
from sessions.compare.pair import errors_of
from sessions.compare.weights import MEASURES
from sessions.words import is_bound

FRONT: Final = ("qps", "p99", "rss")
STEP: Final = math.log(1.01)
"""Differences below some 1 % are nobody's advantage: throughputs of an open loop are never quite the same."""

NAMES: Final = {"qps": "throughput", "rss": "memory", "cpu": "CPU"}


class Entry(Struct, frozen=True):
    """A session's name, and its segment at the operating point."""

    name: str
    figures: SegmentFigures


def rank(
    settings: str,
    entries: Sequence[Entry],
    weights: Mapping[str, float],
    slos: Sequence[str] = (),
    *,
    lenient: bool = False,
) -> Ranking:
    """Return all of them, the best first, the rejected last.

    Args:
        settings: The operating point in words.
        entries: The sessions; the first is what the others are compared with.
        weights: As `sessions.compare.weights.parse_weights` returns them.
        slos: Objectives that eliminate.
        lenient: Whether they let pass what there are not enough data to judge.
    """
    judged = [judge_all(slos, entry.figures, lenient=lenient) for entry in entries]
    needed = [name for name in dict.fromkeys((*FRONT, *weights)) if name != "rss"]
    why = [_why_out(entry.figures, outcomes, needed) for entry, outcomes in zip(entries, judged, strict=True)]
    left = [entry for entry, reason in zip(entries, why, strict=True) if not reason]
    seen = [name for name in FRONT if all(MEASURES[name].read(entry.figures) for entry in left)]
    counted, remarks = _counted(weights, left)
    scores = {entry.name: _score(entry, left, counted) for entry in left}
    masters = {entry.name: _master(entry, left, seen) for entry in left}
    front = [entry.name for entry in left if masters[entry.name] is None]
    best = max(front, key=lambda name: scores[name], default=None)
    rows = [
        _candidate(
            entry,
            first=entries[0],
            slos=outcomes,
            score=scores.get(entry.name),
            standing=_standing(entry.name, best, front, left=not reason),
            reason=reason or _words(entry.name, best, masters.get(entry.name)),
        )
        for entry, outcomes, reason in zip(entries, judged, why, strict=True)
    ]
    order: tuple[Standing, ...] = ("best", "front", "dominated", "rejected")
    rows.sort(key=lambda row: (order.index(row.standing), -(row.score or 0.0)))
    return Ranking(settings=settings, weights=counted, remarks=tuple(remarks), candidates=tuple(rows))


def _why_out(figures: SegmentFigures, slos: Sequence[SloFigures], needed: Sequence[str]) -> str:
    """Return why a candidate cannot be considered, "" where it can."""
    if not figures.requests:
        return "no request was answered"
    if figures.client.verdict == "client-bound":
        return "CLIENT-BOUND: its figures are the generator's"
    failed = [slo for slo in slos if not slo.passed]
    if failed:
        return "; ".join(_missed(slo) for slo in failed)
    if figures.state == "overloaded":
        return "OVERLOADED: its latencies say how long it was watched"
    for name in needed:
        if MEASURES[name].read(figures) is None:
            return f"{NAMES.get(name, name)} is not known"
        field = name.replace(".", "")
        if name.startswith("p") and is_bound(figures.latency_s.response, field):
            return f"of {name} only a lower bound is known: requests without an answer lie there"
    return ""


def _missed(slo: SloFigures) -> str:
    if slo.verdict == "missed":
        return f"misses {slo.expr}"
    return f"cannot be held to {slo.expr}: {slo.reason}"


def _counted(weights: Mapping[str, float], left: Sequence[Entry]) -> tuple[dict[str, float], list[str]]:
    """Return the weights of what is known of all; memory that one of them does not show counts for none."""
    if not left:
        return {}, []
    known = {
        name: weight
        for name, weight in weights.items()
        if weight and all(MEASURES[name].read(entry.figures) for entry in left)
    }
    total = math.fsum(known.values())
    dropped = [NAMES.get(name, name) for name, weight in weights.items() if weight and name not in known]
    remarks = [f"{name} does not count: it is not known of all" for name in dropped]
    return ({name: weight / total for name, weight in known.items()} if total else {}), remarks


def _score(entry: Entry, left: Sequence[Entry], weights: Mapping[str, float]) -> float:
    return math.fsum(weight * _points(name, entry, left) for name, weight in weights.items())


def _points(name: str, entry: Entry, left: Sequence[Entry]) -> float:
    measure = MEASURES[name]
    mine = measure.read(entry.figures) or math.nan
    values = [measure.read(other.figures) or math.nan for other in left]
    return mine / max(values) if measure.more_is_better else min(values) / mine


def _master(entry: Entry, left: Sequence[Entry], names: Sequence[str]) -> str | None:
    """Return the name of one that dominates a candidate, None where there is none."""
    mine = _steps(entry, names)
    for other in left:
        theirs = _steps(other, names)
        if theirs != mine and all(them >= me for them, me in zip(theirs, mine, strict=True)):
            return other.name
    return None


def _steps(entry: Entry, names: Sequence[str]) -> tuple[int, ...]:
    """Return measures in steps of about 1 %, more being better: rounded, so that better is transitive."""
    signs = [1 if MEASURES[name].more_is_better else -1 for name in names]
    values = [MEASURES[name].read(entry.figures) or 1.0 for name in names]
    return tuple(sign * round(math.log(value) / STEP) for sign, value in zip(signs, values, strict=True))


def _standing(name: str, best: str | None, front: Sequence[str], *, left: bool) -> Standing:
    if not left:
        return "rejected"
    if name == best:
        return "best"
    return "front" if name in front else "dominated"


def _words(name: str, best: str | None, master: str | None) -> str:
    if master is not None:
        return f"dominated by {master}: no better in anything, worse in something"
    return "" if name == best else "on the front, with a lower score"


def _candidate(
    entry: Entry,
    *,
    first: Entry,
    slos: tuple[SloFigures, ...],
    score: float | None,
    standing: Standing,
    reason: str,
) -> Candidate:
    figures = entry.figures
    response = figures.latency_s.response
    low, high = response.ci95.get("p99", (None, None))
    failed, total = errors_of(figures)
    return Candidate(
        name=entry.name,
        standing=standing,
        reason=reason,
        score=score,
        segment=figures.index,
        throughput_rps=figures.throughput_rps,
        p50_s=response.p50,
        p99_s=response.p99,
        p99_low_s=low,
        p99_high_s=high,
        rss_bytes=MEASURES["rss"].read(figures),
        cpu_pct=figures.target.cpu_pct,
        errors=failed / total if total else 0.0,
        slos=slos,
        against_first=None if entry is first else compare(first.figures, figures, quantile="p99").kind,
    )
