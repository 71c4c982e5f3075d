"""Answers a second: now, and over time."""

from __future__ import annotations

import math
from typing import Final

from engine.plan import Load
from engine.snapshot import RunState, Snapshot
from sessions.format import count, segment_name, setting, size
from tui.format import axis_number, load_words, rate
from tui.panels.base import Panel, View
from tui.panels.chart import LABEL, bars, labelled, top_of
from tui.panels.line import Line, Span, Tone
from tui.panels.status import fitting
from tui.panels.timeline import axis, done_per_s, errors_per_s

SHORT: Final = 0.02
"""Share of the asked rate that may be missing before it is called short; the second is a moving one."""


class Throughput(Panel):
    """The number that is watched most, what goes with it, and a bar a second."""

    title = "throughput"
    lively = True

    def note(self, view: View) -> Span:
        """Return what the width of the chart stands for."""
        time = view.time(max(1, self.size.width - 4 - LABEL))
        if time.step_s > 1:
            return f"answers a second, a column is {time.step_s} s", "dim"
        return "answers a second", "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the numbers, then the chart in what is left."""
        numbers = headline(view.live, width)
        if height >= 7:
            numbers.append(fitting(connections(view.live, tall=True), width))
        elif numbers:
            numbers[0] = fitting([numbers[0], *connections(view.live, tall=False)], width)
        room = height - len(numbers)
        return numbers + view.once(("throughput", width, room), lambda: chart(view, width, room))


def headline(snapshot: Snapshot, width: int) -> list[Line]:
    """Return the row of rates. The number stands left: only the cells up to the last change are sent."""
    now = snapshot.now
    row = snapshot.segment or (snapshot.segments[-1] if snapshot.segments else None)
    if snapshot.saved and row is not None:
        span = max(row.end_s - row.start_s, 1e-9)
        number: Line = ((rate(row.throughput_rps), "number"), (f" req/s in {segment_name(row.index)}", "dim"))
        asked = [asked_of(row.load)] if row.load.mode == "open" else []
        return [fitting([number, *asked, ((f"{size(row.bytes_in / span)}/s in", "text"),)], width)]
    parts: list[Line] = [
        ((rate(now.rps), "number"), (" req/s", "dim")),
        ((f"{rate(now.errors_per_s)} errors/s", "bad" if now.errors_per_s else "dim"),),
        ((f"{size(now.bytes_in_per_s)}/s in", "text"),),
    ]
    return [fitting(parts, width)]


def asked_of(load: Load) -> Line:
    """Return the rate that an open loop asks for."""
    return (("asked ", "dim"), (f"{setting(load.rate or 0)}/s", "text"))


def falls_short(snapshot: Snapshot) -> bool:
    """Return whether clearly less was answered than an open loop asks for: more than chance takes away."""
    asked = snapshot.load.rate or 0.0
    chance = max(SHORT * asked, 4 * math.sqrt(asked))
    return snapshot.state is RunState.RUNNING and snapshot.now.rps < asked - chance


def connections(snapshot: Snapshot, *, tall: bool) -> list[Line]:
    """Return what is asked for, and the connections. In one row the large number says what was answered."""
    if snapshot.saved:
        return []
    now = snapshot.now
    parts: list[Line] = []
    if snapshot.load.mode == "open":
        tone: Tone = "warn" if falls_short(snapshot) else "text"
        answered: Line = ((f", {rate(now.rps)} answered", tone),)
        parts.append((*asked_of(snapshot.load), *(answered if tall else ())))
    elif tall:
        parts.append((("asked ", "dim"), (f"all that {load_words(snapshot.load).split(', ')[1]} can", "text")))
    opening = f", {count(now.connecting)} opening" if now.connecting else ""
    parts.append(((f"{count(now.connections)} open{opening}, {count(now.in_flight)} in flight", "text"),))
    if now.oldest_s >= 1:
        parts.append(((f"oldest waits {now.oldest_s:.0f} s", "warn"),))
    return parts


def chart(view: View, width: int, height: int) -> list[Line]:
    """Return the bars, errors below them where there were any, and the axis of time."""
    if height < 1:
        return []
    time = view.time(width - LABEL)
    done = time.values(done_per_s)
    if not any(value is not None for value in done):
        return [(("no second has passed yet", "dim"),)]
    errors = time.values(errors_per_s)
    below: list[Line] = []
    if height >= 5 and any(errors):
        most = top_of(errors)
        row = bars(time, errors, 1, most, "errors", view.glyphs)[0]
        below.append(labelled(row, f"{axis_number(most)} err"[:LABEL]))
    if height >= 4:
        below.append(((axis(time), "dim"),))
    room = height - len(below)
    top = top_of(done)
    rows = bars(time, done, room, top, "throughput", view.glyphs)
    labels = {0: axis_number(top)}
    if room >= 5:
        labels[room // 2] = axis_number(top / 2)
    if room >= 3:
        labels[room - 1] = "0"
    return [labelled(row, labels.get(index, "")) for index, row in enumerate(rows)] + below
