"""A saved session as it was at one of its moments. Pure: a Snapshot in, a Snapshot out."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from msgspec.structs import replace

from engine.figures import Event
from engine.plan import Load
from engine.snapshot import GcNow, Now, RunState, Snapshot
from sessions.session import now_of, process_of

ROUNDED_S: Final = 0.0006


def moment(whole: Snapshot, at_s: float) -> Snapshot:
    """Return what was known at a moment: rows, events, pauses and segments until then, and the values of it.

    Figures of a segment are those of all of it, even where the moment is in its middle: a file keeps no others.

    Args:
        whole: The session at its end (`sessions.session.snapshot_of`).
        at_s: The moment, in seconds since the run began; what is outside of the run becomes its begin or end.
    """
    if at_s >= whole.at_s:
        return replace(whole, whole_s=whole.at_s)
    at_s = max(0.0, at_s)
    # A file keeps milliseconds of a row's begin, and more of a segment's: their first rows are to be in them.
    shown = bisect_right(whole.seconds, at_s + ROUNDED_S, key=lambda row: row.t_s)
    seconds = whole.seconds[: max(1, shown)]
    segments = [row for row in whole.segments if row.start_s <= at_s]
    current = next((row for row in reversed(segments) if at_s < row.end_s), None)
    row = seconds[-1] if seconds else None
    collector = whole.gc and GcNow(
        rate_per_s=row.gc_count / row.span_s if row and row.span_s > 0 else 0.0, lost=whole.gc.lost
    )
    return replace(
        whole,
        at_s=at_s,
        whole_s=whole.at_s,
        state=RunState.RUNNING if current is not None else RunState.PAUSED,
        load=_load_at(whole, at_s),
        now=now_of(row) if row is not None else Now(),
        segment=current,
        segments=segments,
        seconds=seconds,
        events=[event for event in whole.events if event.at_s <= at_s],
        pauses=whole.pauses[: bisect_right(whole.pauses, at_s, key=lambda pause: pause.end_s)],
        cores=next((one.cpu_pct for one in reversed(seconds) if one.cpu_pct), ()),
        process=process_of(seconds),
        gc=collector,
    )


def find_event(whole: Snapshot, text: str, at_s: float) -> Event | None:
    """Return the next event after a moment that has the text in its kind or words; past the last, the first.

    Args:
        whole: The session at its end.
        text: What is searched for, whatever its case.
        at_s: The moment.
    """
    sought = text.casefold()
    found = [event for event in whole.events if sought in f"{event.kind} {event.text}".casefold()]
    return next((event for event in found if event.at_s > at_s + 1e-6), found[0] if found else None)


def _load_at(whole: Snapshot, at_s: float) -> Load:
    # A load that was asked for in a pause is in no segment yet.
    asked = [event.after for event in whole.events if event.after is not None and event.at_s <= at_s]
    started = [row.load for row in whole.segments if row.start_s <= at_s]
    first = whole.segments[0].load if whole.segments else whole.load
    return asked[-1] if asked else started[-1] if started else first
