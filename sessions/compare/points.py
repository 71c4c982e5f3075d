"""Operating points: segments matched by what was asked of them, across sessions."""

from __future__ import annotations

from collections.abc import Sequence

from engine.figures import SegmentFigures
from engine.plan import Load
from sessions.compare.model import Points, Settings
from sessions.format import load_short
from sessions.model import Session


def settings_of(load: Load) -> Settings:
    """Return what makes two loads the same: of an open loop its rate and gaps, not how many connections it
    was allowed; of a closed one its connections."""
    if load.mode == "open":
        return (load.mode, load.rate or 0.0, load.arrivals or "")
    return (load.mode, float(load.concurrency), "")


def points_of(session: Session) -> Points:
    """Return a session's operating points in the order of its segments.

    Where a setting was come back to, the last segment that settled speaks for it, else the last that measured.
    """
    points: Points = {}
    for segment in session.segments:
        if not segment.requests and not segment.errors:
            continue
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
