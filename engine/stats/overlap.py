"""Were slow requests in flight while something else happened, and would they have been by chance?

A request that takes long overlaps much by its length alone: one of 900 ms touches nearly every pause there is
in that second. So a share of slow requests that were in flight during a pause says nothing until it stands
beside the share that requests of the same lengths would have, had they begun at random moments.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Times: TypeAlias = npt.NDArray[np.int64]


def merged(begins: Times, ends: Times) -> tuple[Times, Times]:
    """Return intervals in order, with those that touch made one.

    Args:
        begins: Of each interval, shape (n,), any order.
        ends: Of each interval, shape (n,).
    """
    if not begins.size:
        return begins, ends
    order = np.argsort(begins, kind="stable")
    begins, reach = begins[order], np.maximum.accumulate(ends[order])
    first = np.concatenate(([True], begins[1:] > reach[:-1]))
    last = np.concatenate((first[1:], [True]))
    return begins[first], reach[last]


def overlapping(starts: Times, stops: Times, begins: Times, ends: Times) -> npt.NDArray[np.bool_]:
    """Return which requests were in flight during any interval.

    Args:
        starts: When each request began, shape (m,).
        stops: When it ended, shape (m,).
        begins: Of the intervals, shape (n,), ascending and disjoint as `merged` makes them.
        ends: Of the intervals.
    """
    if not begins.size:
        return np.zeros(starts.shape, np.bool_)
    # The first interval that ends after the request began is the only one that needs a look.
    nearest = np.searchsorted(ends, starts, side="right")
    inside = nearest < begins.size
    return inside & (begins[np.minimum(nearest, begins.size - 1)] < stops)


def by_chance(lengths: Times, begins: Times, ends: Times, from_ns: int, until_ns: int) -> float:
    """Return how many requests of these lengths would overlap an interval, had they begun at random moments.

    A request of length d overlaps an interval if it begins within it or less than d before it: the share of
    the stretch that lies there is the chance. The stretch is thought of as a ring, so that its edges count.

    Args:
        lengths: Of the requests, shape (m,).
        begins: Of the intervals, as `merged` makes them.
        ends: Of the intervals.
        from_ns: Begin of the stretch that requests are thought to begin in.
        until_ns: Its end.
    """
    span = until_ns - from_ns
    begins, ends = np.maximum(begins, from_ns), np.minimum(ends, until_ns)
    inside = ends > begins
    begins, ends = begins[inside], ends[inside]
    if span <= 0 or not begins.size:
        return 0.0
    gaps = np.sort(np.append(begins[1:], begins[0] + span) - ends)  # on a ring, one before each interval
    shorter = np.searchsorted(gaps, lengths)  # gaps that a request of this length fills
    filled = np.append(0, np.cumsum(gaps))[shorter] + (gaps.size - shorter) * lengths
    covered = np.minimum(int((ends - begins).sum()) + filled, span)
    return float(covered.sum() / span)
