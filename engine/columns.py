"""A frame's columns as numpy arrays: one entry a request that ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine import wire

Times = npt.NDArray[np.int64]

_NO_SAMPLE = (wire.ERROR_CODE["refused"], wire.ERROR_CODE["connect"], wire.ERROR_CODE["tls"])
"""Failed attempts to connect carried no request: they count as errors, not as slow requests."""

FIRST_FAILED_STATUS = 400


@dataclass(frozen=True, slots=True)
class Columns:
    """Requests that ended, in the order in which they did. All arrays have the same shape (n,).

    Attributes:
        planned: When each was due, nanoseconds on the monotonic clock.
        written: When each was written.
        last: When its last byte came, or when it was given up.
        outcome: HTTP status, or an index of `engine.wire.ERROR_KINDS`.
    """

    planned: Times
    written: Times
    last: Times
    outcome: npt.NDArray[np.uint16]

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.last.size)

    def where(self, mask: npt.NDArray[np.bool_]) -> Columns:
        """Return those for which `mask`, shape (n,), is True."""
        if mask.all():
            return self
        return Columns(self.planned[mask], self.written[mask], self.last[mask], self.outcome[mask])

    def succeeded(self) -> npt.NDArray[np.bool_]:
        """Return which were answered with a status below 400, shape (n,)."""
        return (self.outcome >= wire.FIRST_STATUS) & (self.outcome < FIRST_FAILED_STATUS)

    def failed(self) -> npt.NDArray[np.bool_]:
        """Return which were answered with a status of 400 and above, shape (n,)."""
        return self.outcome >= FIRST_FAILED_STATUS

    def unanswered(self) -> npt.NDArray[np.bool_]:
        """Return which were sent and got no answer, shape (n,): they are slower than any that did."""
        return (self.outcome < wire.FIRST_STATUS) & ~np.isin(self.outcome, _NO_SAMPLE)

    def count_outcomes(self) -> dict[int, int]:
        """Return how often each outcome occurred."""
        counts = np.bincount(self.outcome)
        return {int(outcome): int(counts[outcome]) for outcome in np.flatnonzero(counts)}


def columns_of(frame: wire.Frame) -> Columns:
    """Return the columns of a frame, without copying."""
    written = np.frombuffer(frame.written, np.int64)
    planned = np.frombuffer(frame.planned, np.int64) if frame.planned else written
    last = np.frombuffer(frame.last, np.int64)
    return Columns(planned, written, last, np.frombuffer(frame.outcome, np.uint16))
