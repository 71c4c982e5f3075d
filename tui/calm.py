"""How often the console looks, so that looking costs little. Pure.

Ten looks a second are what a fast core gives for nothing. On a slow one, or one that is shared with the load,
they are a burden on what is measured: then it looks half as often and a quarter as often, and comes back when
there is room. Who asked for a rate gets it.
"""

from __future__ import annotations

from typing import Final

FPS: Final = 10
MOST_PCT: Final = 6.0
"""Of a core, by the console's whole process: what watching may cost."""

ROOM_PCT: Final = 2.5
"""Below this there is room for more looks, even for twice as many."""

IN_A_ROW: Final = 3
"""One reading may be a key's doing, or the start's."""

RAREST: Final = 4


class Calm:
    """How often to look: as often as the clock allows, or up to four times less.

    Args:
        most_pct: What the console may take of a core; None for whatever it takes.

    Attributes:
        every: How many times longer it is from one look to the next.
    """

    def __init__(self, most_pct: float | None = MOST_PCT) -> None:
        self.every = 1
        self._most_pct = most_pct
        self._above = self._below = 0

    def hear(self, cpu_pct: float) -> None:
        """Take a new reading of what the console's process took of a core."""
        if self._most_pct is None:
            return
        self._above = self._above + 1 if cpu_pct > self._most_pct else 0
        self._below = self._below + 1 if cpu_pct < ROOM_PCT else 0
        if self._above >= IN_A_ROW and self.every < RAREST:
            self.every *= 2
            self._above = 0
        elif self._below >= IN_A_ROW and self.every > 1:
            self.every //= 2
            self._below = 0
