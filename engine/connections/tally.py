"""What a worker's connections did since its last frame: the columns of that frame."""

from __future__ import annotations

from typing import NamedTuple

from engine import wire
from engine.connections.hot.path import HotPath


class Ended(NamedTuple):
    """The requests that ended, and the lags of those that were sent, as columns of a `engine.wire.Frame`."""

    written: bytes
    last: bytes
    outcome: bytes
    planned: bytes
    lag: bytes


class Tally:
    """Columns of a `engine.wire.Frame`, being filled.

    The lists are emptied, never replaced: connections hold their `append`. They are lists because that append
    is a third of an array's; a frame packs them all at once.

    Attributes:
        hot: Where ordinary answers are noted instead, if anywhere.
        is_open_loop: Whether requests have a schedule, and `planned` is to be filled.
    """

    __slots__ = (
        "connect",
        "first_attempts",
        "hot",
        "is_open_loop",
        "lag",
        "last",
        "last_error",
        "outcome",
        "planned",
        "resumed",
        "retried",
        "unsent",
        "written",
    )

    def __init__(self) -> None:
        self.hot: HotPath | None = None
        self.is_open_loop = False
        self.planned: list[int] = []
        self.written: list[int] = []
        self.last: list[int] = []
        self.outcome: list[int] = []
        self.lag: list[int] = []
        self.connect: list[int] = []
        self.first_attempts: list[int] = []
        self.unsent: list[wire.Unsent] = []
        self.retried = self.resumed = 0
        self.last_error = ""

    def record(self, planned_ns: int, written_ns: int, last_ns: int, kind: str) -> None:
        """Note a request, or an attempt to connect, that got no answer."""
        if self.is_open_loop:
            self.planned.append(planned_ns)
        self.written.append(written_ns)
        self.last.append(last_ns)
        self.outcome.append(wire.ERROR_CODE[kind])

    def take(self) -> Ended:
        """Return the requests that ended, and forget them."""
        ended = Ended(
            wire.pack_times(self.written),
            wire.pack_times(self.last),
            wire.pack_outcomes(self.outcome),
            wire.pack_times(self.planned),
            wire.pack_times(self.lag),
        )
        for column in (self.planned, self.written, self.last, self.outcome, self.lag):
            column.clear()
        if self.hot is None:
            return ended
        return Ended(*(ordinary + other for ordinary, other in zip(self.hot.take(), ended, strict=True)))

    def clear(self) -> None:
        """Forget everything else; called once it is in a frame."""
        for column in (self.connect, self.first_attempts):
            column.clear()
        self.unsent.clear()
        self.retried = self.resumed = 0
        self.last_error = ""
