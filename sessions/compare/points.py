"""Operating points: segments matched by what was asked of them, across sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from engine.errors import UsageError
from engine.figures import SegmentFigures
from engine.plan import Load
from sessions.compare.model import Points, Settings
from sessions.format import load_short, segment_name
from sessions.model import Session

BEYOND: Final = 1e15
"""A file may hold any number; from here on it is none that was measured."""


def settings_of(load: Load) -> Settings:
    """Return what makes two loads the same: of an open loop its rate and gaps, not how many connections it
    was allowed; of a closed one its connections."""
    if load.mode == "open":
        return (load.mode, load.rate or 0.0, load.arrivals or "")
    return (load.mode, float(load.concurrency), "")


def points_of(session: Session) -> Points:
    """Return a session's operating points in the order of its segments.

    Where a setting was come back to, the last segment that settled speaks for it, else the last that measured.

    Raises:
        UsageError: There are figures below zero or beyond measure, of which no ratio can be made.
    """
    points: Points = {}
    for segment in session.segments:
        if not segment.requests and not segment.errors:
            continue
        if not all(0 <= figure < BEYOND for figure in _figures(segment)):
            raise UsageError(
                f"'{session.name or session.id}' is damaged: {segment_name(segment.index)} has figures "
                "that nothing can have"
            )
        settings = settings_of(segment.load)
        known = points.get(settings)
        if known is None or segment.state == "settled" or known.state != "settled":
            points[settings] = segment
    return points


def common(all_points: Sequence[Points]) -> list[Settings]:
    """Return the settings that all have, in the first one's order."""
    return [settings for settings in all_points[0] if all(settings in points for points in all_points)]


def words_of(segment: SegmentFigures) -> str:
    """Return an operating point as a heading."""
    return load_short(segment.load)


def modes_of(points: Points) -> set[str]:
    """Return the kinds of loop among operating points."""
    return {mode for mode, *_ in points}


def _figures(segment: SegmentFigures) -> Iterator[float]:
    """Yield the figures that ratios and intervals are made of."""
    response, target = segment.latency_s.response, segment.target
    yield from (segment.requests, segment.throughput_rps, segment.end_s - segment.start_s)
    yield from chain(segment.errors.values(), segment.statuses.values(), response.at_least.values())
    yield from chain.from_iterable(response.ci95.values())
    yield from segment.throughput_ci95_rps or ()
    values = (getattr(response, name) for name in response.__struct_fields__)
    yield from (value for value in values if isinstance(value, (int, float)))
    if target.rss_bytes is not None:
        yield target.rss_bytes.max
    if target.cpu_pct is not None:
        yield target.cpu_pct
    if target.gc is not None:
        yield from (target.gc.count, target.gc.pause_s.max or 0.0)
