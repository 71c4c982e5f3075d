"""Keys that change what is seen of time, and nothing else."""

from __future__ import annotations

from typing import Final

from tui.remembered import Remembered
from tui.screens.acting import Acting

WINDOWS_S: Final = (1, 2, 5, 10)
"""Seconds that a column of a chart may stand for; ten make the fifteen minutes that a run keeps at hand."""


class Looking(Acting):
    """Holds the display, and stretches the axis of time."""

    def action_freeze(self) -> None:
        """Hold the display, or let it go on; data keep flowing."""
        if not self.feed.live:
            self.notify_user("this is a saved session: nothing moves that could be frozen", "warn")
            return
        self.frozen = None if self.frozen is not None else self.feed.latest()
        self.show_anew()

    def action_window(self, by: int) -> None:
        """Let charts reach further back, or less far; with 0 let them choose."""
        index = WINDOWS_S.index(self.remembered.step_s) if self.remembered.step_s in WINDOWS_S else 0
        step = WINDOWS_S[max(0, min(len(WINDOWS_S) - 1, index + by))] if by else Remembered().step_s
        self.remember(step_s=step)
        words = f"a column of the charts is {step} s" if step else "charts choose how far they reach back"
        self.notify_user(words, "dim")
        self.show_anew()
