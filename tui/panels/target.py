"""The process under load, its limits, its threads, and its heap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.figures import Second
from engine.machine import ContainerNow, ThreadsNow
from engine.snapshot import ProcessNow, Target
from sessions.format import count, duration, size
from tui.format import axis_number, clean, fit, percent, wrapped
from tui.panels.base import Panel, View
from tui.panels.chart import spark
from tui.panels.line import Line, Span
from tui.panels.status import fitting

NAME: Final = 7
FIGURE: Final = 9
NOTABLE_WAIT_PCT: Final = 5.0
"""Of its time that a thread waits for a core: from here on it is said where there is little room."""


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
        who = f"pid {target.pid}" if target.pid is not None else unfound(target)
        room = max(0, width - len(who) - 2)
        command = fit(clean(target.command), room)
        lines: list[Line] = [((command, "text"), ("  " if command else "", "text"), (who, "dim"))]
        process = view.second.process
        if process is not None:
            lines += usage(view, process, width)
        lines += [fitting(row, width) for row in (limits(view.second.container), waiting(view)) if row]
        parts = heap(view)
        if len(lines) + len(parts) > height:
            parts = [[part for row in parts for part in row]]
        lines += [fitting(row, width) for row in parts]
        probe = clean(target.probe)
        lines += [((part, "dim"),) for part in wrapped(probe, width)[: max(0, height - len(lines))]]
        return lines


def unfound(target: Target) -> str:
    """Return why there is no process, and what would have to be given."""
    if target.same_host:
        return "process not found; give --pid"
    return "on another host; its node_exporter: --probe"


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


def limits(container: ContainerNow | None) -> list[Line]:
    """Return what the control group allows, and how often it held the target back; nothing without limits."""
    if container is None:
        return []
    parts: list[Line] = []
    if container.cpu_limit is not None:
        parts.append((("limit".ljust(NAME), "dim"), (f"{container.cpu_limit:.3g} cores", "strong")))
        parts += throttled(container)
    if container.memory_limit_bytes is not None and container.memory_bytes is not None:
        label = "" if parts else "limit".ljust(NAME)
        words = f"memory {size(container.memory_bytes)} of {size(container.memory_limit_bytes)}"
        near = container.memory_bytes > 0.9 * container.memory_limit_bytes
        parts.append(((label, "dim"), (words, "warn" if near else "text")))
    return parts


def throttled(container: ContainerNow) -> list[Line]:
    """Return in which share of its periods the CPU quota held the target, where there is one."""
    if container.throttled_share is None:
        return []
    words = f"throttled {percent(100 * container.throttled_share)}"
    return [((words, "warn" if container.throttled_share > 0 else "text"),)]


def waiting(view: View) -> list[Line]:
    """Return how long threads waited for a core, and how much they moved; the most wanted first."""
    threads = view.second.threads
    if threads is None:
        return []
    parts: list[Line] = []
    wait = threads.runqueue_wait_pct
    if wait is not None:
        parts.append((("waits".ljust(NAME), "dim"), (percent(wait), "strong"), (" a thread", "dim")))
    else:
        parts.append((("waits".ljust(NAME), "dim"), ("not told by this kernel", "dim")))
    parts += moving(view, threads)
    if threads.voluntary_per_s is not None and threads.involuntary_per_s is not None:
        switches = threads.voluntary_per_s + threads.involuntary_per_s
        parts.append((("switches ", "dim"), (f"{axis_number(switches)}/s", "text")))
    process = view.second.process
    if process is not None and process.open_files is not None:
        parts.append((("files ", "dim"), (count(process.open_files), "text")))
    return parts


def moving(view: View, threads: ThreadsNow) -> list[Line]:
    """Return how much the threads changed their cores, and how evenly they used them in the segment."""
    parts: list[Line] = []
    figures = view.figures.target.threads if view.figures is not None else None
    stability = threads.affinity_stability
    if stability is None and figures is not None:
        stability = figures.affinity_stability
    if stability is not None:
        parts.append((("moves ", "dim"), (f"{stability:.2g}/slice", "text")))
    if figures is not None and figures.cpu_skew_ratio is not None:
        parts.append((("even ", "dim"), (f"{figures.cpu_skew_ratio:.2f}", "text")))
    return parts


def heap(view: View) -> list[list[Line]]:
    """Return what the runtime says of its heap, where it can be read, as parts of two rows."""
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
    return [row for row in (parts, shares) if row]


def compact(view: View, width: int) -> list[Line]:
    """Return all of it in one row, as far as it goes."""
    target = view.second.target
    process = view.second.process
    who = fit(clean(target.command).split(" ")[0].rsplit("/", 1)[-1], 16)
    parts: list[Line] = []
    if process is not None:
        parts.append((("target ", "title"), (f"cpu {percent(process.cpu_pct)}", "text")))
        parts += alarms(view)
        parts.append(((f"mem {size(process.rss_bytes)} ", "text"), (trend(view, 10, rss_of), "rss")))
    else:
        parts.append((("target ", "title"), (unfound(target), "dim")))
    gc = view.second.gc
    if gc is not None and gc.heap_bytes is not None:
        parts.append(((f"heap {size(gc.heap_bytes)}", "text"),))
    if who:
        pid = f" pid {target.pid}" if target.pid is not None else ""
        parts.append(((f"{who}{pid}", "dim"),))
    if target.runtime:
        parts.append(((clean(target.runtime), "dim"),))
    return [fitting(parts, width)]


def alarms(view: View) -> list[Line]:
    """Return what holds the target back, as far as something does."""
    parts: list[Line] = []
    container, threads = view.second.container, view.second.threads
    if container is not None and container.throttled_share:
        parts += throttled(container)
    wait = None if threads is None else threads.runqueue_wait_pct
    if wait is not None and wait >= NOTABLE_WAIT_PCT:
        parts.append(((f"waits {percent(wait)}", "text"),))
    return parts


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
