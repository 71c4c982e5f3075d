"""What a screen needs beyond `sessions.format`: figures that move all the time, and text that must fit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final
from unicodedata import category

from rich.cells import cell_len

from engine.figures import Event, Latency, SegmentFigures
from engine.histogram import MINIMUM_SAMPLES
from engine.plan import Load
from sessions.format import change_words, clock, count, digits, plural, setting
from sessions.words import NO_FIGURE, is_bound

CUT: Final = "…"
"""Stands where text was cut."""

NICE_STEPS: Final = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def rate(value: float) -> str:
    """Return a measured rate: whole from 100 on, so that it is seen to move; at most nine characters."""
    if value >= 9_999_999.5:
        return f"{value / 1e6:.2f}M"
    if value >= 99.95:
        return count(value)
    return "0" if value < 0.05 else f"{value:.1f}"


def axis_number(value: float) -> str:
    """Return a number in at most five characters, for the label of an axis: `140k`."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{suffix}"
    return f"{value:.3g}"


def milliseconds(seconds: float | None) -> str:
    """Return a latency as a number of milliseconds, or the sign for too few samples.

    One unit for all, so that the eye can compare down a column: 0.087, 0.25, 1.14, 12.3, 1 234.
    """
    if seconds is None:
        return NO_FIGURE
    value = seconds * 1e3
    if value >= 999.5:
        return count(value)
    return digits(value, 2 if value < 1 else 3)


def bare(latency: Latency, name: str) -> str:
    """Return a percentile as a number of milliseconds, marked where it is only a lower bound.

    Args:
        latency: The figures.
        name: Field of `Latency`.
    """
    value: float | None = getattr(latency, name)
    return f"{'≥' if is_bound(latency, name) else ''}{milliseconds(value)}"


def amount(latency: Latency, name: str) -> str:
    """Return a figure of a latency with its unit, or how many answers it still needs: `…269 more`.

    Args:
        latency: The figures.
        name: Field of `Latency`.
    """
    value: float | None = getattr(latency, name)
    if value is not None:
        return f"{bare(latency, name)} ms"
    missing = MINIMUM_SAMPLES.get(name, 1) - latency.count
    return f"{NO_FIGURE}{count(missing)} more" if missing > 0 else NO_FIGURE


def percent(value: float) -> str:
    """Return a percentage as a whole number, `171 %`: what moves all the time is not read finer."""
    return f"{value:.0f} %"


def ago(seconds: float) -> str:
    """Return how long ago something was, in words."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s ago"
    return f"{seconds:.0f} s ago" if seconds < 100 else f"{clock(seconds)} ago"


def nice_top(value: float) -> float:
    """Return the next round number at or above a value, for the top of a zero-based axis."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in NICE_STEPS if value <= step * power * (1 + 1e-9)), 10 * power)


def clean(text: str) -> str:
    """Return foreign text that is safe to paint: one line, no control character, one cell a character.

    An answer's text comes from the server under load; an escape sequence in it would reach the terminal.
    Wide and combining characters would shift the rest of the row, and become a middle dot.
    """
    kept = []
    for character in text:
        if category(character) in UNPRINTABLE:
            kept.append(" ")
        else:
            kept.append(character if cell_len(character) == 1 else "·")
    return " ".join("".join(kept).split())


def fit(text: str, width: int) -> str:
    """Return the text cut to a width, with a sign where something was cut."""
    if len(text) <= width:
        return text
    return text[: max(0, width - 1)] + CUT if width > 0 else ""


def wrapped(text: str, width: int) -> list[str]:
    """Return the text in lines of at most a width, broken at blanks."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(fit(word, width))
    return lines


def join_fitting(parts: Iterable[str], width: int, gap: str = "   ") -> str:
    """Return as many of the parts, in order, as fit whole into a width."""
    line = ""
    for part in parts:
        longer = f"{line}{gap}{part}" if line else part
        if len(longer) > width:
            break
        line = longer
    return line


def load_words(load: Load, connections: int | None = None, *, noun: str = "connection") -> str:
    """Return a load in words: `closed, 256 connections`, `open, 20 000/s poisson, 37 of at most 4 096 ...`.

    Args:
        load: It.
        connections: How many are open, where that is known; in an open loop that is as many as it needs.
        noun: What a connection is called where there is little room.
    """
    if load.mode == "closed":
        return f"closed, {plural(load.concurrency, noun)}"
    asked = " ".join(filter(None, (f"{setting(load.rate or 0)}/s", load.arrivals)))
    had = "" if connections is None else f"{count(connections)} of "
    return f"open, {asked}, {had}at most {plural(load.concurrency, noun)}"


def event_words(event: Event) -> str:
    """Return an event without its time: its kind, and what is known of it."""
    words = clean(event.text)
    if event.before is not None and event.after is not None:
        change = change_words(event.before, event.after)
        words = f"{change}  {words}".strip() if words != change else change
    return f"{clean(event.kind)} {words}".strip()


def failures(figures: SegmentFigures) -> int:
    """Return how many requests got no answer, or one with a status of 400 and above."""
    refused = sum(number for status, number in figures.statuses.items() if status[:1] in ("4", "5"))
    return refused + sum(figures.errors.values())
