"""What a worker's connections did since its last frame: the columns of that frame."""

from __future__ import annotations

from engine import wire


class Tally:
    """Columns of a `engine.wire.Frame`, being filled.

    The lists are emptied, never replaced: connections hold their `append`. They are lists because that append
    is a third of an array's; a frame packs them all at once.

    Attributes:
        is_open_loop: Whether requests have a schedule, and `planned` is to be filled.
    """

    __slots__ = (
        "connect",
        "first_attempts",
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

    def clear(self) -> None:
        """Forget everything; called once it is in a frame."""
        for column in (self.planned, self.written, self.last, self.outcome):
            column.clear()
        for column in (self.lag, self.connect, self.first_attempts):
            column.clear()
        self.unsent.clear()
        self.retried = self.resumed = 0
        self.last_error = ""
