"""Bars of block glyphs over a Timeline, zero-based, one tone a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui.format import nice_top
from tui.panels.glyphs import Glyphs
from tui.panels.line import Line, Span, Tone
from tui.panels.timeline import Timeline

LABEL: Final = 8
"""Columns right of every chart, for the label of its axis; the same for all, so that charts line up."""


def top_of(values: Sequence[float | None]) -> float:
    """Return the round number at the top of the axis for these values."""
    return nice_top(max((value for value in values if value is not None), default=0.0))


def cell(filled: float, glyphs: Glyphs) -> str:
    """Return the glyph of a cell that is filled to a share of 0 to 1."""
    full = len(glyphs.levels) - 1
    return glyphs.levels[max(0, min(full, round(filled * full)))]


def bars(
    time: Timeline, values: Sequence[float | None], height: int, top: float, tone: Tone, glyphs: Glyphs
) -> list[Line]:
    """Return the rows of a bar chart, the upper one first.

    A value above 0 is never invisible: it gets the lowest glyph at least. Rules run through all rows.
    """
    least = 1 / (len(glyphs.levels) - 1)
    scaled = [0.0 if not value else max(least, min(value / top, 1.0) * height) for value in values]
    rows: list[Line] = []
    for row in range(height - 1, -1, -1):
        spans: list[Span] = []
        run = ""
        for slot, value in zip(time.slots, scaled, strict=True):
            if slot.rule is None:
                run += cell(value - row, glyphs)
            else:
                spans += [(run, tone), ("│", "rule")]
                run = ""
        rows.append((*spans, (run, tone)))
    return rows


def labelled(row: Line, label: str) -> Line:
    """Return a chart's row with the label of its axis."""
    return (*row, (label.rjust(LABEL), "dim"))


def spark(values: Sequence[float | None], width: int, glyphs: Glyphs, top: float | None = None) -> str:
    """Return the newest values as one row without rules, zero-based, the newest in the last column."""
    kept = values[-width:] if width > 0 else []
    highest = top if top is not None else top_of(kept)
    least = 1 / (len(glyphs.levels) - 1)
    drawn = "".join(" " if not value else cell(max(least, value / highest), glyphs) for value in kept)
    return drawn.rjust(max(0, width))


def gauge(share: float, width: int, glyphs: Glyphs) -> str:
    """Return a horizontal bar of whole and half-open cells."""
    eighths = " ▏▎▍▌▋▊▉█" if not glyphs.plain else " -#"
    full = len(eighths) - 1
    filled = round(max(0.0, min(1.0, share)) * width * full)
    whole, rest = divmod(filled, full)
    bar = eighths[-1] * whole + (eighths[rest] if rest else "")
    return bar.ljust(width)
