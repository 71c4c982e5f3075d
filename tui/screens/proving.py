"""Keys that have the run prove something: which of two loads is the better, and whether it was us."""

from __future__ import annotations

from functools import partial

from engine.errors import UsageError
from engine.experiments.trials import previous_load
from engine.plan import Load
from sessions.format import change_words, load_short
from tui.controls import with_connections, with_rate
from tui.screens.acting import Acting
from tui.screens.prompt import LoadPrompt


class Proving(Acting):
    """Starts experiments; a change of load or a pause aborts them."""

    def action_switchback(self) -> None:
        """Ask for the other load, and compare it with the one in force, ABBA."""
        if not self.controllable():
            return
        snapshot = self.feed.latest()
        load = snapshot.load
        before = previous_load([segment.load for segment in snapshot.segments], load)
        offer = "" if before is None else f"; enter alone: {load_short(before)}"
        hint = f"{'connections' if load.mode == 'closed' else 'requests a second'}{offer}"
        read = partial(other_load, load, before)
        self.app.push_screen(LoadPrompt(load, "ABBA: compare with which load?", hint, read), self._compared)

    def action_doubling(self) -> None:
        """Double the workers for some seconds: was it us?"""
        if self.controllable() and self.tried(self.feed.start_doubling):
            self.notify_user("twice the workers for some seconds: what gets better was ours")

    def _compared(self, other: Load | None) -> None:
        if other is None or not self.controllable():
            return
        load = self.feed.latest().load
        if self.tried(lambda: self.feed.start_switchback(other)):
            self.notify_user(f"ABBA {change_words(load, other)}; a change of load or a pause aborts it")


def other_load(load: Load, before: Load | None, text: str) -> Load:
    """Return the load to compare with: what was typed, of the kind that is in force; or the one before.

    Raises:
        UsageError: It is no number, or nothing was typed and there was no other load.
    """
    if not text.strip():
        if before is None:
            raise UsageError("there was no other load yet: type one")
        return before
    if load.mode == "closed":
        return with_connections(load, text)
    return with_rate(load, text, open_now=load.concurrency, most=load.concurrency)
