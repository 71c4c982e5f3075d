"""Numbers that come one by one, taken together as they come: hours of looks cost what a minute of them does."""

from __future__ import annotations

from engine.figures import MeanMax


class Tally:
    """Sum, extremes and number of what is known of something.

    Attributes:
        number: How many values there were.
        max: The largest, or None.
        min: The smallest, or None.
    """

    __slots__ = ("_sum", "max", "min", "number")

    def __init__(self) -> None:
        self.number = 0
        self.max: float | None = None
        self.min: float | None = None
        self._sum = 0.0

    def add(self, value: float | None) -> None:
        """Take a value; None says that it is not known, and changes nothing."""
        if value is None:
            return
        self.number += 1
        self._sum += value
        self.max = value if self.max is None else max(self.max, value)
        self.min = value if self.min is None else min(self.min, value)

    @property
    def mean(self) -> float | None:
        """The mean of what is known, or None."""
        return self._sum / self.number if self.number else None

    def mean_max(self) -> MeanMax | None:
        """Return mean and largest, or None where nothing is known."""
        return MeanMax(mean=self.mean or 0.0, max=self.max or 0.0) if self.number else None
