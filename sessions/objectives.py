"""Objectives in words: a row for each, the same in every form of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from engine.stats.slo import SloFigures
from sessions.format import duration, rate, share, size
from sessions.words import Mood

WORDS: Final[dict[str, tuple[Mood, str]]] = {
    "met": ("good", "met"),
    "missed": ("bad", "MISSED"),
    "not-enough-data": ("warn", "not enough data"),
}
_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "s": duration,
    "1/s": lambda value: f"{rate(value)}/s",
    "share": lambda value: share(value, 1.0),
    "bytes": size,
}


def outcome(slo: SloFigures) -> tuple[Mood, str]:
    """Return what became of an objective, with its mood."""
    mood, words = WORDS[slo.verdict]
    return (mood, f"{words}, let pass") if slo.lenient and slo.verdict == "not-enough-data" else (mood, words)


def figure(slo: SloFigures) -> str:
    """Return the figure that an objective is about with its interval, or ""."""
    if slo.value is None:
        return ""
    words = _UNITS[slo.unit]
    if slo.low is None or slo.high is None:
        return words(slo.value)
    return f"{words(slo.value)} ({words(slo.low)} - {words(slo.high)})"


def summary(slos: Sequence[SloFigures]) -> tuple[Mood, str]:
    """Return how many of the objectives were met, with its mood."""
    missed = [slo for slo in slos if not slo.passed]
    if missed:
        return "bad", f"{len(missed)} of {len(slos)} not met"
    return "good", "all met" if all(slo.verdict == "met" for slo in slos) else "none missed"
