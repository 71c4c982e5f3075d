"""Series that the user chose to see: `--probe URL#name`."""

from __future__ import annotations

from typing import Final

from engine.snapshot import Chosen
from sessions.words import NO_FIGURE
from tui.format import axis_number, clean, fit
from tui.panels.base import Panel, View
from tui.panels.chart import spark
from tui.panels.line import Line
from tui.panels.status import fitting

FIGURE: Final = 9
TREND: Final = 12
"""The fewest columns of a trend that is worth its place."""


class Extras(Panel):
    """A row for each series: its name, what it is worth, and its trend."""

    title = "series"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return as many series as there is room for, the rest as a number."""
        chosen = view.second.chosen
        if not chosen:
            return [(("none chosen: --probe URL#NAME", "dim"),)]
        if height == 1:
            parts: list[Line] = [((f"{clean(one.name)} ", "dim"), (figure(one), "strong")) for one in chosen]
            return [fitting([(("series", "title"),), *parts], width)]
        shown = chosen if len(chosen) <= height else chosen[: height - 1]
        longest = max(len(clean(one.name)) for one in shown)
        name = max(8, min(longest, width - FIGURE - TREND - 3))
        lines = [row(view, one, name, width) for one in shown]
        if len(shown) < len(chosen):
            lines.append(((f"and {len(chosen) - len(shown)} more", "dim"),))
        return lines


def row(view: View, one: Chosen, name: int, width: int) -> Line:
    """Return one series."""
    room = width - name - FIGURE - 3
    newest = view.second.seconds[-room:] if room > 0 else ()
    trend = spark([(second.series or {}).get(one.name) for second in newest], max(0, room), view.glyphs)
    return (
        (fit(clean(one.name), name).ljust(name), "dim"),
        (" ", "text"),
        (figure(one).ljust(FIGURE + 1), "strong"),
        (" ", "text"),
        (trend, "throughput"),
    )


def figure(one: Chosen) -> str:
    """Return what a series is worth, a second where it counts something."""
    if one.value is None:
        return NO_FIGURE
    sign = "-" if one.value < 0 else ""
    return f"{sign}{axis_number(abs(one.value))}{'/s' if one.a_second else ''}"
