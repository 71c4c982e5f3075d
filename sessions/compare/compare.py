"""From sessions to a comparison: what differs beside them, what can be matched, and what it comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from engine.errors import Exit
from sessions.compare.model import Comparison, Point, Points, Settings, Side
from sessions.compare.pair import compare_point, direction, overall
from sessions.compare.points import common, modes_of, points_of, words_of
from sessions.compare.ranking import Entry, rank
from sessions.compare.words import HEADS, ratio
from sessions.differences import differences
from sessions.model import Session

EXITS: Final[Mapping[str, Exit]] = {
    "better": Exit.OK,
    "same": Exit.OK,
    "ranked": Exit.OK,
    "worse": Exit.WORSE,
    "cannot-tell": Exit.CANNOT_TELL,
    "not-comparable": Exit.NOT_COMPARABLE,
    "none-left": Exit.SLO_MISSED,
}
"""Outcome of a comparison to the exit code that it ends with."""


def compare_sessions(
    sessions: Sequence[Session],
    *,
    quantile: str = "p99",
    weights: Mapping[str, float],
    slos: Sequence[str] = (),
    lenient: bool = False,
    ranked: bool = False,
) -> Comparison:
    """Return what two or more sessions say of each other.

    Args:
        sessions: The first is what the others are compared with.
        quantile: The percentile that decides, such as "p99".
        weights: What counts how much in a ranking.
        slos: Objectives that eliminate from a ranking.
        lenient: Whether they let pass what there are not enough data to judge.
        ranked: Whether two sessions are to be ranked too; more always are.
    """
    names = _names(sessions)
    all_points = [points_of(session) for session in sessions]
    shared = common(all_points)
    told = Comparison(
        outcome="not-comparable",
        words="",
        sessions=tuple(_side(session, name) for session, name in zip(sessions, names, strict=True)),
        differences=tuple(differences(sessions)),
        unmatched=tuple(_unmatched(names, all_points)),
    )
    if not shared:
        return replace(told, words=_why_not(names, all_points))
    if ranked or len(sessions) > 2:
        rankings = tuple(
            rank(
                words_of(all_points[0][settings]),
                [Entry(name, points[settings]) for name, points in zip(names, all_points, strict=True)],
                weights,
                slos,
                lenient=lenient,
            )
            for settings in shared
        )
        told = replace(told, rankings=rankings)
    return _ranked(told) if len(sessions) > 2 else _paired(told, all_points, shared, quantile)


def _ranked(told: Comparison) -> Comparison:
    winners = [
        (ranking.settings, ranking.candidates[0].name)
        for ranking in told.rankings
        if ranking.candidates[0].standing == "best"
    ]
    if not winners:
        return replace(told, outcome="none-left", words="NONE LEFT: every session is rejected")
    return replace(told, outcome="ranked", words=_best_words(winners, of=len(told.rankings)))


def _paired(
    told: Comparison, all_points: Sequence[Points], shared: Sequence[Settings], quantile: str
) -> Comparison:
    before, after = all_points
    points = tuple(
        compare_point(words_of(before[settings]), before[settings], after[settings], quantile=quantile)
        for settings in shared
    )
    outcome = overall(points)
    everywhere = [reason for reason in points[0].reasons if all(reason in point.reasons for point in points)]
    return replace(
        told, outcome=outcome, words=_pair_words(outcome, points), remarks=tuple(everywhere), points=points
    )


def _side(session: Session, name: str) -> Side:
    return Side(
        name=name, id=session.id, created=session.created, target=session.plan.target, note=session.note
    )


def _names(sessions: Sequence[Session]) -> list[str]:
    """Return what sessions are called; where two are called the same, their ids tell them apart."""
    called = [session.name or session.id for session in sessions]
    if len(set(called)) == len(called):
        return called
    told_apart = [f"{name} ({session.id[-6:]})" for name, session in zip(called, sessions, strict=True)]
    if len(set(told_apart)) == len(told_apart):
        return told_apart
    return [f"{name} {place}" for place, name in enumerate(called, start=1)]


def _unmatched(names: Sequence[str], all_points: Sequence[Points]) -> list[str]:
    shared = set(common(all_points))
    lines = []
    for name, points in zip(names, all_points, strict=True):
        only = [words_of(segment) for settings, segment in points.items() if settings not in shared]
        if only:
            lines.append(f"{name}: {', '.join(only)}")
    return lines


def _why_not(names: Sequence[str], all_points: Sequence[Points]) -> str:
    empty = [name for name, points in zip(names, all_points, strict=True) if not points]
    if empty:
        return f"NOT COMPARABLE: nothing was measured in {', '.join(empty)}"
    modes = [modes_of(points) for points in all_points]
    if not set.intersection(*modes):
        kinds = ", ".join(
            f"{name} is {' and '.join(sorted(mode))}" for name, mode in zip(names, modes, strict=True)
        )
        return f"NOT COMPARABLE: open and closed loops measure different things ({kinds})"
    return "NOT COMPARABLE: they have no operating point in common; measure both at the same load"


def _pair_words(outcome: str, points: Sequence[Point]) -> str:
    """Return the outcome with the figure that says it most clearly, and where."""
    _, head = HEADS[outcome]
    named = [point for point in points if point.outcome == outcome]
    told = [
        (abs(math.log(change.ratio)), change, point)
        for point in named
        for change in point.changes
        if change.decides and change.ratio and (direction(change) == outcome)
    ]
    if not told:
        return head
    _, change, point = max(told, key=lambda one: one[0])
    of_all = f"; so at {len(named)} of {len(points)} operating points" if len(points) > 1 else ""
    return f"{head}: {change.metric} {ratio(change)} at {point.settings}{of_all}"


def _best_words(winners: Sequence[tuple[str, str]], *, of: int) -> str:
    if len({name for _, name in winners}) == 1 and len(winners) == of:
        return f"BEST: {winners[0][1]}"
    return "BEST: " + ", ".join(f"{name} at {settings}" for settings, name in winners)
