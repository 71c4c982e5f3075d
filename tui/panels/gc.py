"""The target's garbage collector: how often it stops the world, and for how long."""

from __future__ import annotations

from typing import Final

from engine.figures import GcFigures, Granularity, Second
from engine.probes.reading import WORDS
from sessions.format import count, duration, size, trim
from sessions.words import NO_FIGURE
from tui.format import clean, fit, rate, wrapped
from tui.panels.base import Panel, View
from tui.panels.chart import LABEL, bars, labelled, top_of
from tui.panels.line import Line, Span
from tui.panels.status import fitting
from tui.panels.timeline import longest_pauses, worst

INLINE: Final = 34
"""Columns of figures left of the strip where there is one row for both."""

TALL: Final = 4
"""Rows from which on a second one of figures leaves enough for the strip."""


class Gc(Panel):
    """Figures of the segment, and the longest pause of each second below them."""

    title = "gc"

    def note(self, view: View) -> Span:
        """Return what a bar is, and how much of the pauses is known."""
        if not known(view):
            return "", "dim"
        if not every(view):
            return f"stopped in each second; {WORDS[granularity(view)]} known", "dim"
        lost = view.second.gc.lost if view.second.gc is not None else 0
        return f"longest pause of each column, {count(lost)} lost", "warn" if lost else "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the figures and the strip, or why there are none."""
        if not known(view):
            why = clean(view.second.target.probe) or "nothing is known of the target's collector"
            if height == 1:
                return [(("gc  ", "title"), (fit(why, width - 4), "dim"))]
            return [((part, "dim"),) for part in wrapped(why if view.framed else f"gc: {why}", width)]
        if height == 1:
            figures = fitting(summary(view, titled=True)[:3], width // 2)
            left = max(INLINE, sum(len(text) for text, _ in figures) + 2)
            pad: Span = (" " * (left - sum(len(text) for text, _ in figures)), "text")
            return [(*figures, pad, *strip(view, width - left, 1)[0])]
        lines = [fitting(summary(view, titled=not view.framed), width)]
        if height >= TALL:
            lines.append(fitting(runtime(view), width))
        return [*lines, *strip(view, width, height - len(lines))]


def known(view: View) -> bool:
    """Return whether anything is known of the collector, now or in the segment."""
    figures = view.figures
    return view.second.gc is not None or (figures is not None and figures.target.gc is not None)


def summary(view: View, *, titled: bool) -> list[Line]:
    """Return rate and pauses, the most wanted first."""
    gc = view.second.gc
    figures = view.figures
    segment: GcFigures | None = figures.target.gc if figures is not None else None
    parts: list[Line] = []
    span = figures.end_s - figures.start_s if figures is not None else 0.0
    per_s = (
        gc.rate_per_s if gc is not None else (segment.count / span if segment is not None and span > 0 else 0.0)
    )
    parts.append(((("gc " if titled else ""), "title"), (f"{rate(per_s)}/s", "text")))
    if not view.second.looking.on and not view.second.saved:
        parts.append((("not polled", "warn"),))
    if segment is None:
        return parts
    pause = segment.pause_s
    if (segment.count == segment.lost and segment.count) or pause.mean is None or pause.total is None:
        parts.append((("pauses not known", "dim"),))
        return parts
    parts.append(((f"mean {duration(pause.mean)}", "text"),))
    if pause.max is not None:
        parts.append(((f"max {duration(pause.max)}", "text"),))
    if segment.granularity == "every":
        parts.append(((f"p99 {NO_FIGURE if pause.p99 is None else duration(pause.p99)}", "text"),))
    elif pause.p99_at_most is not None:
        parts.append(((f"p99 at most {duration(pause.p99_at_most)}", "text"),))
    parts += [
        ((f"{count(segment.count)} in segment", "dim"),),
        ((f"stopped {duration(pause.total)}", "dim"),),
    ]
    if segment.lost:
        parts.append(((f"{count(segment.lost)} lost", "warn"),))
    return parts


def runtime(view: View) -> list[Line]:
    """Return what else the runtime says of itself, and what it costs to ask."""
    gc, looking = view.second.gc, view.second.looking
    parts: list[Line] = []
    if gc is not None:
        if gc.goroutines is not None:
            parts.append(((f"{count(gc.goroutines)} goroutines", "text"),))
        if gc.cpu_fraction is not None:
            parts.append(((f"gc takes {gc.cpu_fraction * 100:.1f} % of cpu", "text"),))
        if gc.alloc_bytes_per_s is not None:
            parts.append(((f"alloc {size(gc.alloc_bytes_per_s)}/s", "text"),))
    if view.second.target.gomaxprocs is not None:
        parts.append(((f"GOMAXPROCS {view.second.target.gomaxprocs}", "text"),))
    if looking.poll_s is not None:
        cost = f"{rate(looking.polls_per_s)} polls/s of {duration(looking.poll_s)}"
        parts.append(((cost, "dim"),))
    return parts


def granularity(view: View) -> Granularity:
    """Return what is known of pauses: in the segment, else from the source."""
    figures = view.figures
    if figures is not None and figures.target.gc is not None:
        return figures.target.gc.granularity
    return view.second.target.granularity


def every(view: View) -> bool:
    """Return whether every pause is known, but for those that are counted as lost."""
    return granularity(view) in ("every", "none")


def strip(view: View, width: int, height: int) -> list[Line]:
    """Return the longest pause of each column, else the time stopped in it, on throughput's axis of time."""

    def draw() -> list[Line]:
        time = view.time(max(1, width - LABEL))
        longest = longest_pauses(time, view.second.pauses) if every(view) else time.values(worst(stopped))
        top = top_of(longest)
        rows = bars(time, longest, height, top, "gc", view.glyphs)
        label = trim(duration(top)) if any(longest) else ""
        return [labelled(row, label if index == 0 else "") for index, row in enumerate(rows)]

    return view.once(("gc", width, height), draw)


def stopped(second: Second) -> float:
    """Return how long a second's collections stopped the world."""
    return second.gc_pause_s
