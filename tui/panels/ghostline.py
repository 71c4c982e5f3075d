"""Another session as a line through a chart, and in words beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from engine.figures import Second
from engine.snapshot import Ghost
from tui.format import amount, clean, fit
from tui.panels.glyphs import Glyphs
from tui.panels.line import Line
from tui.panels.timeline import Timeline

LONGEST_NAME = 32


def ghost_values(
    time: Timeline, ghost: Ghost, pick: Callable[[Sequence[Second]], float | None]
) -> list[float | None]:
    """Return the ghost's value in each column of a time axis, None where it has none."""
    places = {
        int(slot.start_s // time.step_s): index
        for index, slot in enumerate(time.slots)
        if slot.start_s is not None and slot.rule is None
    }
    held: list[list[Second]] = [[] for _ in time.slots]
    for second in ghost.seconds:
        index = places.get(math.floor((second.t_s + ghost.shift_s + 1e-6) / time.step_s))
        if index is not None:
            held[index].append(second)
    return [pick(seconds) if seconds else None for seconds in held]


def with_ghost(rows: list[Line], values: Sequence[float | None], top: float, glyphs: Glyphs) -> list[Line]:
    """Return a bar chart with a line through it; in a chart of one row the line is only where no bar is.

    Args:
        rows: The chart, the upper row first, a cell a column.
        values: A value for each column.
        top: The value at the upper edge.
        glyphs: The characters of charts.
    """
    line = "-" if glyphs.plain else "─"
    height = len(rows)
    cells = [[(character, tone) for text, tone in row for character in text] for row in rows]
    for column, value in enumerate(values):
        if value is None or not top:
            continue
        row = cells[height - 1 - min(height - 1, int(value / top * height))]
        character, tone = row[column]
        if tone != "rule" and (height > 1 or character == " "):
            row[column] = (line, "dim")
    return [tuple(row) for row in cells]


def ghost_words(ghost: Ghost, *, named: bool = True) -> str:
    """Return the ghost's name, where there is room for it, and its figures."""
    name = f" {fit(clean(ghost.name), LONGEST_NAME)}," if named else ""
    return f"behind:{name} p50 {amount(ghost.response, 'p50')}, p99 {amount(ghost.response, 'p99')}"
