"""Has it settled? A detector that watches one series of log values, one a second.

The question is put as an equivalence test: a series has settled when its drift over a window, with its
uncertainty, is *proved* to be within a margin; the lack of a proof of drift is not enough, because noise hides
drift. Where the window begins is chosen by MSER (White, Cobb & Spratt 2000: the cut that makes the mean of the
rest most certain), at most half of the data is cut, and the bound must hold for three seconds running. Once
settled, a CUSUM (Page 1954) over the prewhitened series watches for a shift; at k = 0.5 and h = 8 it raises one
false alarm in some 9,500 s (Siegmund's approximation).

Medians and means are what it should be fed, never p99: on flat noise the time it needs grows with the square
of the noise. The last place of every figure here was checked by simulation, see tests/engine/stats.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Series: TypeAlias = npt.NDArray[np.float64]
State: TypeAlias = Literal["starting", "warming", "settling", "settled", "shifted", "drifting", "noisy"]

MARGIN: Final = 0.05
"""Drift, and shift, that matters: 5 %, on logarithms."""

FEWEST: Final = 5
WINDOW: Final = 15
"""Shortest window from which a steady level is declared, and the baseline of the watch."""

HOLD: Final = 3
ENOUGH_FOR_DRIFT: Final = 30
ENOUGH_FOR_NOISE: Final = 60
CUSUM_SLACK: Final = 0.5
CUSUM_LIMIT: Final = 8.0
SHORTEST_SHIFT: Final = 5
LONGEST_STAIR: Final = 120
"""A level that lasted longer than this before the next shift was a steady one, not a step of a staircase."""

LONGEST_BASE: Final = 600
"""Points of a settled level that the next one is compared with; drift is looked for over all of them."""
_ROOM: Final = 256
_MOST_CORRELATION: Final = 0.8


class Change(Struct, frozen=True):
    """Something that the detector found.

    Attributes:
        kind: "settled", "shifted" or "drifting".
        since: Index of the point from which on it is so.
        size: Of a shift or drift, as the difference of logarithms.
    """

    kind: Literal["settled", "shifted", "drifting"]
    since: int
    size: float = 0.0


def t95(freedom: float) -> float:
    """Return the 95 % quantile of Student's t, for at least 3 degrees of freedom, to 0.05 %.

    Abramowitz & Stegun, 26.7.5: an expansion around the normal quantile.
    """
    v = max(3.0, float(round(freedom)))
    return 1.6448536 + 1.5237686 / v + 1.4202202 / v**2 + 0.9827497 / v**3 + 0.4337363 / v**4


def drift(window: Series) -> tuple[float, float]:
    """Return the drift over a window of at least 3 points, and the half-width of its 95 % interval.

    The slope is of ordinary least squares; its error is widened by the correlation of neighbouring residuals.
    """
    m = window.size
    x = np.arange(m) - (m - 1) / 2
    sxx = float(x @ x)
    slope = float(x @ window) / sxx
    residual = window - window.mean() - slope * x
    squares = float(residual @ residual)
    correlation = _neighbours(residual, squares)
    inflation = (1 + correlation) / (1 - correlation)
    half = t95((m - 2) / inflation) * m * np.sqrt(squares / (m - 2) * inflation / sxx)
    return slope * m, float(half)


def cut(series: Series, shortest: int = WINDOW) -> int:
    """Return how many points to leave out at the begin so that the mean of the rest is most certain (MSER)."""
    n = series.size
    left = np.arange(n, shortest - 1, -1)  # how many points a cut of 0, 1, ... leaves
    sums = np.cumsum(series[::-1])[left - 1]
    squares = np.cumsum(np.square(series[::-1]))[left - 1]
    return int(np.argmin((squares - np.square(sums) / left) / np.square(left)))


class Detector:
    """Watches one series.

    Attributes:
        state: What it says of the series now.
        start: Index of the first point of the steady level, once there is one.
        drift: Over the window at the last look, as a difference of logarithms.
        unsure: |drift| + half-width of the window at the last look: SETTLING goes on until it is below MARGIN.
        window: How many points that look was at; 0 before the first.
    """

    def __init__(self) -> None:
        self.state: State = "starting"
        self.start: int | None = None
        self.drift = 0.0
        self.unsure = float("inf")
        self.window = 0
        self._values: Series = np.empty(_ROOM)
        self._total = 0
        self._anchor = 0
        self._stairs: _Stairs | None = None
        self._held = 0
        self._up = self._down = 0.0
        self._up_zero = self._down_zero = 0

    @property
    def points(self) -> Series:
        """The points since the series was last seen to begin anew."""
        return self._values[self._anchor : self._total]

    def newest(self, points: int) -> Series:
        """Return the newest points."""
        return self._values[max(self._total - points, 0) : self._total]

    @property
    def progress(self) -> float:
        """How near it is to being settled, 0 to 1: the margin over what is not known yet."""
        if self.state == "settled":
            return 1.0
        return min(MARGIN / self.unsure, 0.99) if self.window and self.unsure > 0 else 0.0

    @property
    def remaining(self) -> float | None:
        """How many points more it should take to settle; None where that cannot be said.

        Uncertainty shrinks with the root of the window's length, drift does not shrink.
        """
        if self.state == "settled":
            return 0.0
        if not self.window or abs(self.drift) >= MARGIN:
            return None
        ratio = (self.unsure - abs(self.drift)) / (MARGIN - abs(self.drift))
        return max(self.window * (ratio * ratio - 1), float(HOLD - self._held))

    def push(self, value: float) -> Change | None:
        """Take the next point, a logarithm; return what it changes."""
        if self._total == self._values.size:
            self._values = np.resize(self._values, 2 * self._total)
        self._values[self._total] = value
        self._total += 1
        if self.state == "settled":
            return self._watch(self._total)
        points = self.points
        if points.size < WINDOW:
            self.state = "starting" if points.size < FEWEST else "warming"
            return None
        left_out = cut(points)
        if left_out > points.size / 2:
            self.state = "warming"
            self._held = 0
            self.window = 0
            return None
        self._look(points[left_out:])
        if self.unsure > MARGIN:
            self._held = 0
            half = self.unsure - abs(self.drift)
            if self.window >= ENOUGH_FOR_DRIFT and abs(self.drift) - half > MARGIN:
                self.state = "drifting"
            else:
                self.state = "noisy" if self.window >= ENOUGH_FOR_NOISE else "settling"
            return None
        self._held += 1
        self.state = "settling"
        if self._held < HOLD:
            return None
        self.state = "settled"
        self.start = self._anchor + left_out
        self._arm(self._total)
        return Change("settled", self.start)

    def _look(self, window: Series) -> None:
        self.drift, half = drift(window)
        self.unsure = abs(self.drift) + half
        self.window = window.size

    def _arm(self, total: int) -> None:
        self._up = self._down = 0.0
        self._up_zero = self._down_zero = total

    def _watch(self, total: int) -> Change | None:
        assert self.start is not None
        window = self._values[self.start : total]
        level, innovation = _innovation(window)
        self._up = max(0.0, self._up + innovation - CUSUM_SLACK)
        self._down = max(0.0, self._down - innovation - CUSUM_SLACK)
        if self._up == 0:
            self._up_zero = total
        if self._down == 0:
            self._down_zero = total
        if self._up > CUSUM_LIMIT or self._down > CUSUM_LIMIT:
            since = self._up_zero if self._up > CUSUM_LIMIT else self._down_zero
            length = total - since
            shift = float(np.median(self._values[since:total])) - level if length else 0.0
            if length >= SHORTEST_SHIFT and abs(shift) > MARGIN:
                self._climb(since, shift)
                self._leave("shifted")
                return Change("shifted", since, shift)
            if length >= SHORTEST_SHIFT:
                self._arm(total)  # too small to matter: start the sums afresh
        if window.size >= ENOUGH_FOR_DRIFT:
            self._look(window)
            half = self.unsure - abs(self.drift)
            if abs(self.drift) - half > MARGIN:
                since = self.start
                self._leave("drifting")
                return Change("drifting", since, self.drift)
        return None

    def _climb(self, since: int, shift: float) -> None:
        """Begin anew at a shift; where it is one of several the same way, at the first of them.

        A drift looks like a staircase to a detector of steps. Seen from the foot of the stairs, the next level
        has to last as long as the stairs before it counts, because at most half of the points are cut.
        """
        stairs = self._stairs
        if stairs is None or (shift > 0) != stairs.up or since - stairs.last > LONGEST_STAIR:
            self._stairs = stairs = _Stairs(since, since, shift > 0)
        else:
            stairs.last = since
        self._anchor = stairs.foot

    def _leave(self, state: State) -> None:
        self.state = state
        self.start = None
        self.window = 0
        self._held = 0


class _Stairs(Struct):
    """Shifts the same way, soon after each other: where the first and the last began."""

    foot: int
    last: int
    up: bool


def _innovation(window: Series) -> tuple[float, float]:
    """Return a settled window's level, and by how many standard deviations its last point surprises."""
    base = window[: max(WINDOW, window.size - 10)][-LONGEST_BASE:]
    level = float(np.median(base))
    residual = base - base.mean()
    phi = _neighbours(residual, float(residual @ residual))
    error = residual[1:] - phi * residual[:-1]
    spread = max(1.4826 * float(np.median(np.abs(error - np.median(error)))), 0.5 * float(error.std()), 0.001)
    surprise = ((window[-1] - level) - phi * (window[-2] - level)) / spread
    return level, float(np.clip(surprise, -4, 4))


def _neighbours(residual: Series, squares: float) -> float:
    """Return the correlation of neighbouring residuals, corrected for its bias, within what can be used."""
    lagged = float(residual[1:] @ residual[:-1])
    return min(max(lagged / max(squares, 1e-12) + 1 / residual.size, 0.0), _MOST_CORRELATION)
