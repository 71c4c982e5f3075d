"""Keys that ask the target for a CPU profile or an execution trace, and show what came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, TypeAlias

from msgspec import Struct

from engine.errors import LoadtopError
from engine.looks import Kind
from engine.probes.look_words import summary
from engine.probes.on_demand import check_seconds
from tui.feed import Feed
from tui.panels.glyphs import Glyphs
from tui.screens.acting import Acting
from tui.screens.flame import FlameScreen
from tui.screens.span_prompt import SpanPrompt
from tui.screens.stops import StopsScreen

LookScreen: TypeAlias = FlameScreen | StopsScreen


class Ask(Struct, frozen=True):
    """One kind of look, as the keyboard has it.

    Attributes:
        noun: What it is called.
        key: The key that shows it.
        usual_s: How long it takes where nothing is typed.
        screen: What shows it.
    """

    noun: str
    key: str
    usual_s: float
    screen: type[FlameScreen] | type[StopsScreen]


ASKS: Final[Mapping[Kind, Ask]] = {
    "profile": Ask("CPU profile", "g", 5.0, FlameScreen),
    "trace": Ask("trace", "x", 0.5, StopsScreen),
}


class Asking(Acting):
    """Asks, waits without standing still, and shows.

    Attributes:
        glyphs: Characters of the charts.
    """

    glyphs: Glyphs

    def __init__(self, feed: Feed, notices: Iterable[str]) -> None:
        super().__init__(feed, notices)
        self._awaited: dict[Kind, Future[Any]] = {}

    def action_profile(self) -> None:
        """Show the newest CPU profile; where there is none, take one."""
        self._show_or_take("profile", len(self.feed.latest().looks.profiles))

    def action_trace(self) -> None:
        """Show the newest trace; where there is none, take one."""
        self._show_or_take("trace", len(self.feed.latest().looks.traces))

    def look_for_answers(self) -> None:
        """Show what came since the last tick, or say why nothing did."""
        looks = self.feed.latest().looks
        for kind, answer in list(self._awaited.items()):
            if not answer.done():
                continue
            failure = answer.exception()
            if failure is None and not any(answer.result() is one for one in (*looks.profiles, *looks.traces)):
                continue  # the next Snapshot has it
            del self._awaited[kind]
            if failure is None:
                self._came(kind, summary(answer.result()))
            else:
                self._say(str(failure) if isinstance(failure, LoadtopError) else repr(failure), "bad")

    def _show_or_take(self, kind: Kind, known: int) -> None:
        if known:
            self._open(kind)
        else:
            self._take(kind)

    def _take(self, kind: Kind) -> None:
        """Ask how long, unless there is nothing to take or one is being taken."""
        ask = ASKS[kind]
        if not self.feed.live:
            self._say(f"this is a saved session, with no {ask.noun} but what is kept in it", "warn")
        elif self.draining:
            self._say("draining: the load is over", "warn")
        elif kind in self._awaited:
            self._say(f"a {ask.noun} is being taken already; it shows itself when it is there", "warn")
        else:
            title = f"how many seconds of {ask.noun}?"
            prompt = SpanPrompt(title, ask.usual_s, partial(check_seconds, kind))
            self.app.push_screen(prompt, partial(self._answered, kind))

    def _answered(self, kind: Kind, seconds: float | None) -> None:
        if seconds is None:
            return
        take: Callable[[float], Future[Any]] = self.feed.profile if kind == "profile" else self.feed.trace
        try:
            self._awaited[kind] = take(seconds)
        except LoadtopError as refusal:
            self._say(str(refusal), "bad")
        else:
            noun = ASKS[kind].noun
            self._say(f"taking a {noun} of {seconds:g} s; it shows itself when it is there")

    def _came(self, kind: Kind, words: str) -> None:
        """Show what came at once, but never over something else that is being looked at or typed."""
        top = self.app.screen
        if top is self:
            self._open(kind)
        elif isinstance(top, ASKS[kind].screen):
            top.newest()
        else:
            self._say(f"{words}; {ASKS[kind].key} shows it", "good")

    def _open(self, kind: Kind) -> None:
        self.app.push_screen(ASKS[kind].screen(self.feed, self.glyphs, partial(self._take, kind)))

    def _say(self, text: str, tone: str = "text") -> None:
        """Say it where it is seen: in the last row of whatever is on top, but for prompts."""
        top = next(screen for screen in reversed(self.app.screen_stack) if not screen.is_modal)
        if isinstance(top, LookScreen):
            top.say(text, tone)
        else:
            self.notify_user(text, tone)
