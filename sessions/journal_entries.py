"""What a journal's records say: each what changed in a session since the one before.

A record is made of the very struct that a save would have written at that second, cut down to what is new. So
putting the records together gives that save: figures are those that were shown, and only histograms, which
would be a quarter of a megabyte a second, are kept as differences of their counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from engine.figures import Event, Pause, Second, SegmentFigures
from engine.histogram import FINE, Counts, Histogram, encode_hdr
from engine.progress import Progress
from sessions.model import Session, result_of
from sessions.session import session_of

__all__ = ["Entry", "Keep", "Rebuilt", "decode", "encode", "entry_of"]


class Delta(Struct, frozen=True, array_like=True):
    """How the counts of one histogram changed."""

    segment: int
    kind: str
    anew: bool
    """Whether it begins from nothing: the settled part of a segment was found, or lost."""
    bins: list[int]
    """Distances from one changed bin to the next, the first from 0: nearly all fit into a byte."""
    counts: list[int]
    """What was added to each of those."""


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record."""

    at_s: float
    state: str
    result: int | None = None
    about: Session | None = None
    """The session without its series and segments, where anything in that changed."""
    events_from: int = 0
    """From which number on `events` replaces what was said before."""
    events: tuple[Event, ...] = ()
    seconds_from: int = 0
    seconds: tuple[Second, ...] = ()
    pauses: tuple[Pause, ...] = ()
    """New ones; they never change."""
    segments: tuple[SegmentFigures, ...] = ()
    """Those that changed, without their histograms."""
    deltas: tuple[Delta, ...] = ()


class Keep(Struct, frozen=True):
    """How a session is kept: what the user says of it, and its id."""

    id: str
    name: str = ""
    note: str = ""
    secrets: bool = False


_DECODER: Final = msgspec.msgpack.Decoder(Entry)
_ENCODER: Final = msgspec.msgpack.Encoder()


def encode(entry: Entry) -> bytes:
    """Return an entry as MessagePack."""
    return _ENCODER.encode(entry)


def decode(payload: bytes) -> Entry:
    """Return the entry in a payload.

    Raises:
        msgspec.MsgspecError: There is none.
    """
    return _DECODER.decode(payload)


def entry_of(
    now: Progress, before: Progress | None, keep: Keep, about: Session | None
) -> tuple[Entry, Session]:
    """Return what a journal is to say of a run's progress.

    Args:
        now: The run now.
        before: The run at the record before; None for the first record.
        keep: How it is kept.
        about: What the record before knew of the session beside its figures.

    Returns:
        The entry, and what this record knows of the session beside its figures.
    """
    old, new = (None if before is None else before.record), now.record
    events_from = _common(old.events if old else (), new.events)
    same = _common(_rows(before, now.seconds_from), new.seconds)
    partial = session_of(
        replace(
            new,
            events=new.events[events_from:],
            seconds=new.seconds[same:],
            segments=tuple(
                replace(row, calibration=now.calibrations[row.index])
                for row in new.segments
                if row.index in now.counts
            ),
        ),
        name=keep.name,
        note=keep.note,
        id=keep.id,
        keep_secrets=keep.secrets,
    )
    bare = _bare(partial)
    entry = Entry(
        at_s=partial.duration_s,
        state=partial.state,
        result=new.result,
        about=None if bare == about else bare,
        events_from=events_from,
        events=partial.events,
        seconds_from=now.seconds_from + same,
        seconds=partial.seconds,
        pauses=partial.pauses,
        segments=partial.segments,
        deltas=_deltas(now.counts, {} if before is None else _known(before)),
    )
    return entry, bare


class Rebuilt(Struct):
    """A session that is put together again, record by record.

    Attributes:
        about: The session beside its figures; None until the first record is in.
    """

    about: Session | None = None
    _last: Entry | None = None
    _events: list[Event] = field(default_factory=list)
    _seconds: list[Second] = field(default_factory=list)
    _pauses: list[Pause] = field(default_factory=list)
    _segments: dict[int, SegmentFigures] = field(default_factory=dict)
    _counts: dict[tuple[int, str], Counts] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Apply the next record.

        Raises:
            ValueError: It does not follow from those before, or says what cannot be.
        """
        if entry.about is None and self.about is None:
            raise ValueError("the first record is missing")
        if entry.events_from > len(self._events) or entry.seconds_from > len(self._seconds):
            raise ValueError("a record is missing")
        fresh = [(delta, self._with(delta)) for delta in entry.deltas]
        self.about = entry.about or self.about
        self._last = entry
        self._events[entry.events_from :] = entry.events
        self._seconds[entry.seconds_from :] = entry.seconds
        self._pauses += entry.pauses
        for row in entry.segments:
            self._segments[row.index] = row
            for key in [key for key in self._counts if key[0] == row.index]:
                if key not in {(delta.segment, delta.kind) for delta in entry.deltas}:
                    del self._counts[key]
        for delta, counts in fresh:
            self._counts[delta.segment, delta.kind] = counts

    def session(self) -> Session:
        """Return the session as a save would have written it at the last record.

        Raises:
            ValueError: There was no record.
        """
        if self.about is None or self._last is None:
            raise ValueError("there is no record")
        segments = tuple(
            replace(row, histogram=self._histograms(index)) for index, row in sorted(self._segments.items())
        )
        speaks = next((row for row in segments if row.index == self._last.result), None)
        state: Any = self._last.state
        return replace(
            self.about,
            duration_s=self._last.at_s,
            state=state,
            events=tuple(self._events),
            seconds=tuple(self._seconds),
            pauses=tuple(self._pauses),
            segments=segments,
            result=result_of(speaks),
        )

    def _histograms(self, segment: int) -> dict[str, str]:
        encoded = {}
        for (index, kind), counts in self._counts.items():
            if index == segment:
                histogram = Histogram()
                histogram.counts = counts
                encoded[kind] = encode_hdr(histogram)
        return encoded

    def _with(self, delta: Delta) -> Counts:
        known = None if delta.anew else self._counts.get((delta.segment, delta.kind))
        if known is None and not delta.anew:
            raise ValueError("a record is missing")
        counts = np.zeros(FINE.size, np.int64) if known is None else known.copy()
        bins = np.cumsum(np.array(delta.bins, np.int64))
        added = np.array(delta.counts, np.int64)
        if bins.size != added.size or (bins.size and int(bins[-1]) >= counts.size):
            raise ValueError("a histogram does not fit its bins")
        counts[bins] += added
        return counts


def _bare(session: Session) -> Session:
    return replace(
        session,
        duration_s=0.0,
        state="running",
        events=(),
        segments=(),
        seconds=(),
        pauses=(),
        result=result_of(None),
    )


def _rows(before: Progress | None, begin: int) -> Sequence[Second]:
    """Return the time series of a progress from a row on, as far as that is known."""
    if before is None or begin < before.seconds_from:
        return ()
    return before.record.seconds[begin - before.seconds_from :]


def _common(old: Sequence[object], new: Sequence[object]) -> int:
    """Return how many elements at the begin are the same."""
    pairs = enumerate(zip(old, new, strict=False))
    return next(
        (at for at, (one, other) in pairs if one is not other and one != other), min(len(old), len(new))
    )


def _known(before: Progress) -> dict[tuple[int, str], Counts]:
    return {(index, kind): counts for index, kinds in before.counts.items() for kind, counts in kinds.items()}


def _deltas(
    now: Mapping[int, Mapping[str, Counts]], known: Mapping[tuple[int, str], Counts]
) -> tuple[Delta, ...]:
    deltas = []
    for segment, kinds in now.items():
        for kind, counts in kinds.items():
            before = known.get((segment, kind))
            anew = before is None or bool((counts < before).any())
            added = counts if before is None or anew else counts - before
            bins = np.flatnonzero(added)
            deltas.append(
                Delta(
                    segment,
                    kind,
                    anew,
                    np.diff(bins, prepend=0).tolist(),
                    added[bins].tolist(),
                )
            )
    return tuple(deltas)
