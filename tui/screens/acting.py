"""What the run screen's actions stand on.

Actions are mixins of the run screen, one file an idea: `steering`, `keeping`. A mixin derives from `Acting`,
has methods `action_…` that `tui.keys` names, and is listed among the bases of `RunScreen`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec
from textual.screen import Screen

from engine.errors import LoadtopError
from engine.snapshot import Snapshot
from tui._textual_private import paint_now
from tui.feed import Feed
from tui.panels.line import Span, Tone
from tui.remembered import Remembered, keep

NOTICE_S: Final = 5.0
ANSWER_S: Final = (0.02, 0.06)
"""A run answers a wish within these; what came of it is shown then, not at the next turn of the clock."""

AWAKE_S: Final = 1.0
"""So long after a wish the clock goes at full pace, however calm the console is."""


class Acting(Screen[None]):
    """A feed, what is said in the last row, and whether there is still load to change.

    Attributes:
        feed: The run, or a saved session.
        frozen: The Snapshot that the display is held at, if it is.
        draining: Whether the run was told to stop.
        remembered: What stays from one start to the next.
        awake_until_s: Until when somebody waits for what came of a key.
    """

    def __init__(self, feed: Feed, notices: Iterable[str]) -> None:
        super().__init__()
        self.remembered = Remembered()
        self.remembered_in: Path | None = None
        self.feed = feed
        self.frozen: Snapshot | None = None
        self.draining = False
        self._notices: deque[Span] = deque((notice, "warn") for notice in notices)
        self._notice_until = 0.0
        self.awake_until_s = 0.0

    def tick(self) -> bool:
        """Show the newest Snapshot; return whether it was painted."""
        raise NotImplementedError

    def show_anew(self) -> None:
        """Show every panel anew, though no second has turned."""
        raise NotImplementedError

    def answer(self) -> None:
        """Show what came of a key, now: somebody is looking."""
        if self.tick():
            paint_now(self)

    def remember(self, **choices: object) -> None:
        """Take over choices, and keep them for the next start."""
        self.remembered = msgspec.structs.replace(self.remembered, **choices)
        keep(self.remembered_in, self.remembered)

    def notify_user(self, text: str, tone: Tone = "text") -> None:
        """Say something in the last row, for a few seconds."""
        self._notices.clear()
        self._notices.append((text, tone))
        self._notice_until = 0.0
        self.answer()

    def hear(self) -> None:
        """Take up what the feed has to say; it stays until it was read."""
        self._notices.extend((text, "bad") for text in self.feed.news())

    def current_notice(self) -> Span | None:
        """Return what the last row is to say at the moment."""
        now = time.monotonic()
        if self._notices and not self._notice_until:
            self._notice_until = now + NOTICE_S
        elif self._notices and now >= self._notice_until and not self.draining:
            self._notices.popleft()
            self._notice_until = now + NOTICE_S if self._notices else 0.0
        return self._notices[0] if self._notices else None

    def tried(self, wish: Callable[[], object]) -> bool:
        """Do what can be refused; a refusal is a notice."""
        try:
            wish()
        except LoadtopError as refusal:
            self.notify_user(str(refusal), "bad")
            return False
        self.wake()
        for after_s in ANSWER_S:
            self.set_timer(after_s, self.answer)
        return True

    def wake(self) -> None:
        """Look often for a while: somebody waits for what came of a key."""
        self.awake_until_s = time.monotonic() + AWAKE_S

    def controllable(self) -> bool:
        """Return whether there is load to change, and say why not."""
        if not self.feed.live:
            self.notify_user("this is a saved session: there is no load to change", "warn")
        elif self.draining:
            self.notify_user("draining: the load is over", "warn")
        return self.feed.live and not self.draining
