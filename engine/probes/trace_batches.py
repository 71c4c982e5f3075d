"""The outer layer of Go's execution traces: batches of events, of texts, and of readings of the clock.

A trace is cut into generations of about a second, each with texts and a clock of its own. A batch is of one
thread; batches of one thread are in the order of time, those of different threads in any.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from engine.probes.varint import uvarint

DEFAULT_HZ: Final = 15_625_000
"""Of the clock that events are stamped with, on Linux: one tick is 64 ns of CLOCK_MONOTONIC."""

_LONGEST_TEXT: Final = 100

# What a batch holds is said by its first byte.
_BATCH, _STACKS, _STRINGS, _STRING, _CPU_SAMPLES, _FREQUENCY = 1, 2, 4, 5, 6, 8
_EXPERIMENTAL, _SYNC, _CLOCK_SNAPSHOT, _END_OF_GENERATION = 49, 50, 51, 52


class BadTrace(ValueError):
    """The bytes are no trace that can be read; the message is one line that says why."""


class Generation(Struct):
    """What is read of about a second of a trace; its strings and its clock are its own."""

    hz: int = DEFAULT_HZ
    strings: dict[int, str] = field(default_factory=dict)
    batches: list[tuple[int, int, bytes]] = field(default_factory=list)
    """Of events: thread, time of its begin, bytes."""
    snapshot: tuple[int, int] | None = None
    """Ticks of the trace's clock, and nanoseconds since 1970."""


def generations(data: bytes, at: int) -> tuple[dict[int, Generation], bool]:
    """Return what is in the batches from `at` on, by generation, and whether the data end within one.

    Raises:
        BadTrace: There is something else than batches.
        IndexError, OverflowError: A batch is damaged.
    """
    found: dict[int, Generation] = {}
    end = len(data)
    while at < end:
        kind = data[at]
        at += 1
        if kind == _END_OF_GENERATION:
            continue
        if kind not in (_BATCH, _EXPERIMENTAL):
            raise BadTrace(f"it is damaged: {kind} where a batch should begin")
        try:
            if kind == _EXPERIMENTAL:
                at += 1
            number, at = uvarint(data, at)
            thread, at = uvarint(data, at)
            base, at = uvarint(data, at)
            size, at = uvarint(data, at)
        except IndexError:
            return found, True
        if at + size > end:
            return found, True
        if size and kind == _BATCH:
            _sort_in(found.setdefault(number, Generation()), thread, base, data[at : at + size])
        at += size
    return found, False


def _sort_in(generation: Generation, thread: int, base: int, batch: bytes) -> None:
    """Put a batch where it belongs; what is of no use here is dropped."""
    kind = batch[0]
    if kind == _STRINGS:
        _read_strings(batch, generation.strings)
    elif kind == _FREQUENCY:
        generation.hz = uvarint(batch, 1)[0] or DEFAULT_HZ
    elif kind == _SYNC:
        _read_sync(batch, base, generation)
    elif kind not in (_STACKS, _CPU_SAMPLES):
        generation.batches.append((thread, base, batch))


def _read_strings(batch: bytes, strings: dict[int, str]) -> None:
    at = 1
    while at < len(batch):
        if batch[at] != _STRING:
            raise BadTrace(f"it is damaged: {batch[at]} among its texts")
        number, at = uvarint(batch, at + 1)
        size, at = uvarint(batch, at)
        if at + size > len(batch):
            raise BadTrace("it is damaged: a text ends after its batch")
        strings[number] = batch[at : at + min(size, _LONGEST_TEXT)].decode("utf-8", "replace")
        at += size


def _read_sync(batch: bytes, base: int, generation: Generation) -> None:
    """Read the clocks of a generation, formats from 25 on."""
    at, ticks = 1, base
    while at < len(batch):
        kind = batch[at]
        if kind == _FREQUENCY:
            hz, at = uvarint(batch, at + 1)
            generation.hz = hz or DEFAULT_HZ
        elif kind == _CLOCK_SNAPSHOT:
            elapsed, at = uvarint(batch, at + 1)
            _, at = uvarint(batch, at)
            seconds, at = uvarint(batch, at)
            nanoseconds, at = uvarint(batch, at)
            ticks += elapsed
            generation.snapshot = (ticks, seconds * 1_000_000_000 + nanoseconds)
        else:
            raise BadTrace(f"it is damaged: {kind} among its clocks")
