"""How busy each core of this machine is, and with what.

A bar has a glyph for each kind of work, so that it reads without colours too: a core that is busy with packets
(softirq) or was given to another machine (steal) looks like no other.
"""

from __future__ import annotations

from typing import Final

from engine.machine import CoreNow, HostNow
from sessions.format import size
from tui.format import clean, percent
from tui.panels.base import Panel, View
from tui.panels.chart import cell, gauge
from tui.panels.line import Line, Span, Tone
from tui.panels.status import fitting

NARROWEST: Final = 13
"""Columns a core needs for its number, a bar worth the name, and its figure."""
GAP: Final = 2
KINDS: Final[tuple[tuple[str, str, str, str, Tone], ...]] = (
    # attribute, its name as in top(1), its glyph, its plain glyph, its tone
    ("user_pct", "us", "█", "#", "cpu"),
    ("system_pct", "sy", "▓", "=", "rss"),
    ("softirq_pct", "si", "▒", "+", "p99"),
    ("steal_pct", "st", "░", "-", "errors"),
)
SPEED: Final = 44
"""Columns from which on a core's frequency has room."""
ALARMING_STEAL_PCT: Final = 5.0


class Cores(Panel):
    """A bar a core, several to a row where there are many, and one glyph each where there are very many."""

    title = "cores"

    def note(self, view: View) -> Span:
        """Return the mean of all, and what the glyphs of the bars are."""
        cores = view.second.cores
        if not cores:
            return "", "dim"
        host = view.second.host
        key = "" if host is None else f"  {legend(view)}"
        return f"{len(cores)}, {percent(sum(cores) / len(cores))} busy{key}", "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the bars, folded into the height there is."""
        cores = view.second.cores
        name: Span = ("" if view.framed else "cores ", "title")
        if not cores:
            words = "not recorded" if view.second.saved else "not measured yet"
            return [(name, (words, "dim"))]
        room = width - len(name[0])
        columns = fold(len(cores), room, height)
        if columns == 0:
            return [
                (name, *line) if index == 0 else line for index, line in enumerate(dense(view, room, height))
            ]
        across = (room + GAP) // columns - GAP
        lines: list[Line] = []
        in_rows = -(-len(cores) // columns)
        for row in range(in_rows):
            spans: list[Span] = [name] if row == 0 else [(" " * len(name[0]), "text")]
            for core in range(row, len(cores), in_rows):
                spans += core_bar(core, across, view)
                spans.append((" " * GAP, "text"))
            lines.append(tuple(spans[:-1]))
        inset: Span = (" " * len(name[0]), "text")
        lines += [(inset, *line) for line in machine_lines(view, room)]
        return lines[:height]


def fold(cores: int, width: int, height: int) -> int:
    """Return into how many columns the cores are folded; 0 where bars do not fit however they are folded."""
    columns = max(1, -(-cores // max(1, height)))
    # two short bars say as much as one very long one, in half the rows
    while columns * 2 <= cores and (width + GAP) // (columns + 1) - GAP >= 30:
        columns += 1
    return columns if (width + GAP) // columns - GAP >= NARROWEST else 0


def core_bar(index: int, width: int, view: View) -> list[Span]:
    """Return the bar of one of this machine's cores; of a saved session only the whole is known."""
    host, busy = view.second.host, view.second.cores[index]
    if host is None or index >= len(host.cores):
        return bar(f"{index:<2} ", busy, width, [(1.0, "", "cpu")], view)
    return bar_of(host.cores[index], width, view)


def bar_of(core: CoreNow, width: int, view: View) -> list[Span]:
    """Return a core's bar with a stretch for each kind of work, and its frequency where there is room."""
    stretches = [
        (getattr(core, name), plain if view.glyphs.plain else glyph, tone)
        for name, _, glyph, plain, tone in KINDS
    ]
    speed = f" {core.mhz / 1e3:.1f} GHz" if core.mhz is not None and width >= SPEED else ""
    spans = bar(f"{core.number:<2} ", core.busy_pct, width - len(speed), stretches, view)
    if core.steal_pct >= ALARMING_STEAL_PCT:
        spans[-1] = (spans[-1][0], "warn")
    return [*spans, (speed, "dim")] if speed else spans


def bar(
    label: str, busy: float, width: int, stretches: list[tuple[float, str, Tone]], view: View
) -> list[Span]:
    """Return a core's label, bar and figure.

    Args:
        label: What stands before it.
        busy: How busy it is, in percent.
        width: Columns of all of it.
        stretches: Parts of the bar as (percent, glyph, tone), from the left; one without a glyph is all of it.
        view: Whose glyphs to use.
    """
    figure = percent(busy).rjust(6)
    room = max(0, width - len(label) - len(figure))
    drawn: list[Span] = []
    if len(stretches) == 1:
        drawn = [(gauge(busy / 100, room, view.glyphs), stretches[0][2])]
    else:
        until = 0.0
        filled = 0
        for share, glyph, tone in stretches:
            until += share
            # where stretches end is rounded, not how long they are: the bar as a whole is right
            end = max(filled, min(room, round(until / 100 * room)))
            drawn.append((glyph * (end - filled), tone))
            filled = end
        drawn.append((" " * (room - filled), "text"))
    return [(label, "dim"), *(span for span in drawn if span[0]), (figure, "warn" if busy >= 95 else "text")]


def legend(view: View) -> str:
    """Return what each glyph of a bar stands for."""
    return " ".join(f"{plain if view.glyphs.plain else glyph}{short}" for _, short, glyph, plain, _ in KINDS)


def machine_lines(view: View, width: int) -> list[Line]:
    """Return memory, waiting and network of this machine, and of the target's where that is another one."""
    hosts = [host for host in (view.second.host, view.second.remote) if host is not None]
    return [line for host in hosts if (line := fitting(host_parts(host), width))]


def host_parts(host: HostNow) -> list[Line]:
    """Return what there is to say of a machine beside its cores, the most wanted first."""
    parts: list[Line] = []
    if host.name:
        cores = host.busy_pct
        parts.append(((f"{clean(host.name)} ", "title"), (f"{len(cores)} cores", "text")))
        if cores:
            steal = sum(core.steal_pct for core in host.cores) / len(cores)
            words = f"{percent(sum(cores) / len(cores))} busy, most {percent(max(cores))}"
            parts.append(((words, "text"),))
            if steal >= ALARMING_STEAL_PCT:
                parts.append(((f"steal {percent(steal)}", "warn"),))
    if host.available_bytes is not None:
        whole = "" if host.memory_bytes is None else f" of {size(host.memory_bytes)}"
        parts.append((("free ", "dim"), (f"{size(host.available_bytes)}{whole}", "text")))
    if host.cpu_pressure_pct is not None:
        parts.append((("waiting ", "dim"), (percent(host.cpu_pressure_pct), "text")))
    if host.load_1m is not None:
        parts.append((("load ", "dim"), (f"{host.load_1m:.2f}", "text")))
    if host.received_bytes_per_s is not None and host.sent_bytes_per_s is not None:
        words = f"{size(host.received_bytes_per_s)}/s in, {size(host.sent_bytes_per_s)}/s out"
        parts.append((("net ", "dim"), (words, "text")))
    if host.loopback_bytes_per_s is not None:
        parts.append((("lo ", "dim"), (f"{size(host.loopback_bytes_per_s)}/s", "text")))
    return parts


def dense(view: View, width: int, height: int) -> list[Line]:
    """Return one glyph for each core, and the figures that such a picture needs beside it."""
    cores = view.second.cores
    words = f" most {percent(max(cores))}, mean {percent(sum(cores) / len(cores))}"
    glyphs = "".join(cell(max(0.125, busy / 100), view.glyphs) for busy in cores)
    first = max(1, width - len(words))
    if len(glyphs) <= first or height == 1:
        return [((glyphs[:first], "cpu"), (words, "text"))]
    lines: list[Line] = [((glyphs[begin : begin + width], "cpu"),) for begin in range(0, len(glyphs), width)]
    return [*lines[: height - 1], ((words[1:], "text"),)]
