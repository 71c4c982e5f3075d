"""Does the backlog of an open loop grow? Then latency says nothing but how long one watched.

The backlog of requests that are due and not answered wanders even below saturation; what counts is its growth.
The growth of each second is due minus answered, and a t interval over the last ten to thirty of them, widened
for the correlation of neighbours, has to prove that it is more than 1 % of the rate, three seconds running:
one second alone would be asked often enough to be wrong by chance.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from msgspec import Struct

from engine.stats.distributions import student_t
from engine.stats.settle import Series

SHORTEST: Final = 10
LONGEST: Final = 30
HOLD: Final = 3
TOLERATED: Final = 0.01
"""Share of the offered rate by which the backlog may grow."""

_CONFIDENCE: Final = 0.975
_MOST_CORRELATION: Final = 0.8


class Growth(Struct, frozen=True):
    """A backlog that grows.

    Attributes:
        growth_rps: By how many requests a second.
        capacity_rps: How many requests a second are answered meanwhile: what the target can do.
        backlog: How many requests were waiting at the end.
        seconds: For how long it has been seen to grow.
    """

    growth_rps: float
    capacity_rps: float
    backlog: float
    seconds: int


def overload(due: Series, left: Series) -> Growth | None:
    """Return how a backlog grows; None where it is not proved to.

    Args:
        due: Requests that were due in each second, oldest first, shape (n,).
        left: Requests that were answered in each, or failed otherwise than by waiting too long; shape (n,).
    """
    if due.size < SHORTEST + HOLD - 1:
        return None
    grew = due - left
    for back in range(HOLD):
        end = due.size - back
        begin = max(0, end - LONGEST)
        # A long window proves a slow growth; the shortest proves one that has only just begun.
        if not any(
            _lowest(grew[first:end]) > TOLERATED * float(due[first:end].mean())
            for first in {begin, end - SHORTEST}
        ):
            return None
    # It began where the backlog is furthest below a line of half of its newest growth (Page's change point).
    backlog = np.r_[0.0, np.cumsum(grew)]
    line = np.arange(backlog.size) * float(grew[-SHORTEST:].mean()) / 2
    first = min(int(np.argmin(backlog - line)), due.size - SHORTEST)
    growth = float(grew[first:].mean())
    return Growth(
        growth_rps=growth,
        capacity_rps=float(due[first:].mean()) - growth,
        backlog=float(backlog[-1] - backlog.min()),
        seconds=due.size - first,
    )


def _lowest(grew: Series) -> float:
    """Return the lower end of the interval of the mean growth."""
    seconds = grew.size
    off = grew - grew.mean()
    squares = float(off @ off)
    correlation = float(off[1:] @ off[:-1]) / max(squares, 1e-12) + 1 / seconds
    correlation = min(max(correlation, 0.0), _MOST_CORRELATION)
    inflation = (1 + correlation) / (1 - correlation)
    t = student_t(round(max(3.0, (seconds - 1) / inflation), 1), _CONFIDENCE)
    return float(grew.mean()) - t * math.sqrt(inflation * squares / (seconds - 1) / seconds)
