"""Keys that change what is seen, and nothing else."""

from __future__ import annotations

from tui.screens.acting import Acting


class Looking(Acting):
    """Holds the display."""

    def action_freeze(self) -> None:
        """Hold the display, or let it go on; data keep flowing."""
        if not self.feed.live:
            self.notify_user("this is a saved session: nothing moves that could be frozen", "warn")
            return
        self.frozen = None if self.frozen is not None else self.feed.latest()
        self.show_anew()
