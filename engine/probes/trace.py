"""Reads Go's execution traces: when the world was stopped, why, and when the collector was at work.

The format is documented by its reader alone (`internal/trace` in Go's source). Its header has a number of its
own: Go 1.22 writes 22; 1.23 and 1.24 write 23; 1.25 writes 25; 1.26 and 1.27 write 26. The stream gives events
no lengths, so a format with unknown events cannot be read at all, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from engine.probes.trace_batches import BadTrace, Generation, generations
from engine.probes.trace_pairs import (
    GC_ACTIVE,
    GC_BEGIN,
    GC_END,
    STW_BEGIN,
    STW_END,
    Cycle,
    Moment,
    Stop,
    cycles,
    stops,
)
from engine.probes.varint import uvarint

FORMATS: Final = range(22, 27)

_HEADER: Final = re.compile(rb"go 1\.(\d{1,3}) trace\0\0\0")
_HEADER_BYTES: Final = 16
_MOST_MOMENTS: Final = 200_000
"""A real second has some thousand at most."""

# fmt: off
_NUMBERS: Final[Mapping[int, int]] = {
    9: 3, 10: 3, 11: 1, 12: 4, 13: 3, 14: 4, 15: 2, 16: 3, 17: 1, 18: 1, 19: 3, 20: 3, 21: 4, 22: 3, 23: 1,
    24: 1, 25: 4, 26: 3, 27: 1, 28: 2, 29: 3, 30: 2, 31: 2, 32: 2, 33: 3, 34: 2, 35: 2, 36: 1, 37: 2, 38: 2,
    39: 2, 40: 5, 41: 3, 42: 4, 43: 4, 44: 5,
    45: 3, 46: 3, 47: 4, 48: 5,  # since format 23
    128: 4, 129: 4, 130: 2, 131: 3, 132: 3, 133: 2, 134: 3, 135: 3, 136: 2,
}
"""How many numbers follow an event's type; the first is always the time since the event before."""
# fmt: on

_KEPT: Final = frozenset({STW_BEGIN, STW_END, GC_ACTIVE, GC_BEGIN, GC_END})
_ARGUMENTS: Final = tuple(_NUMBERS.get(event, 0) for event in range(256))


class WallClock(Struct, frozen=True):
    """One moment by two clocks of the target: nanoseconds of the trace, and since 1970."""

    trace_ns: int
    wall_ns: int


class TraceLog(Struct, frozen=True):
    """What a trace says of stops and collections. Times are nanoseconds of the target's monotonic clock.

    Attributes:
        format: The number in its header.
        first_ns: When its first event was.
        last_ns: When its last was.
        stops: Stops of the world, by their begin.
        cycles: Collections, by their begin.
        wall: The clocks side by side, or None; formats before 25 do not say.
        cut: Whether the trace ends in the middle, as it does where a connection breaks.
    """

    format: int
    first_ns: int
    last_ns: int
    stops: tuple[Stop, ...]
    cycles: tuple[Cycle, ...]
    wall: WallClock | None
    cut: bool


def parse(data: bytes) -> TraceLog:
    """Return the stops and collections in a trace.

    Raises:
        BadTrace: It is none, or of a format that is not known, or damaged. A missing end is no damage.
    """
    number = _format(data)
    try:
        parts, cut = generations(data, _HEADER_BYTES)
        moments: list[Moment] = []
        first_ns, last_ns = 1 << 200, -1
        wall: WallClock | None = None
        for _, generation in sorted(parts.items()):
            for span in _read(generation, moments):
                first_ns, last_ns = min(first_ns, span[0]), max(last_ns, span[1])
            if generation.snapshot is not None:
                ticks, wall_ns = generation.snapshot
                wall = wall or WallClock(_ns(ticks, generation.hz), wall_ns)
    except IndexError:
        raise BadTrace("it is damaged: an event ends where its batch does not") from None
    except OverflowError as error:
        raise BadTrace(f"it is damaged: {error}") from None
    if last_ns < 0:
        raise BadTrace("it has no events")
    moments.sort(key=lambda moment: moment.at_ns)
    return TraceLog(
        format=number,
        first_ns=first_ns,
        last_ns=last_ns,
        stops=stops(moments),
        cycles=cycles(moments, first_ns, last_ns),
        wall=wall,
        cut=cut,
    )


def _format(data: bytes) -> int:
    header = _HEADER.fullmatch(data[:_HEADER_BYTES])
    if header is None:
        raise BadTrace("it is empty" if not data else "it is no execution trace of Go")
    number = int(header[1])
    if number not in FORMATS:
        known = f"{FORMATS[0]} to {FORMATS[-1]}"
        raise BadTrace(f"its format is {number}, and only {known} (Go 1.22 to 1.27) can be read")
    return number


def _read(generation: Generation, moments: list[Moment]) -> Iterator[tuple[int, int]]:
    """Collect what matters of a generation's events; yields each batch's first and last time."""
    for thread, base, batch in generation.batches:
        at, ticks, size = 0, base, len(batch)
        first: int | None = None
        while at < size:
            event = batch[at]
            wanted = _ARGUMENTS[event]
            if not wanted:
                raise BadTrace(f"it is damaged, or newer than this reader: event {event}")
            elapsed, at = uvarint(batch, at + 1)
            ticks += elapsed
            if first is None:
                first = ticks
            if event in _KEPT:
                argument = uvarint(batch, at)[0] if wanted > 1 else 0
                about = generation.strings.get(argument, f"kind {argument}") if event == STW_BEGIN else ""
                moments.append(Moment(_ns(ticks, generation.hz), event, thread, about))
                if len(moments) > _MOST_MOMENTS:
                    raise BadTrace(f"it has more than {_MOST_MOMENTS} stops and collections")
            for _ in range(wanted - 1):  # the bytes of a number but its last have their high bit set
                while batch[at] > 0x7F:
                    at += 1
                at += 1
        if first is not None:
            yield _ns(first, generation.hz), _ns(ticks, generation.hz)


def _ns(ticks: int, hz: int) -> int:
    return ticks * 1_000_000_000 // hz
