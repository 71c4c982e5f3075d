"""Marks: what a person does to the target, entered into the events with its time."""

from __future__ import annotations

from tui.screens.acting import Acting
from tui.screens.question import Question


class Noting(Acting):
    """Asks for a text, and marks this moment with it."""

    def action_mark(self) -> None:
        """Ask what to write beside this moment. The moment is that of the key, not of the last letter."""
        if not self.controllable():
            return
        at_s = self.feed.latest().at_s

        def marked(text: str | None) -> None:
            if text is not None and self.tried(lambda: self.feed.mark(text, at_s)):
                self.notify_user(f"marked: {text}" if text else "marked")

        self.app.push_screen(Question("what happens now?", "pool=64, deployed v2, ..."), marked)
