"""The process under load, and its heap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.figures import Second
from engine.snapshot import ProcessNow
from sessions.format import duration, size
from tui.format import clean, fit, percent, wrapped
from tui.panels.base import Panel, View
from tui.panels.chart import spark
from tui.panels.line import Line, Span
from tui.panels.status import fitting

NAME: Final = 7
FIGURE: Final = 9


class TargetPanel(Panel):
    """Command, CPU, memory, heap; in words why something is not known."""

    title = "target"

    def note(self, view: View) -> Span:
        """Return its runtime, and what it took to read it."""
        gc = view.second.gc
        cost = f"read in {duration(gc.poll_s)}" if gc is not None and gc.poll_s else ""
        return ", ".join(part for part in (clean(view.second.target.runtime), cost) if part), "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return one dense row without a frame, or a row for each thing with one."""
        if not view.framed:
            return compact(view, width)
        target = view.second.target
        who = f"pid {target.pid}" if target.pid is not None else "process not found on this host"
        room = max(0, width - len(who) - 2)
        command = fit(clean(target.command), room)
        lines: list[Line] = [((command, "text"), ("  " if command else "", "text"), (who, "dim"))]
        process = view.second.process
        if process is not None:
            lines += usage(view, process, width)
        lines += heap(view, width)
        probe = clean(target.probe)
        lines += [((part, "dim"),) for part in wrapped(probe, width)[: max(0, height - len(lines))]]
        return lines


def usage(view: View, process: ProcessNow, width: int) -> list[Line]:
    """Return CPU and memory, each with its trend."""
    peak = f"peak {size(process.rss_peak_bytes)}"
    threads = f"{process.threads} threads" if process.threads else ""
    aside = max(len(peak), len(threads)) + 2
    room = width - NAME - FIGURE - aside - 1
    return [
        (
            ("cpu".ljust(NAME), "dim"),
            (percent(process.cpu_pct).ljust(FIGURE), "strong"),
            (trend(view, room, cpu_of), "cpu"),
            (threads.rjust(aside), "dim"),
        ),
        (
            ("memory".ljust(NAME), "dim"),
            (size(process.rss_bytes).ljust(FIGURE), "strong"),
            (trend(view, room, rss_of), "rss"),
            (peak.rjust(aside), "dim"),
        ),
    ]


def heap(view: View, width: int) -> list[Line]:
    """Return what the runtime says of its heap, where it can be read."""
    gc = view.second.gc
    if gc is None:
        return []
    parts: list[Line] = []
    if gc.heap_bytes is not None:
        goal = f" of {size(gc.goal_bytes)} goal" if gc.goal_bytes is not None else ""
        parts.append((("heap".ljust(NAME), "dim"), (f"{size(gc.heap_bytes)}{goal}", "text")))
    shares: list[Line] = []
    if gc.alloc_bytes_per_s is not None:
        shares.append((("alloc".ljust(NAME), "dim"), (f"{size(gc.alloc_bytes_per_s)}/s", "text")))
    if gc.cpu_fraction is not None:
        shares.append((("gc takes ", "dim"), (f"{gc.cpu_fraction * 100:.1f} % of cpu", "text")))
    return [fitting(row, width) for row in (parts, shares) if row]


def compact(view: View, width: int) -> list[Line]:
    """Return all of it in one row, as far as it goes."""
    target = view.second.target
    process = view.second.process
    who = fit(clean(target.command).split(" ")[0].rsplit("/", 1)[-1], 16)
    parts: list[Line] = []
    if process is not None:
        parts.append((("target ", "title"), (f"cpu {percent(process.cpu_pct)}", "text")))
        parts.append(((f"mem {size(process.rss_bytes)} ", "text"), (trend(view, 10, rss_of), "rss")))
    else:
        parts.append((("target ", "title"), ("process not found on this host", "dim")))
    gc = view.second.gc
    if gc is not None and gc.heap_bytes is not None:
        parts.append(((f"heap {size(gc.heap_bytes)}", "text"),))
    if who:
        pid = f" pid {target.pid}" if target.pid is not None else ""
        parts.append(((f"{who}{pid}", "dim"),))
    if target.runtime:
        parts.append(((clean(target.runtime), "dim"),))
    return [fitting(parts, width)]


def trend(view: View, width: int, pick: Callable[[Second], float | None]) -> str:
    """Return the newest seconds of a figure as one row."""
    newest = view.second.seconds[-width:] if width > 0 else ()
    return spark([pick(second) for second in newest], max(0, width), view.glyphs)


def rss_of(second: Second) -> float | None:
    """Return a second's memory."""
    return None if second.rss_bytes is None else float(second.rss_bytes)


def cpu_of(second: Second) -> float | None:
    """Return a second's CPU."""
    return second.target_cpu_pct
