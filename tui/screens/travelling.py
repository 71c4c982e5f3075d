"""Keys that move through the time of a saved session: all panels show it as it was at the cursor."""

from __future__ import annotations

from typing import Literal

from sessions.format import clock
from sessions.moment import find_event
from tui.feeds import SavedFeed
from tui.format import event_words
from tui.screens.acting import Acting
from tui.screens.question import Question


class Travelling(Acting):
    """A cursor, and the search for an event to put it at."""

    selected: int | None = None
    """The segment that is selected in the ledger, if any is."""
    sought: str = ""

    def action_travel(self, by_s: int) -> None:
        """Go some seconds back or on."""
        if (feed := self.saved()) is not None:
            # Whole seconds: from an end that is at 12.3, one back is 12.
            at_s = feed.latest().at_s
            whole = -(-at_s // 1) if by_s < 0 else at_s // 1
            self.go(feed, min(max(whole + by_s, 0.0), feed.whole.at_s))

    def action_travel_to(self, place: Literal["begin", "end", "segment"]) -> None:
        """Go to the begin, the end, or the begin of the segment that is selected in the ledger."""
        if (feed := self.saved()) is None:
            return
        if place != "segment":
            self.go(feed, 0.0 if place == "begin" else feed.whole.at_s)
            return
        row = next((row for row in feed.whole.segments if row.index == self.selected), None)
        if row is None:
            self.notify_user("no row of the ledger is selected: ] and [ select one", "warn")
        else:
            self.go(feed, row.start_s)

    def action_search(self) -> None:
        """Ask for a text, and go to the next event that has it."""
        if self.saved() is None:
            return

        def search(text: str | None) -> None:
            if text:
                self.sought = text
                self.action_search_next()

        self.app.push_screen(Question("which event?", "load, settled, worker, ..."), search)

    def action_search_next(self) -> None:
        """Go to the next event that has the text; past the last to the first."""
        if (feed := self.saved()) is None:
            return
        if not self.sought:
            self.notify_user("nothing is searched for yet: / asks what", "warn")
            return
        event = find_event(feed.whole, self.sought, feed.latest().at_s)
        if event is None:
            self.notify_user(f"no event has '{self.sought}' in it", "warn")
            return
        feed.go(event.at_s)
        self.show_anew()
        self.notify_user(f"{clock(event.at_s)} {event_words(event)}")

    def go(self, feed: SavedFeed, at_s: float) -> None:
        """Put the cursor somewhere and show that."""
        feed.go(at_s)
        self.show_anew()

    def saved(self) -> SavedFeed | None:
        """Return the session that is open, or say that there is none to move in."""
        if isinstance(self.feed, SavedFeed):
            return self.feed
        self.notify_user("this run goes on: only a saved session can be gone through", "warn")
        return None
