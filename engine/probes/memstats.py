"""Go's MemStats, as `heap?debug=1` and expvar print them, and every pause that they hold.

At the end of a collection the Go runtime writes the time that the world stood still, all stops of that cycle
added up, to slot `NumGC % 256` of `PauseNs`, the wall clock to the same slot of `PauseEnd`, and only then
counts the cycle. So cycle g, counted from 1, is in slot `(g - 1) % 256` until cycle g + 256 ends, and two
readings with at most 256 cycles between them give every pause. What is older was overwritten: it is lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

SLOTS: Final = 256
TRAILER: Final = b"\n# runtime.MemStats\n"
"""What stands before the MemStats in `heap?debug=1`; stack traces of any length stand before it."""

_UINT64_MAX: Final = 2**64 - 1
_LINE: Final = re.compile(r"^# (\w+) = (.*)$", re.MULTILINE)
_NUMBER: Final = re.compile(r"\d{1,20}")
_NUMBERS: Final = re.compile(r"\[(?:[0-9]{1,20} )*+[0-9]{1,20}\]")


class MemStats(Struct, frozen=True):
    """The fields of runtime.MemStats that loadtop uses; None where the source lacks one, or has nonsense there.

    Attributes:
        num_gc: Collections so far.
        pause_ns: Ring of pauses, 256 of them.
        pause_end: Ring of their ends, unix nanoseconds.
        pause_total_ns: All pauses so far; only expvar has it.
        last_gc: End of the last collection, unix nanoseconds; 0 before the first.
        total_alloc: Bytes allocated so far, freed ones too.
        heap_alloc: Bytes of live and not yet swept objects.
        next_gc: Heap size at which the next collection starts.
        gc_cpu_fraction: Share of the CPU time since the start that went to the collector, as of the last one.
        runtime: What the service is written in; Python's page of the same form tells itself by "Pauses".
    """

    num_gc: int
    pause_ns: tuple[int, ...] | None = None
    pause_end: tuple[int, ...] | None = None
    pause_total_ns: int | None = None
    last_gc: int | None = None
    total_alloc: int | None = None
    heap_alloc: int | None = None
    next_gc: int | None = None
    gc_cpu_fraction: float | None = None
    runtime: str = "go"


class Cycle(Struct, frozen=True):
    """One collection: its number since the process began, its end (unix), how long the world stood still."""

    number: int
    end_ns: int
    pause_ns: int


class Recovery(Struct, frozen=True):
    """What happened between two readings.

    Attributes:
        cycles: Collections whose pause is known, oldest first.
        lost: Collections whose pause is not known.
        lost_ns: What the lost ones paused together; None where the source has no total.
        restarted: Whether the process began anew, so that all counts are from its beginning.
    """

    cycles: tuple[Cycle, ...] = ()
    lost: int = 0
    lost_ns: int | None = None
    restarted: bool = False


BIRTH: Final = MemStats(num_gc=0, pause_total_ns=0, total_alloc=0)
"""A process that has not allocated yet: what a restarted one is compared with."""


def parse_trailer(text: bytes) -> MemStats | None:
    """Parse what follows `TRAILER`; None where it has no count of collections."""
    lines = dict(_LINE.findall(text.decode("utf-8", "replace")))
    return _from_fields({name: _value(value) for name, value in lines.items()})


def parse_vars(body: bytes) -> MemStats | None:
    """Parse expvar's JSON; None where it is something else, or has no memstats."""
    try:
        everything = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    fields = everything.get("memstats") if isinstance(everything, dict) else None
    if not isinstance(fields, dict):
        return None
    stats = _from_fields(fields)
    return _with_pauses(stats, fields["Pauses"]) if stats is not None and "Pauses" in fields else stats


def recover(before: MemStats, now: MemStats) -> Recovery:
    """Return every collection between two readings of one target, each exactly once.

    A process that was restarted is noticed by fewer collections or fewer bytes allocated than before.
    """
    restarted = now.num_gc < before.num_gc or _fell(before.total_alloc, now.total_alloc)
    if restarted:
        before = BIRTH
    new = now.num_gc - before.num_gc
    if now.pause_ns is None or now.pause_end is None:
        # Without its end a pause cannot be put next to the requests that it delayed.
        return Recovery(lost=new, restarted=restarted)
    have = min(new, SLOTS)
    cycles = tuple(
        Cycle(number, now.pause_end[(number - 1) % SLOTS], now.pause_ns[(number - 1) % SLOTS])
        for number in range(now.num_gc - have + 1, now.num_gc + 1)
    )
    lost_ns = None
    if now.pause_total_ns is not None and before.pause_total_ns is not None:
        lost_ns = now.pause_total_ns - before.pause_total_ns - sum(cycle.pause_ns for cycle in cycles)
    return Recovery(cycles, new - have, lost_ns, restarted)


def _fell(before: int | None, now: int | None) -> bool:
    return before is not None and now is not None and now < before


def _value(text: str) -> object:
    """Read one value of the trailer in Go's `%d` and `%v` forms; what is neither stays text."""
    if _NUMBERS.fullmatch(text):
        return list(map(int, text[1:-1].split()))
    if text.startswith("["):
        return [int(item) if _NUMBER.fullmatch(item) else None for item in text.strip("[]").split()]
    if _NUMBER.fullmatch(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text


def _from_fields(fields: Mapping[str, object]) -> MemStats | None:
    num_gc = _count(fields.get("NumGC"))
    if num_gc is None:
        return None
    return MemStats(
        num_gc=num_gc,
        pause_ns=_ring(fields.get("PauseNs")),
        pause_end=_ring(fields.get("PauseEnd")),
        pause_total_ns=_count(fields.get("PauseTotalNs")),
        last_gc=_count(fields.get("LastGC")),
        total_alloc=_count(fields.get("TotalAlloc")),
        heap_alloc=_count(fields.get("HeapAlloc")),
        next_gc=_count(fields.get("NextGC")),
        gc_cpu_fraction=_fraction(fields.get("GCCPUFraction")),
    )


def _with_pauses(stats: MemStats, pauses: object) -> MemStats:
    """Put a list of the last pauses, [[end, length, ...], ...], oldest first, into the slots of Go's rings.

    So a service in Python can show its collections with the dozen lines that the README has.
    """
    entries = pauses if isinstance(pauses, list) else []
    pairs = [
        (_count(entry[0]), _count(entry[1])) for entry in entries if isinstance(entry, list) and len(entry) >= 2
    ]
    if len(pairs) != min(stats.num_gc, SLOTS) or any(None in pair for pair in pairs):
        return replace(stats, pause_ns=None, pause_end=None, runtime="python")
    ends, lengths = [0] * SLOTS, [0] * SLOTS
    for number, (end, length) in enumerate(pairs, stats.num_gc - len(pairs)):
        ends[number % SLOTS], lengths[number % SLOTS] = end or 0, length or 0
    return replace(stats, pause_ns=tuple(lengths), pause_end=tuple(ends), runtime="python")


def _count(value: object) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _UINT64_MAX
    return value if good and isinstance(value, int) else None


def _ring(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list) or len(value) != SLOTS:
        return None
    if not all(type(item) is int for item in value) or min(value) < 0 or max(value) > _UINT64_MAX:
        return None
    return tuple(value)


def _fraction(value: object) -> float | None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if good and isinstance(value, (int, float)) else None
