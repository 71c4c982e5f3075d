"""What the console itself costs: bytes to the terminal, and how late it is. Pure; the clock is an argument."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

WINDOW_S: Final = 1.0


class Cost(Struct, frozen=True):
    """The last second.

    Attributes:
        bytes_per_s: Written to the terminal; None until a second has passed.
        frames_per_s: Ticks that were painted.
        skipped_per_s: Ticks that were not, because the terminal had not read what was written before.
        late_s: By how much the latest tick was late.
    """

    bytes_per_s: float | None = None
    frames_per_s: float = 0.0
    skipped_per_s: float = 0.0
    late_s: float = 0.0


NO_COST: Final = Cost()


class Meter:
    """Counts, and says once a second what it came to."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._due_s: float | None = None
        self._bytes = 0
        self._painted = 0
        self._skipped = 0
        self._late_s = 0.0
        self._said = Cost()

    def wrote(self, size: int) -> None:
        """Count bytes to the terminal."""
        self._bytes += size

    def ticked(self, now_s: float, *, painted: bool, next_s: float) -> None:
        """Count a tick of the clock, painted or skipped.

        Args:
            now_s: When it came.
            painted: Whether it was painted.
            next_s: When the next one is due.
        """
        if self._due_s is not None:
            self._late_s = max(self._late_s, now_s - self._due_s)
        self._due_s = next_s
        self._painted += painted
        self._skipped += not painted

    def new_pace(self) -> None:
        """Forget when the next tick is due: the clock goes at another pace."""
        self._due_s = None

    def read(self, now_s: float) -> Cost:
        """Return the last whole second's cost."""
        if self._began_s is None:
            self._began_s = now_s
        span_s = now_s - self._began_s
        if span_s >= WINDOW_S:
            self._said = Cost(
                self._bytes / span_s, self._painted / span_s, self._skipped / span_s, self._late_s
            )
            self._began_s = now_s
            self._bytes = self._painted = self._skipped = 0
            self._late_s = 0.0
        return self._said
