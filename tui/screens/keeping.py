"""Keys that keep the session, and the way out."""

from __future__ import annotations

from engine.errors import LoadtopError
from tui.screens.acting import Acting


class Keeping(Acting):
    """Saves, and leaves."""

    def action_save(self) -> None:
        """Save the session and say where."""
        try:
            self.notify_user(f"saved to {self.feed.save()}", "good")
        except LoadtopError as refusal:
            self.notify_user(str(refusal), "bad")

    def leave(self) -> None:
        """Stop the run and wait for what is under way; the second time, leave at once."""
        if self.draining or not self.feed.live:
            self.app.exit()
            return
        self.draining = True
        self.tried(self.feed.stop)
        self.frozen = None
        self.notify_user("draining: waiting for the answers under way; q again leaves at once", "warn")
