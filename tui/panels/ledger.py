"""The operating points of the run: a row for each segment, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from engine.figures import SegmentFigures
from sessions.format import count, duration, load_short, scaled, segment_name, share, size, trim
from sessions.words import half_pct
from tui.format import bare, failures, fit, percent, rate
from tui.panels.base import Panel, View
from tui.panels.comparison import MARKS, compared, difference
from tui.panels.line import Line, Span, Tone
from tui.panels.status import SEGMENT_TONES

Column: TypeAlias = tuple[str, int, int, Callable[[SegmentFigures], str]]

UNKNOWN: Final = "–"


def errors(row: SegmentFigures) -> str:
    """Return the share of requests that failed."""
    failed = failures(row)
    return share(failed, row.requests + sum(row.errors.values())) if failed else "0"


def collections(row: SegmentFigures) -> str:
    """Return collections a second."""
    span = row.end_s - row.start_s
    return rate(row.target.gc.count / span) if row.target.gc is not None and span > 0 else UNKNOWN


def pause(row: SegmentFigures) -> str:
    """Return the mean stop-the-world time of a collection."""
    gc = row.target.gc
    mean = gc.pause_s.mean if gc is not None and gc.count > gc.lost else None
    return trim(duration(mean)) if mean is not None else UNKNOWN


def cpu(row: SegmentFigures) -> str:
    """Return the target's CPU."""
    return percent(row.target.cpu_pct) if row.target.cpu_pct is not None else UNKNOWN


def memory(row: SegmentFigures) -> str:
    """Return the target's mean memory."""
    return size(row.target.rss_bytes.mean) if row.target.rss_bytes is not None else UNKNOWN


def answers(row: SegmentFigures) -> str:
    """Return how many answers there were, in at most as many characters as the column has."""
    return count(row.requests) if row.requests < 1e9 else scaled(row.requests)


def service(row: SegmentFigures) -> str:
    """Return the service time; in a closed loop it is the response time, and said already."""
    return bare(row.latency_s.service, "p99") if row.load.mode == "open" else UNKNOWN


def lag(row: SegmentFigures) -> str:
    """Return by how much the generator itself was late; a closed loop has no schedule to be late for."""
    return bare(row.latency_s.lag, "p99") if row.latency_s.lag is not None else UNKNOWN


def uncertainty(row: SegmentFigures) -> str:
    """Return how far the p99 may be off."""
    half = half_pct(row.latency_s.response, "p99")
    return UNKNOWN if half is None else f"±{half:.1f}%" if half < 9.95 else f"±{half:.0f}%"


COLUMNS: Final[tuple[Column, ...]] = (
    # head, width, rank by which it goes where there is no room (high goes first), text
    ("req/s", 9, 0, lambda row: rate(row.throughput_rps)),
    ("p50 ms", 7, 2, lambda row: bare(row.latency_s.response, "p50")),
    ("p90 ms", 7, 11, lambda row: bare(row.latency_s.response, "p90")),
    ("p99 ms", 7, 1, lambda row: bare(row.latency_s.response, "p99")),
    ("± p99", 6, 8, uncertainty),
    ("p99.9 ms", 8, 10, lambda row: bare(row.latency_s.response, "p999")),
    ("svc p99", 7, 4, service),
    ("lag p99", 7, 7, lag),
    ("errors", 8, 3, errors),
    ("cpu", 7, 9, cpu),
    ("mem", 7, 5, memory),
    ("gc/s", 6, 6, collections),
    ("pause", 7, 14, pause),
    ("answers", 12, 12, answers),
    ("seconds", 8, 13, lambda row: f"{row.end_s - row.start_s:.0f}"),
)
OF_OPEN_LOOP: Final = frozenset({"svc p99", "lag p99"})
"""Columns that say nothing new of a closed loop, where a request is due when it is sent."""

NAME: Final = 7
SETTINGS: Final = 12
STATE: Final = 16
"""As wide as the longest state; a narrow table cuts it to `STATE_NARROW`."""
STATE_NARROW: Final = 11
GAP: Final = 2


class Ledger(Panel):
    """Settings, state and figures of each segment; the current one is marked."""

    title = "ledger"
    tabular = True

    def note(self, view: View) -> Span:
        """Return how two of the rows differ, or what a row is."""
        pair = compared(view)
        if pair is not None:
            return difference(*pair), "text"
        return ("newest first, of each stretch with unchanged settings" if view.second.segments else ""), "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the heads and as many segments as have room."""
        everything = view.second.segments
        longest = max((len(state_words(row)) for row in everything), default=0)
        state = min(STATE if width >= 100 else STATE_NARROW, max(longest, len("state")) + 1)
        open_loop = any(row.load.mode == "open" for row in everything)
        columns = fitting_columns(width - NAME - SETTINGS - state, open_loop=open_loop)
        heads = " " * NAME + "settings".ljust(SETTINGS) + "state".ljust(state)
        heads += "".join(" " * GAP + head.rjust(across) for head, across, _, _ in columns)
        lines: list[Line] = [((heads, "dim"),)]
        current = view.second.segment
        segments = sorted(everything, key=lambda row: -row.index)
        below = told_below(view, width)
        room = height - 1 - len(below)
        first, shown = window(segments, room, view.selected)
        for row in shown:
            is_current = current is not None and row.index == current.index
            sign = MARKS[view.marked.index(row.index)] if row.index in view.marked else ""
            line = entry(row, columns, state, marked=is_current, sign=sign)
            if row.index == view.selected:
                line = (("".join(text for text, _ in line).ljust(width), "badge"),)
            lines.append(line)
        older = len(segments) - first - len(shown)
        if not segments:
            lines.append((("no load yet", "dim"),))
        elif older:
            lines.append(((f"{' ' * NAME}and {older} older", "dim"),))
        lines += [()] * (height - len(lines) - len(below))
        return [*lines, *below]


def window(
    segments: Sequence[SegmentFigures], room: int, selected: int | None
) -> tuple[int, Sequence[SegmentFigures]]:
    """Return the rows that are shown, and how many newer ones are not; the selected one is among them."""
    if len(segments) <= room:
        return 0, segments
    many = max(1, room - 1)
    at = next((place for place, row in enumerate(segments) if row.index == selected), 0)
    first = max(0, at - many + 1)
    return first, segments[first : first + many]


def told_below(view: View, width: int) -> list[Line]:
    """Return how two rows that were marked differ, where no frame has room to say it."""
    pair = compared(view)
    if view.framed or pair is None or len(view.marked) < len(MARKS):
        return []
    return [((fit(difference(*pair), width), "text"),)]


def as_text(row: SegmentFigures) -> str:
    """Return a row with its heads, all columns, tabs between: what a spreadsheet takes."""
    cells = [("segment", segment_name(row.index)), ("settings", load_short(row.load))]
    cells.append(("state", state_words(row)))
    cells += [(head, text(row)) for head, _, _, text in COLUMNS]
    return "\t".join(head for head, _ in cells) + "\n" + "\t".join(text for _, text in cells) + "\n"


def state_words(row: SegmentFigures) -> str:
    """Return whether the segment settled, as a word."""
    return UNKNOWN if row.state == "not-judged" else row.state.replace("-", " ")


def fitting_columns(width: int, *, open_loop: bool) -> list[Column]:
    """Return the columns that have room, in their order; the least wanted go first."""
    kept = [column for column in COLUMNS if open_loop or column[0] not in OF_OPEN_LOOP]
    while kept and sum(across + GAP for _, across, _, _ in kept) > width:
        kept.remove(max(kept, key=lambda column: column[2]))
    return kept


def entry(
    row: SegmentFigures,
    columns: list[Column],
    state: int,
    *,
    marked: bool,
    sign: str = "",
) -> Line:
    """Return one segment's row; `sign` stands behind its name."""
    name = f"{segment_name(row.index)}{'▸' if marked else ''}"
    name = f"{name}{' ' if sign and not marked else ''}{sign}".ljust(NAME)
    tone: Tone = "strong" if marked else "text"
    words = state_words(row)
    spans: list[Span] = [
        (name, "title" if marked else "dim"),
        (fit(load_short(row.load), SETTINGS - 1).ljust(SETTINGS), tone),
        (fit(words, state - 1).ljust(state), SEGMENT_TONES.get(row.state, "dim")),
    ]
    bound = row.client.verdict == "client-bound"
    # A bound's sign may take from the gap before it.
    figures = "".join(text(row).rjust(GAP + across) for _, across, _, text in columns)
    return (*spans, (figures, "dim" if bound else tone))
