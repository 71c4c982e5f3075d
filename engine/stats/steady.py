"""Why there is no steady state: it drifts, it goes round in circles, or it is noisy."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np
from msgspec import Struct

from engine.stats.settle import MARGIN, Series, drift

Why: TypeAlias = Literal["drifting", "cycling", "noisy"]

PATIENCE_S: Final = 120
"""After so long without a steady level there is none."""

LOOKED_AT: Final = 300
"""Newest points that are looked at."""

PEAK: Final = 0.5
"""Correlation of a series with itself a period later from which on it is called a cycle."""

SHORTEST_PERIOD: Final = 3


class Unsteady(Struct, frozen=True):
    """What keeps a series from being steady.

    Attributes:
        why: In a word.
        period: Of a cycle, in points.
        drift: Over the points that were looked at, as a difference of logarithms.
        unsure: |drift| and what is not known of it: all that can be said of the level is plus or minus this.
        points: How many were looked at.
    """

    why: Why
    period: int | None
    drift: float
    unsure: float
    points: int


def unsteady(series: Series) -> Unsteady:
    """Return what keeps a series of logarithms, of at least 15 points, from being steady."""
    newest = series[-LOOKED_AT:]
    period = cycle(newest)
    # The second half: what was before may have been the warm-up, which is over.
    late = newest[newest.size // 2 :]
    size, half = drift(late)
    why: Why = "cycling" if period is not None else "drifting" if abs(size) - half > MARGIN else "noisy"
    return Unsteady(why, period, size, abs(size) + half, late.size)


def cycle(series: Series) -> int | None:
    """Return the period of a series in points; None where it has none.

    It is the first peak of the autocorrelation after that has been below zero: neighbours are alike in any
    wandering series, and only a cycle comes back.
    """
    points = series.size
    x = np.arange(points) - (points - 1) / 2
    centred = series - series.mean()
    centred = centred - x * float(x @ centred) / float(x @ x)
    power = float(centred @ centred)
    if power < 1e-12:
        return None
    spectrum = np.fft.rfft(centred, 2 * points)
    longest = points // 3  # three periods at least have been seen
    lags = np.arange(longest + 2)
    # Fewer pairs are a lag apart the larger it is.
    similar = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 2] / power * points / (points - lags)
    below = np.flatnonzero(similar < 0)
    if not below.size:
        return None
    after = np.arange(max(SHORTEST_PERIOD, int(below[0]) + 1), longest + 1)
    peaks = [
        int(lag)
        for lag in after
        if similar[lag] > PEAK and similar[lag] >= similar[lag - 1] and similar[lag] >= similar[lag + 1]
    ]
    return peaks[0] if peaks else None
