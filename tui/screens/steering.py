"""Keys that turn the load: by steps, to what is typed, off and on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import Final

from engine.plan import DEFAULT_CONCURRENCY, Load
from engine.snapshot import RunState
from sessions.format import change_words, count, setting
from tui.controls import Step, step, with_connections, with_rate
from tui.feed import Feed
from tui.screens.acting import Acting
from tui.screens.prompt import LoadPrompt, Read

ASKED_S: Final = 1.0
"""How long a load that was asked for counts as the current one, until a Snapshot shows it."""


class Steering(Acting):
    """Asks the run for another load."""

    def __init__(self, feed: Feed, notices: Iterable[str]) -> None:
        super().__init__(feed, notices)
        self._asked: tuple[float, Load] | None = None
        self._before: list[Load] = []

    def current_load(self) -> Load:
        """Return the load that the next key press starts from.

        The run applies a change in its own time; a key that repeats faster than that must not lose steps.
        """
        current = self.feed.latest().load
        if self._asked is not None:
            at, asked = self._asked
            if time.monotonic() - at < ASKED_S:
                return asked
        return current

    def ask(self, load: Load) -> None:
        """Ask the run for another load, and say so."""
        before = self.current_load()
        if load == before:
            self.notify_user("that is the load already: no change", "dim")
            return
        if self.tried(lambda: self.feed.change(load)):
            self._asked = (time.monotonic(), load)
            self._before.append(before)
            self.notify_user(f"load {change_words(before, load)}")

    def action_undo(self) -> None:
        """Go back to the load before the last change; again, to the one before that."""
        if not self.controllable():
            return
        if not self._before:
            self.notify_user("nothing to undo: the load is the first", "dim")
            return
        now, earlier = self.current_load(), self._before[-1]
        if self.tried(lambda: self.feed.change(earlier)):
            self._before.pop()
            self._asked = (time.monotonic(), earlier)
            self.notify_user(f"undone: load {change_words(now, earlier)}")

    def action_anew(self) -> None:
        """Begin a new segment with the same load: its figures leave out what was until now."""
        if self.controllable() and self.tried(self.feed.anew):
            self.notify_user("a new segment begins; what was measured until now is kept")

    def action_step(self, key: Step) -> None:
        """Turn the load by one step."""
        if self.controllable():
            self.ask(step(self.current_load(), key))

    def action_connections(self) -> None:
        """Ask for a number of connections."""
        load = self.current_load()
        title = "how many connections?" if load.mode == "closed" else "at most how many connections?"
        hint = f"now {count(load.concurrency)}; 512 or 2k"
        self._type(load, title, hint, partial(with_connections, load))

    def action_rate(self) -> None:
        """Ask for a rate, which makes an open loop; or for none, which makes a closed one."""
        load = self.current_load()
        now = "a closed loop, none" if load.rate is None else f"{setting(load.rate)}/s"
        open_now = self.feed.latest().now.connections or DEFAULT_CONCURRENCY
        read = partial(with_rate, load, open_now=open_now, most=self.feed.most_connections)
        self._type(load, "how many requests a second?", f"now {now}; 500 or 2k; 0: closed loop", read)

    def _type(self, load: Load, title: str, hint: str, read: Read) -> None:
        if self.controllable():
            self.app.push_screen(LoadPrompt(load, title, hint, read), self._typed)

    def _typed(self, load: Load | None) -> None:
        if load is not None and self.controllable():
            self.ask(load)

    def action_pause(self) -> None:
        """Hold the load back, or let it go on."""
        if not self.controllable():
            return
        if self.feed.latest().state is RunState.PAUSED:
            if self.tried(self.feed.resume):
                self.notify_user("load resumes")
        elif self.tried(self.feed.pause):
            self.notify_user("load pauses; space resumes it")
