"""Axes: where a value lies between 0 and 1, and which values are labelled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

_DECADE: Final = (1.0, 2.0, 5.0)
_TIME_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


class Axis(Struct, frozen=True):
    """A scale with its labels.

    Attributes:
        low, high: The values at its ends, low below high.
        logarithmic: Whether equal ratios take equal lengths; then both are above 0.
        ticks: Values that are labelled, with their labels.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies, from 0 to 1; what is beyond an end lies at it."""
        if self.logarithmic:
            value, low, high = (math.log(max(number, 1e-300)) for number in (value, self.low, self.high))
        else:
            low, high = self.low, self.high
        if not high > low:  # of a damaged file: too small or too large for a difference
            return 0.0
        return min(max((value - low) / (high - low), 0.0), 1.0)


def from_zero(highest: float, label: Callable[[float], str], *, most: int = 5) -> Axis:
    """Return an axis from 0 to a round value that is no less than `highest`."""
    highest = highest if highest > 0 else 1.0
    steps = [digit * 10.0**power for power in range(-12, 16) for digit in _DECADE]
    step = next((step for step in steps if highest / step <= most), highest / most)
    ticks = [step * index for index in range(math.ceil(highest / step - 1e-9) + 1)]
    return Axis(0.0, ticks[-1], tuple((tick, label(tick)) for tick in ticks))


def logarithmic(lowest: float, highest: float, label: Callable[[float], str], *, most: int = 7) -> Axis:
    """Return a logarithmic axis between the round values around `lowest` and `highest`, both above 0."""
    decades = range(math.floor(math.log10(lowest)) - 1, math.ceil(math.log10(highest)) + 2)
    every = [digit * 10.0**decade for decade in decades for digit in _DECADE]
    low = max(tick for tick in every if tick <= lowest * (1 + 1e-9))
    high = min(tick for tick in every if tick >= highest * (1 - 1e-9) and tick > low)
    ticks = [tick for tick in every if low <= tick <= high]
    if len(ticks) > most:
        tens = [10.0**decade for decade in decades if low <= 10.0**decade <= high]
        ticks = tens[:: math.ceil(len(tens) / most)]
    return Axis(low, high, tuple((tick, label(tick)) for tick in ticks), logarithmic=True)


def of_time(begin: float, end: float, label: Callable[[float], str], *, most: int = 6) -> Axis:
    """Return an axis of seconds, labelled at round times."""
    end = max(end, begin + 1.0)
    step = next((step for step in _TIME_STEPS if (end - begin) / step <= most), max((end - begin) / most, 1.0))
    first = math.ceil(begin / step) * step
    ticks = [first + index * step for index in range(int((end - first) / step) + 1)]
    return Axis(begin, end, tuple((tick, label(tick)) for tick in ticks))


def of_percentiles(total: int) -> Axis:
    """Return an axis of 1/(1-p) from 1 to as far as `total` samples reach, labelled with percentiles."""
    reach = max(float(total), 10.0)
    powers: Sequence[int] = range(math.ceil(math.log10(reach)) + 1)
    labels = {0: "0 %", 1: "90 %", 2: "99 %"}
    ticks = [(10.0**power, labels.get(power, f"99.{'9' * (power - 2)} %")) for power in powers[:8]]
    return Axis(1.0, reach, tuple(tick for tick in ticks if tick[0] <= reach), logarithmic=True)
