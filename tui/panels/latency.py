"""Response times: now, over the segment, and the way there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from engine.figures import Latency, Second
from sessions.format import count, duration, trim
from sessions.words import NO_FIGURE
from tui.format import amount, milliseconds
from tui.panels.base import Panel, View
from tui.panels.chart import LABEL, bars, labelled, top_of
from tui.panels.ghostline import ghost_values, ghost_words, with_ghost
from tui.panels.line import Line, Span, Tone
from tui.panels.status import fitting
from tui.panels.timeline import worst

ROWS: Final[tuple[tuple[str, str, Callable[[Second], float | None]], ...]] = (
    # name, field of Latency and tone, how it is read from a second
    ("p50", "p50", lambda second: second.p50),
    ("p90", "p90", lambda second: second.p90),
    ("p99", "p99", lambda second: second.p99),
    ("p99.9", "p999", lambda second: second.p999),
    ("max", "max", lambda second: second.max),
)

SHED: Final = ("p90", "max", "p99.9", "p50")
"""What goes first where there are too few rows: the middle, then the far tail."""

NOW: Final = 12
WINDOW: Final = 12
WIDE: Final = 84
"""From here on the exact window has a column; below, it stands beside the percentiles."""
SEGMENT: Final = 12
BAND: Final = 15
NAME: Final = 8


class LatencyPanel(Panel):
    """A row for each percentile; the time axis is throughput's."""

    title = "latency"
    lively = True
    tabular = True

    def note(self, view: View) -> Span:
        """Return which clock this is, and whether it may be trusted."""
        if view.client_bound:
            return "CLIENT-BOUND: the generator's, not the service's", "bad"
        if view.second.ghost is not None:
            return ghost_words(view.second.ghost, named=False), "text"
        figures = view.figures
        if figures is None:
            return "response time", "dim"
        clock = "response time" if figures.load.mode == "closed" else "response time, since it was due"
        if any(getattr(figures.latency_s.response, name) is None for _, name, _ in ROWS):
            return f"{clock}; {NO_FIGURE}N more answers are needed", "dim"
        return clock, "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the heads, the percentiles that have room, and what is known beside them."""
        figures = view.figures
        # both clocks of an open loop are to be on the screen: percentiles make room for the second
        second_clock = figures is not None and figures.load.mode == "open" and height >= 4
        room = max(1, height - 2 if second_clock else height - 1)
        shown = [row for row in ROWS if row[0] not in SHED[: max(0, len(ROWS) - room)]]
        banded = width >= 90
        # a saved session has no now
        now = 0 if view.second.saved else NOW
        window = WINDOW if width >= WIDE and view.second.window_s else 0
        left = NAME + now + window + SEGMENT + (BAND if banded else 0)
        lines = [heads(view, left, width, banded)]
        tall = max(1, (height - 2) // len(shown))
        live = view.live.now.latency
        segment = figures.latency_s.response if figures is not None else Latency()
        grey = view.client_bound
        for name, key, of_second in shown:
            spread = segment.ci95.get(name) if banded else None
            band = f"{milliseconds(spread[0])}-{milliseconds(spread[1])}" if spread else ""
            if banded and name in segment.at_least:
                band = f"≥{milliseconds(segment.at_least[name])}"
            numbers: Line = (
                (name.ljust(NAME), "dim" if grey else key),
                (amount(live, key).ljust(now)[:now], "dim" if grey else "strong"),
                (amount(view.second.window, key).ljust(window)[:window], "dim" if grey else "text"),
                (amount(segment, key).ljust(SEGMENT), "dim" if grey else "text"),
                (band.ljust(BAND) if banded else "", "dim"),
            )
            draw = partial(trend, view, width - left, tall, of_second, key)
            chart = view.once(("latency", name, width, tall), draw)
            lines.append((*numbers, *chart[0]))
            lines += [((" " * left, "text"), *row) for row in chart[1:]]
        if height > len(lines):
            lines.append(fitting(beside(view, exact_too=not window), width))
        return lines


def exact(view: View) -> list[Line]:
    """Return two percentiles of the exact window, where it has them."""
    window, span_s = view.second.window, view.second.window_s
    told = [
        f"{name} {amount(window, key)}"
        for name, key, _ in (ROWS[0], ROWS[2])
        if getattr(window, key) is not None
    ]
    if not told or not span_s:
        return []
    return [((f"last {span_s:.0f} s ", "dim"), (", ".join(told), "dim" if view.client_bound else "text"))]


def heads(view: View, left: int, width: int, banded: bool) -> Line:
    """Return the heads of the columns."""
    names = (
        " " * NAME
        + ("" if view.second.saved else "now".ljust(NOW))
        + (f"last {view.second.window_s:.0f} s".ljust(WINDOW) if width >= WIDE and view.second.window_s else "")
        + "segment".ljust(SEGMENT)
        + ("95 % band".ljust(BAND) if banded else "")
    )
    room = width - left - LABEL
    time = view.time(max(1, room))
    trend_head = f"last {time.window_s} s" if time.window_s else ""
    if time.step_s > 1:
        trend_head = f"worst second of every {time.step_s}"
    return ((names[:left], "dim"), (trend_head[:room].ljust(max(0, room)), "dim"), ("top".rjust(LABEL), "dim"))


def trend(
    view: View, width: int, height: int, pick: Callable[[Second], float | None], tone: Tone
) -> list[Line]:
    """Return a percentile over time, its axis from 0 to the label on the right."""
    time = view.time(max(1, width - LABEL))
    values = time.values(worst(pick))
    ghost = view.second.ghost
    behind = ghost_values(time, ghost, worst(pick)) if ghost is not None else []
    top = top_of([*values, *behind])
    rows = bars(time, values, height, top, "dim" if view.client_bound else tone, view.glyphs)
    rows = with_ghost(rows, behind, top, view.glyphs)
    label = trim(duration(top)) if any(values) else ""
    return [labelled(row, label if index == 0 else "") for index, row in enumerate(rows)]


def beside(view: View, *, exact_too: bool) -> list[Line]:
    """Return the other clocks of a request and what the percentiles stand on, where known."""
    figures = view.figures
    ghost: list[Line] = [((ghost_words(view.second.ghost), "text"),)] if view.second.ghost is not None else []
    if figures is None:
        return ghost
    clocks = figures.latency_s
    tone: Tone = "dim" if view.client_bound else "text"
    parts: list[Line] = ghost
    if figures.load.mode == "open":
        service = f"p50 {amount(clocks.service, 'p50')}, p99 {amount(clocks.service, 'p99')}"
        parts.append((("service ", "dim"), (service, tone)))
        if clocks.lag is not None:
            parts.append((("lag ", "dim"), (f"p99 {amount(clocks.lag, 'p99')}", tone)))
    parts.append(((f"{count(clocks.response.count)} answers", "dim"),))
    if clocks.response.censored:
        parts.append(((f"{count(clocks.response.censored)} unanswered counted as slowest", "warn"),))
    if exact_too:
        parts += exact(view)
    for name, latency in (("connect", clocks.connect), ("failed", clocks.failed)):
        if latency is not None and latency.p99 is not None:
            parts.append(((f"{name} p99 {amount(latency, 'p99')}", "dim"),))
    return parts
