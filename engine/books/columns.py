"""A frame's columns as numpy arrays: one entry a request that ended.

What several books need (response times, their bins, who succeeded) is worked out once a frame. Parts of the
columns are views where they can be: at 200,000 requests a second every copy is a percent of a core.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine import wire
from engine.histogram import FINE, Ages, Nanoseconds

_NO_SAMPLE: Final = (wire.ERROR_CODE["refused"], wire.ERROR_CODE["connect"], wire.ERROR_CODE["tls"])
"""Failed attempts to connect carried no request: they count as errors, not as slow requests."""

_GIVEN_UP: Final = (wire.ERROR_CODE["unfinished"], wire.ERROR_CODE["unsent"])
"""The run ended first: these did not fail, they are only known to have taken longer than until then."""

FIRST_FAILED_STATUS: Final = 400


class Columns(Struct, frozen=True):
    """Requests that ended, in the order in which they did. All arrays have the same shape (n,).

    Attributes:
        planned: When each was due, nanoseconds on the monotonic clock.
        written: When each was written; the same array in a closed loop.
        last: When its last byte came, or when it was given up.
        outcome: HTTP status, or an index of `engine.wire.ERROR_KINDS`.
        response: `last - planned`.
        bins: The bin of each response time, of `engine.histogram.FINE`.
        ok: Which were answered with a status below 400; None where all were.
    """

    planned: Nanoseconds
    written: Nanoseconds
    last: Nanoseconds
    outcome: npt.NDArray[np.uint16]
    response: Nanoseconds
    bins: Nanoseconds
    ok: npt.NDArray[np.bool_] | None

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.last.size)

    @property
    def answered(self) -> int:
        """How many were answered, whatever the status."""
        return self.size if self.ok is None else int(np.count_nonzero(self.outcome >= wire.FIRST_STATUS))

    @property
    def unanswered(self) -> int:
        """How many were sent and got no answer: they are slower than any that did."""
        if self.ok is None:
            return 0
        return int(np.count_nonzero((self.outcome < wire.FIRST_STATUS) & ~np.isin(self.outcome, _NO_SAMPLE)))

    @property
    def timed_out(self) -> int:
        """How many ran into the time-out."""
        return 0 if self.ok is None else int(np.count_nonzero(self.outcome == wire.ERROR_CODE["timeout"]))

    def ages(self, since: Nanoseconds) -> Ages | None:
        """Return how old those of the unanswered were that the end of the run cut off; None if there are none.

        Args:
            since: From when an age counts: `planned` or `written`.
        """
        if self.ok is None:
            return None
        which = np.isin(self.outcome, _GIVEN_UP)
        ages_ns = self.last[which] - since[which]
        return Ages(ages_ns.size, int(ages_ns.min()), int(ages_ns.max())) if ages_ns.size else None

    def succeeded(self) -> Columns:
        """Return those that were answered with a status below 400."""
        return self if self.ok is None else self._pick(self.ok)

    def failed(self) -> Columns:
        """Return those that were answered with a status of 400 and above."""
        if self.ok is None:
            return self._pick(slice(0, 0))
        return self._pick(self.outcome >= FIRST_FAILED_STATUS)

    def count_outcomes(self) -> dict[int, int]:
        """Return how often each outcome occurred."""
        counts = np.bincount(self.outcome)
        return {int(outcome): int(counts[outcome]) for outcome in np.flatnonzero(counts)}

    def by_end(self, edges_ns: Sequence[int]) -> Iterator[tuple[int, Columns]]:
        """Yield (index, those that ended from edge `index` until the next), for each that is not empty.

        Args:
            edges_ns: Ascending; what ended before the first belongs to it, the last has no end.
        """
        cuts = [0, *np.searchsorted(self.last, edges_ns[1:]).tolist(), self.size]
        for index in range(len(edges_ns)):
            if cuts[index] < cuts[index + 1]:
                yield index, self._pick(slice(cuts[index], cuts[index + 1]))

    def by_due(self, edges_ns: Sequence[int]) -> Iterator[tuple[int, Columns]]:
        """Yield the same by when they were due."""
        which = np.maximum(np.searchsorted(edges_ns, self.planned, side="right") - 1, 0)
        lowest, highest = int(which.min()), int(which.max())
        if lowest == highest:
            yield lowest, self
            return
        for index in range(lowest, highest + 1):
            part = self._pick(which == index)
            if part.size:
                yield index, part

    def _pick(self, which: npt.NDArray[np.bool_] | slice) -> Columns:
        written = self.written[which]
        ok = None if self.ok is None else self.ok[which]
        return Columns(
            written if self.planned is self.written else self.planned[which],
            written,
            self.last[which],
            self.outcome[which],
            self.response[which],
            self.bins[which],
            None if ok is None or ok.all() else ok,
        )


def columns_of(frame: wire.Frame) -> Columns:
    """Return the columns of a frame."""
    written = np.frombuffer(frame.written, np.int64)
    planned = np.frombuffer(frame.planned, np.int64) if frame.planned else written
    last = np.frombuffer(frame.last, np.int64)
    return columns(planned, written, last, np.frombuffer(frame.outcome, np.uint16))


def columns(
    planned: Nanoseconds, written: Nanoseconds, last: Nanoseconds, outcome: npt.NDArray[np.uint16]
) -> Columns:
    """Return columns with what follows from them worked out."""
    response = last - planned
    ok = (outcome >= wire.FIRST_STATUS) & (outcome < FIRST_FAILED_STATUS)
    return Columns(planned, written, last, outcome, response, FINE.of(response), None if ok.all() else ok)
