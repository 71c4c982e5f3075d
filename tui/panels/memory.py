"""The target's memory over time, on the axis of latency's charts."""

from __future__ import annotations

from engine.figures import Second
from sessions.format import size
from tui.panels.base import Panel, View
from tui.panels.chart import LABEL, bars, labelled, top_of
from tui.panels.line import Line
from tui.panels.status import fitting
from tui.panels.timeline import worst


class Memory(Panel):
    """The figures of the moment, and a bar for the most resident memory of each column."""

    title = "memory"
    tabular = True

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the figures and the bars, or that nothing is known."""
        words = fitting(figures(view), width - (0 if view.framed else len(self.title) + 1))
        first: Line = words if view.framed else ((" " * (len(self.title) + 1), "text"), *words)
        if height == 1:
            return [first]
        return [first, *view.once(("memory", width, height), lambda: chart(view, width, height - 1))]


def figures(view: View) -> list[Line]:
    """Return resident memory and heap now."""
    process, gc = view.second.process, view.second.gc
    if process is None and (gc is None or gc.heap_bytes is None):
        return [(("the target's process is not seen", "dim"),)]
    parts: list[Line] = []
    if process is not None:
        parts.append((("rss ", "dim"), (size(process.rss_bytes), "text")))
        parts.append((("most ", "dim"), (size(process.rss_peak_bytes), "text")))
    if gc is not None and gc.heap_bytes is not None:
        parts.append((("heap ", "dim"), (size(gc.heap_bytes), "text")))
        if gc.goal_bytes is not None:
            parts.append((("goal ", "dim"), (size(gc.goal_bytes), "text")))
    return parts


def chart(view: View, width: int, height: int) -> list[Line]:
    """Return the bars; the axis begins at 0."""
    time = view.time(max(1, width - LABEL))
    values = time.values(worst(resident))
    if not any(values):
        return []
    top = top_of(values)
    rows = bars(time, values, height, top, "rss", view.glyphs)
    return [labelled(row, size(top) if index == 0 else "") for index, row in enumerate(rows)]


def resident(second: Second) -> float | None:
    """Return a second's resident memory."""
    return None if second.rss_bytes is None else float(second.rss_bytes)
