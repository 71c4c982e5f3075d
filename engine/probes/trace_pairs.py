"""Pairs the begins and ends in an execution trace: stops of the world, and collections. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

# Numbers of events, the same in all formats that are read (`internal/trace/tracev2` in Go's source).
STW_BEGIN: Final = 26
STW_END: Final = 27
GC_ACTIVE: Final = 28
GC_BEGIN: Final = 29
GC_END: Final = 30


class Moment(Struct, frozen=True):
    """One event.

    Attributes:
        at_ns: When, on the target's monotonic clock.
        event: Its number.
        thread: The thread it happened on.
        about: Why the world was stopped; "" for other events.
    """

    at_ns: int
    event: int
    thread: int
    about: str = ""


class Stop(Struct, frozen=True):
    """A stop of the world, as Go calls its reason: "GC sweep termination", "read mem stats", ..."""

    kind: str
    start_ns: int
    end_ns: int


class Cycle(Struct, frozen=True):
    """A collection. `whole` is False where it began before the trace or went on after it."""

    start_ns: int
    end_ns: int
    whole: bool


def stops(moments: Iterable[Moment]) -> tuple[Stop, ...]:
    """Return the stops of the world, given the events in the order of time.

    Both ends of one are on the same thread. A begin without its end is dropped: it lasts into the time after
    the trace, as the stop that ends the trace itself does.
    """
    begun: dict[int, Moment] = {}
    done: list[Stop] = []
    for moment in moments:
        if moment.event == STW_BEGIN:
            begun[moment.thread] = moment
        elif moment.event == STW_END:
            begin = begun.pop(moment.thread, None)
            if begin is not None:
                done.append(Stop(begin.about, begin.at_ns, moment.at_ns))
    return tuple(sorted(done, key=lambda stop: stop.start_ns))


def cycles(moments: Iterable[Moment], first_ns: int, last_ns: int) -> tuple[Cycle, ...]:
    """Return the collections, given the events in the order of time and the ends of the trace.

    There is one at a time, and it begins and ends on whatever thread. Each part of a trace says whether one is
    under way as it begins, which tells of those from before.
    """
    done: list[Cycle] = []
    begin: Moment | None = None
    for moment in moments:
        if moment.event == GC_BEGIN or (moment.event == GC_ACTIVE and begin is None):
            begin = moment
        elif moment.event == GC_END and begin is not None:
            whole = begin.event == GC_BEGIN
            done.append(Cycle(begin.at_ns if whole else first_ns, moment.at_ns, whole))
            begin = None
    if begin is not None:
        done.append(Cycle(begin.at_ns if begin.event == GC_BEGIN else first_ns, last_ns, False))
    return tuple(done)
