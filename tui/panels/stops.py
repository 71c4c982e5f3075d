"""What an execution trace says in rows of text: what stopped the target, under the latency of that time. Pure.

The seconds are the run's own rows, each with the stops that began in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.figures import Second
from engine.looks import Trace
from engine.probes.look_words import by_kind
from sessions.format import clock, count
from tui.format import clean, fit, milliseconds
from tui.panels.chart import spark
from tui.panels.glyphs import Glyphs
from tui.panels.line import Line, Span
from tui.panels.moment import moment

CLOCKS: Final = {
    "monotonic": "same clock as the latencies",
    "wall": "placed by the wall clocks of both machines",
    "arrival": "placed by when it was asked for: the target's clock is another",
}
KIND_WIDTH: Final = 26
STRIP_LABEL: Final = 12
KEYS: Final = ("[ ] other traces", "x new", "q esc close")


def lines(
    trace: Trace,
    seconds: Sequence[Second],
    width: int,
    height: int,
    *,
    glyphs: Glyphs,
    number: str = "",
    notice: Span | None = None,
) -> list[Line]:
    """Return the whole screen.

    Args:
        trace: The trace.
        seconds: The time series of the run.
        width: Columns.
        height: Rows.
        glyphs: Characters of charts.
        number: Which of how many this is; "" where there is one.
        notice: What is said instead of the keys.
    """
    body: list[Line] = [_head(trace, number), ()]
    body += _kinds(trace)
    body += [(), *_latency(trace, seconds), (), *_strips(trace, width, glyphs), ()]
    room = height - len(body) - 1
    body += _longest(trace, room)
    body += [()] * (height - 1 - len(body))
    text, tone = notice or ("   ".join(KEYS), "dim")
    return [*body[: height - 1], ((f" {fit(text, width - 2)}", tone),)]


def _head(trace: Trace, number: str) -> Line:
    words = [f"at {moment(trace.at_s)}", f"{trace.span_s:.2f} s", CLOCKS[trace.clock]]
    if trace.cut:
        words.append("its end is missing")
    tone = "text" if trace.clock == "monotonic" and not trace.cut else "warn"
    return ((f" execution trace {number}".rstrip() + "  ", "title"), ("   ".join(words), tone))


def _kinds(trace: Trace) -> list[Line]:
    heads = f" {'stops of the world':<{KIND_WIDTH}}{'count':>7}{'total ms':>11}{'p50 ms':>10}{'max ms':>10}"
    rows: list[Line] = [((heads, "dim"),)]
    for one in by_kind(trace.stw):
        figures = f"{one.count:>7}{milliseconds(one.total_s):>11}"
        figures += f"{milliseconds(one.p50_s):>10}{milliseconds(one.max_s):>10}"
        gc = one.kind.startswith("GC ")
        label = f" {fit(clean(one.kind), KIND_WIDTH - 1):<{KIND_WIDTH}}"
        rows.append(((label, "gc" if gc else "text"), (figures, "strong")))
    if not trace.stw:
        rows.append(((" none: the world never stopped", "dim"),))
    total = milliseconds(sum(cycle.length_s for cycle in trace.gc_cycles))
    longest = milliseconds(max((cycle.length_s for cycle in trace.gc_cycles), default=0.0))
    part = sum(not cycle.whole for cycle in trace.gc_cycles)
    cycles = f"{len(trace.gc_cycles):>7}{total:>11}{'':>10}{longest:>10}"
    label = f" {'GC cycles, begin to end':<{KIND_WIDTH}}"
    outside = f"   {part} in part" if part else ""
    rows.append(((label, "gc"), (cycles, "strong"), (outside, "dim")))
    return rows


def _latency(trace: Trace, seconds: Sequence[Second]) -> list[Line]:
    """Return the seconds that the trace touches, with what was measured and what stood still in them."""
    heads = f" {'second':<10}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'answers':>10}{'stops':>7}{'stood ms':>10}"
    rows: list[Line] = [((heads, "dim"),)]
    end_s = trace.at_s + trace.span_s
    for second in seconds:
        begin, after = second.t_s, second.t_s + second.span_s
        if after <= trace.at_s or begin >= end_s:
            continue
        within = [stop for stop in trace.stw if begin <= stop.start_s < after]
        stood = sum(stop.length_s for stop in within)
        spans: list[Span] = [(f" {clock(begin):<10}", "text"), (f"{milliseconds(second.p50):>9}", "p50")]
        spans += [(f"{milliseconds(second.p99):>9}", "p99"), (f"{milliseconds(second.max):>9}", "max")]
        spans += [(f"{count(second.done):>10}", "text"), (f"{len(within):>7}{milliseconds(stood):>10}", "gc")]
        rows.append(tuple(spans))
    if len(rows) == 1:
        rows.append(((" nothing was measured in these moments", "dim"),))
    return rows


def _strips(trace: Trace, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the trace from its begin to its end: where the world stood, and where the collector ran."""
    cells = max(10, width - STRIP_LABEL - 2)
    stood = _shares([(stop.start_s, stop.length_s) for stop in trace.stw], trace, cells)
    busy = _shares([(cycle.start_s, cycle.length_s) for cycle in trace.gc_cycles], trace, cells)
    ruler = "0".ljust(cells // 2) + f"{1e3 * trace.span_s / 2:.0f} ms"
    ruler = ruler.ljust(cells - 8) + f"{1e3 * trace.span_s:.0f} ms".rjust(8)
    return [
        ((f" {'stopped':<{STRIP_LABEL}}", "dim"), (spark(stood, cells, glyphs), "max")),
        ((f" {'collector':<{STRIP_LABEL}}", "dim"), (spark(busy, cells, glyphs, top=1.0), "gc")),
        ((" " * (STRIP_LABEL + 1) + ruler, "dim"),),
    ]


def _shares(pieces: Sequence[tuple[float, float]], trace: Trace, cells: int) -> list[float | None]:
    """Return which share of each cell's time the pieces, as (begin, length), cover; None for nothing."""
    step = trace.span_s / cells if trace.span_s > 0 else 1.0
    shares = [0.0] * cells
    for begin_s, length_s in pieces:
        left, right = begin_s - trace.at_s, begin_s - trace.at_s + length_s
        first, last = (int(min(max(0.0, edge / step), cells)) for edge in (left, right))
        for cell in range(first, min(cells, last + 1)):
            covered = min(right, (cell + 1) * step) - max(left, cell * step)
            shares[cell] += max(0.0, covered) / step
    return [share or None for share in shares]


def _longest(trace: Trace, room: int) -> list[Line]:
    """Return the longest stops one by one, in as many rows as there are."""
    if room < 3 or not trace.stw:
        return []
    rows: list[Line] = [((f" {'longest stops':<{KIND_WIDTH}}{'at ms':>10}{'ms':>10}", "dim"),)]
    for stop in sorted(trace.stw, key=lambda one: -one.length_s)[: room - 1]:
        after = f"{1e3 * (stop.start_s - trace.at_s):.1f}"
        label = f" {fit(clean(stop.kind), KIND_WIDTH - 1):<{KIND_WIDTH}}"
        rows.append(((label, "text"), (f"{after:>10}{milliseconds(stop.length_s):>10}", "strong")))
    return rows
