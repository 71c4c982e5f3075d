"""Time axes: which seconds stand in which column. One function serves all charts, so that they line up.

The newest second is in the last column and a column is a second wide, so charts of any width that end at the
same column of the screen line up there. Where the settings changed, a column of its own holds a vertical rule;
it hides no second. A saved session is shown whole: then a column may hold several seconds.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from engine.figures import Pause, Second
from sessions.format import clock, segment_name

STEPS: Final = (*range(1, 11), 12, 15, 20, 25, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600)
TICKS: Final = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 36000)
TICK_GAP: Final = 10
"""Columns between two times on the axis: a time of six characters and some air."""


class Slot(Struct, frozen=True):
    """One column.

    Attributes:
        start_s: When it begins, on the run's clock; None left of the run's begin.
        seconds: The rows of the time series in it.
        rule: The segment that begins right of it, if this column only holds the rule.
    """

    start_s: float | None = None
    seconds: tuple[Second, ...] = ()
    rule: int | None = None


class Timeline(Struct, frozen=True):
    """The columns of a chart, oldest first, and how many seconds one of them is wide."""

    slots: tuple[Slot, ...]
    step_s: int

    @property
    def window_s(self) -> int:
        """Seconds from the first column to the last."""
        return sum(slot.start_s is not None and slot.rule is None for slot in self.slots) * self.step_s

    def values(self, pick: Callable[[Sequence[Second]], float | None]) -> list[float | None]:
        """Return one value for each column, None for rules and gaps."""
        return [pick(slot.seconds) if slot.seconds else None for slot in self.slots]


def timeline(seconds: Sequence[Second], width: int, *, whole: bool = False, step_s: int = 0) -> Timeline:
    """Return exactly `width` columns that end with the newest second.

    Args:
        seconds: The time series, oldest first.
        width: Columns to fill; those left of the begin are empty.
        whole: Show the first second too, by putting several into a column.
        step_s: Seconds in a column, where that was chosen; else 0.
    """
    step = step_s or 1
    if whole and seconds and not step_s:
        span = seconds[-1].t_s - seconds[0].t_s + 1
        rules = min(width // 4, len({second.segment for second in seconds}))
        step = next((step for step in STEPS if span / step <= width - rules), STEPS[-1])
    bins: defaultdict[int, list[Second]] = defaultdict(list)
    for second in seconds[-(width * step * 3) :]:  # at most one change a second makes two rows of it
        bins[math.floor((second.t_s + 1e-6) / step)].append(second)
    slots: list[Slot] = []
    if bins:
        begin = min(bins)
        after: int | None = None
        for key in range(max(bins), begin - 1, -1):
            held = bins.get(key, [])
            known = [second.segment for second in held if second.segment is not None]
            if after is not None and known and known[-1] != after:
                slots.append(Slot(rule=after, start_s=(key + 1) * step))
            slots.append(Slot(start_s=key * step, seconds=tuple(held)))
            if len(set(known)) > 1:
                slots.append(Slot(rule=known[-1], start_s=key * step))
            after = known[0] if known else after
            if len(slots) >= width:
                break
    slots = slots[:width]
    slots += [Slot()] * (width - len(slots))
    return Timeline(tuple(reversed(slots)), step)


def done_per_s(seconds: Sequence[Second]) -> float | None:
    """Return answers a second, over the time in which load was sent."""
    loaded = [second for second in seconds if second.segment is not None]
    span = sum(second.span_s for second in loaded)
    return sum(second.done for second in loaded) / span if span > 0 else None


def errors_per_s(seconds: Sequence[Second]) -> float | None:
    """Return requests a second that got no answer."""
    span = sum(second.span_s for second in seconds)
    return sum(second.errors for second in seconds) / span if span > 0 else None


def worst(pick: Callable[[Second], float | None]) -> Callable[[Sequence[Second]], float | None]:
    """Return a function that gives the largest of some figure in a column."""

    def largest(seconds: Sequence[Second]) -> float | None:
        known = [value for value in map(pick, seconds) if value is not None]
        return max(known) if known else None

    return largest


def longest_pauses(time: Timeline, pauses: Sequence[Pause]) -> list[float | None]:
    """Return the longest pause that ended in each column; pauses are in the order of their ends."""
    columns = {
        int(slot.start_s // time.step_s): index
        for index, slot in enumerate(time.slots)
        if slot.start_s is not None and slot.rule is None
    }
    longest: list[float | None] = [None] * len(time.slots)
    if not columns:
        return longest
    # fifteen minutes of pauses are tens of thousands, and the chart shows the last of them
    first = bisect_left(pauses, float(min(columns) * time.step_s), key=lambda pause: pause.end_s)
    for pause in islice(pauses, first, None):
        index = columns.get(math.floor(pause.end_s / time.step_s))
        if index is not None:
            longest[index] = max(longest[index] or 0.0, pause.pause_s)
    return longest


def axis(time: Timeline) -> str:
    """Return the row below a chart: times of the run, and the numbers of segments below their rules."""
    tick = next((tick for tick in TICKS if tick / time.step_s >= TICK_GAP), TICKS[-1])
    cells = [" "] * len(time.slots)

    def place(column: int, text: str) -> None:
        end = column + len(text)
        if end <= len(cells) and all(cell == " " for cell in cells[max(0, column - 1) : end + 1]):
            cells[column:end] = text

    for column, slot in enumerate(time.slots):
        if slot.rule is not None:
            place(column, segment_name(slot.rule))
    for column, slot in enumerate(time.slots):
        if slot.start_s is not None and slot.rule is None and slot.start_s % tick < time.step_s:
            place(column, clock(slot.start_s))
    return "".join(cells)
