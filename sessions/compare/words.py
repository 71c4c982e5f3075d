"""A comparison's cells in words, the same for text, Markdown and the screen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from engine.stats.verdict import KINDS, ratio_words
from sessions.compare.model import Candidate, Change, Comparison, Outcome, Point
from sessions.compare.pair import direction
from sessions.format import digits, duration, percent, rate, share, size, span
from sessions.words import Mood

HEADS: Final[Mapping[str, tuple[Mood, str]]] = {
    "better": ("good", "BETTER"),
    "worse": ("bad", "WORSE"),
    "same": ("good", "SAME"),
    "cannot-tell": ("warn", "CAN'T TELL"),
    "not-comparable": ("warn", "NOT COMPARABLE"),
    "ranked": ("good", "RANKED"),
    "none-left": ("bad", "NONE LEFT"),
}
"""Outcome to its mood and how it is shown."""

STANDINGS: Final[Mapping[str, str]] = {
    "best": "best",
    "front": "front",
    "dominated": "dominated",
    "rejected": "rejected",
}

CHANGE_TITLES: Final = ("", "before", "after", "change (95 %)", "verdict")
CANDIDATE_TITLES: Final = (
    *("", "session", "req/s", "p50", "p99", "p99 interval", "memory", "CPU", "errors", "score"),
    *("against first", "reason"),
)

_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "throughput": lambda value: f"{rate(value)}/s",
    "errors": lambda value: share(value, 1.0),
    "cpu": percent,
    "rss": size,
    "gc": lambda value: f"{digits(value)}/s",
}
_NAMES: Final = {"rss": "memory", "cpu": "CPU", "gc": "GC", "gc pause": "GC pause, longest"}


def change_cells(change: Change) -> tuple[str, ...]:
    """Return a figure's row, a cell for each of CHANGE_TITLES."""
    unit = _UNITS.get(change.metric, duration)
    before, after = ("" if value is None else unit(value) for value in (change.before, change.after))
    return (_NAMES.get(change.metric, change.metric), before, after, ratio(change), verdict_words(change))


def verdict_words(change: Change) -> str:
    """Return a figure's verdict, in brackets where it does not decide."""
    if change.verdict is None:
        return ""
    words = KINDS[change.verdict]
    way = direction(change)
    if way in ("better", "worse"):
        words = f"{words}, {way}"
    if change.decides and change.needs_s is not None and change.verdict == "cannot-tell":
        words = f"{words}, needs about {span(change.needs_s)} more"
    return words if change.decides else f"({words})"


def change_mood(change: Change) -> Mood:
    """Return the mood of a figure's row."""
    return HEADS[direction(change)][0] if change.decides else "plain"


def point_head(point: Point) -> tuple[Mood, str]:
    """Return an operating point's heading with its mood."""
    mood, words = HEADS[point.outcome]
    return mood, f"{point.settings}: {words}"


def outcome_mood(outcome: Outcome | str) -> Mood:
    """Return the mood of an outcome."""
    return HEADS[outcome][0]


def candidate_cells(candidate: Candidate) -> tuple[str, ...]:
    """Return a candidate's row, a cell for each of CANDIDATE_TITLES."""
    low, high = candidate.p99_low_s, candidate.p99_high_s
    return (
        STANDINGS[candidate.standing],
        candidate.name,
        rate(candidate.throughput_rps),
        _known(candidate.p50_s, duration),
        _known(candidate.p99_s, duration),
        f"{duration(low)} - {duration(high)}" if low is not None and high is not None else "",
        _known(candidate.rss_bytes, size),
        _known(candidate.cpu_pct, percent),
        share(candidate.errors, 1.0) if candidate.errors else "0",
        _known(candidate.score, lambda value: f"{value:.3f}"),
        "" if candidate.against_first is None else KINDS[candidate.against_first],
        candidate.reason,
    )


def weights_words(weights: Mapping[str, float]) -> str:
    """Return weights as they are written."""
    return ", ".join(f"{name} {weight:.3g}" for name, weight in weights.items())


def sides(comparison: Comparison) -> list[str]:
    """Return what stands above each session: before and after, or its number among several."""
    if len(comparison.sessions) == 2:
        return ["before", "after"]
    return [str(number) for number in range(1, len(comparison.sessions) + 1)]


def ratio(change: Change) -> str:
    """Return how much a figure changed, with the interval where it has one: `+12 % (+9 to +15)`."""
    if change.ratio is None:
        return ""
    logs = [math.log(value) if value else math.inf for value in (change.ratio, change.low, change.high)]
    if change.verdict is None or (change.low is None and change.high is None):
        return ratio_words(logs[0], 0.0, 0.0).partition(" (")[0]
    return ratio_words(*logs)


def _known(value: float | None, words: Callable[[float], str]) -> str:
    return "" if value is None else words(value)
