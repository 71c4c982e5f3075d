"""Keys that keep the session, and the way out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from engine.errors import LoadtopError
from sessions import atomic
from tui.screens.acting import Acting

PALETTE_GONE_S: Final = 0.1


class Keeping(Acting):
    """Saves, and leaves.

    Attributes:
        pictures: The folder for pictures of the screen.
    """

    pictures: Path | None = None

    def action_save(self) -> None:
        """Save the session and say where."""
        try:
            self.notify_user(f"saved to {self.feed.save()}", "good")
        except LoadtopError as refusal:
            self.notify_user(str(refusal), "bad")

    def action_picture(self) -> None:
        """Save the screen as a picture beside the sessions, once the palette is gone from it."""
        self.set_timer(PALETTE_GONE_S, self._draw)

    def _draw(self) -> None:
        if self.pictures is None:
            self.notify_user("there is no folder to save a picture in: --no-save was given", "warn")
            return
        path = self.pictures / f"loadtop-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.svg"
        try:
            atomic.write(path, self.app.export_screenshot(title="loadtop"), mode=0o600)
        except OSError as error:
            self.notify_user(f"the picture was not saved: {error.strerror or error}", "bad")
            return
        self.notify_user(f"picture saved to {path}", "good")

    def leave(self) -> None:
        """Stop the run and wait for what is under way; the second time, leave at once."""
        if self.draining or not self.feed.live:
            self.app.exit()
            return
        self.draining = True
        self.tried(self.feed.stop)
        self.frozen = None
        self.notify_user("draining: waiting for the answers under way; q again leaves at once", "warn")
