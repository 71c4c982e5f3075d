"""Watches an open loop's backlog: is more asked than the target can do?"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.books.blocks import Block
from engine.stats.overload import LONGEST, Growth, overload

_FULL_S: Final = 0.999


class BacklogWatch:
    """Judges one segment of an open loop, second by second.

    In an overload seconds become final ever later. Those that are not yet count with what was answered in them,
    which is known, and with the rate at which requests are due, which is asked for.

    Args:
        rate_rps: The offered rate.

    Attributes:
        growth: How the backlog grows; None where it is not proved to.
    """

    def __init__(self, rate_rps: float) -> None:
        self.growth: Growth | None = None
        self._rate_rps = rate_rps
        self._final: deque[tuple[float, float]] = deque(maxlen=2 * LONGEST)

    def take(self, block: Block) -> None:
        """Take the next final block."""
        if block.second.span_s >= _FULL_S:
            self._final.append((block.due, block.left))

    def judge(self, left: Sequence[int]) -> bool:
        """Judge anew; return whether an overload has just been found.

        Args:
            left: How many requests ended in each whole second that is not final yet.
        """
        flow = np.array([*self._final, *((self._rate_rps, ended) for ended in left)]).reshape(-1, 2)
        newest = flow[-2 * LONGEST :]
        was = self.growth
        self.growth = overload(newest[:, 0], newest[:, 1])
        return was is None and self.growth is not None
