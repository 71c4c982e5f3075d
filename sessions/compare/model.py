"""What a comparison says, and the shape of its JSON. Times are seconds, sizes bytes, changes are ratios."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from engine.figures import SegmentFigures
from engine.stats.slo import SloFigures
from engine.stats.verdict import Kind

SCHEMA: Final = "loadtop.comparison/1"

Outcome: TypeAlias = Literal["better", "worse", "same", "cannot-tell", "not-comparable"]
Standing: TypeAlias = Literal["best", "front", "dominated", "rejected"]


class Side(Struct, frozen=True, kw_only=True):
    """One of the sessions."""

    name: str
    id: str
    created: str
    target: str
    note: str = ""


class Difference(Struct, frozen=True, kw_only=True):
    """Something beside the figures that is not the same in all sessions.

    `weighty`: it may by itself explain a difference of figures; else it says what was compared.
    """

    what: str
    values: tuple[str, ...]
    weighty: bool


class Change(Struct, frozen=True, kw_only=True):
    """One figure at one operating point, before and after, with its verdict."""

    metric: str
    before: float | None = None
    after: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    """Ends of the ratio's 95 % interval; None where an end is open."""
    verdict: Kind | None = None
    """None for figures that are shown without being judged."""
    decides: bool = False
    needs_s: float | None = None
    reasons: tuple[str, ...] = ()


class Point(Struct, frozen=True, kw_only=True):
    """An operating point that both sessions have."""

    settings: str
    before_segment: int
    after_segment: int
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


class Candidate(Struct, frozen=True, kw_only=True):
    """A session at one operating point, among others."""

    name: str
    standing: Standing
    reason: str = ""
    score: float | None = None
    segment: int
    throughput_rps: float
    p50_s: float | None = None
    p99_s: float | None = None
    p99_low_s: float | None = None
    p99_high_s: float | None = None
    rss_bytes: float | None = None
    cpu_pct: float | None = None
    errors: float = 0.0
    slos: tuple[SloFigures, ...] = ()
    against_first: Kind | None = None
    """Whether its p99 differs from the first session's; None for the first itself."""


class Ranking(Struct, frozen=True, kw_only=True):
    """All sessions at one operating point, the best first."""

    settings: str
    weights: dict[str, float] = {}
    remarks: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()


class Comparison(Struct, frozen=True, kw_only=True):
    """All of it."""

    schema: Literal["loadtop.comparison/1"] = SCHEMA
    outcome: Outcome | Literal["ranked", "none-left"]
    words: str
    sessions: tuple[Side, ...]
    differences: tuple[Difference, ...] = ()
    remarks: tuple[str, ...] = ()
    """What is to be borne in mind at every operating point."""
    points: tuple[Point, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Operating points that not all sessions have, in words."""
    rankings: tuple[Ranking, ...] = ()


Settings: TypeAlias = tuple[str, float, str]
"""What makes two loads the same: kind of loop, rate or connections, gaps."""

Points: TypeAlias = dict[Settings, SegmentFigures]
"""Operating points of a session: what its settings come to, and the segment that speaks for them."""
