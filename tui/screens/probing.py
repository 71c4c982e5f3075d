"""Keys that turn what is done to the target beside the load: polling, and a collection of its garbage."""

from __future__ import annotations

from tui.screens.acting import Acting


class Probing(Acting):
    """Asks the run for more or less of its probes."""

    def action_probing(self) -> None:
        """Stop polling the target, or poll it again, so that what polling costs can be seen."""
        if not self.controllable():
            return
        on = not self.feed.latest().looking.on
        if self.tried(lambda: self.feed.set_probing(on)):
            self.notify_user(
                "the target is polled again" if on else "the target is not polled; P polls it again"
            )

    def action_collect(self) -> None:
        """Have the target collect its garbage once."""
        if self.controllable() and self.tried(self.feed.collect_garbage):
            self.notify_user("a collection is asked for; see the events")
