"""The run screen: one tick reads the newest Snapshot and hands it to the panels."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.screen import Screen
from textual.widget import Widget

from engine.errors import LoadtopError
from engine.plan import DEFAULT_CONCURRENCY, Load
from engine.snapshot import RunState, Snapshot
from sessions.format import change_words, count, setting
from tui._textual_private import pending_writes
from tui.controls import Step, step, with_connections, with_rate
from tui.feed import Feed
from tui.panels.answers import Answers
from tui.panels.base import Panel, View
from tui.panels.cores import Cores
from tui.panels.events import Events
from tui.panels.footer import Footer
from tui.panels.gc import Gc
from tui.panels.glyphs import Glyphs
from tui.panels.latency import LatencyPanel
from tui.panels.ledger import Ledger
from tui.panels.line import Span, Tone
from tui.panels.status import Status
from tui.panels.target import TargetPanel
from tui.panels.throughput import Throughput
from tui.panels.tiny import Tiny
from tui.screens.layout import form_of, places
from tui.screens.prompt import LoadPrompt, Read

SKIP_ABOVE: Final = 6
"""Of 30 queued writes: past that a tick is skipped. Worst gap 25 ms in a 5 s stall, instead of 3.4 s."""

NOTICE_S: Final = 5.0
ASKED_S: Final = 1.0
"""How long a load that was asked for counts as the current one, until a Snapshot shows it."""


class Dashboard(Layout):
    """Places panels as `tui.screens.layout` says; panels without a place are not shown."""

    name = "dashboard"

    def __init__(self) -> None:
        self.cores = 0
        self.segments = 0

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Return a placement for each child that has a place at this size."""
        boxes = places(size.width, size.height, self.cores, self.segments)
        return [
            WidgetPlacement(Region(*boxes[child.id]), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id in boxes
        ]


class RunScreen(Screen[None]):
    """All panels, the keys that turn the load, and the tick."""

    CSS = """
    RunScreen { overflow: hidden; background: $background; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "step('more')", "load +10 %", id="load.more"),
        Binding("minus,underscore", "step('less')", "load -10 %", id="load.less"),
        Binding("up", "step('one-more')", "load +1", id="load.one-more"),
        Binding("down", "step('one-less')", "load -1", id="load.one-less"),
        Binding("right_curly_bracket", "step('double')", "load x2", id="load.double"),
        Binding("left_curly_bracket", "step('halve')", "load /2", id="load.halve"),
        Binding("c", "connections", "type a number of connections", id="load.connections"),
        Binding("r", "rate", "type a rate", id="load.rate"),
        Binding("space", "pause", "pause or resume load", id="load.pause"),
        Binding("f", "freeze", "freeze the display", id="display.freeze"),
        Binding("S", "save", "save the session", id="session.save"),
    ]

    def __init__(self, feed: Feed, glyphs: Glyphs, fps: int, notices: Iterable[str] = ()) -> None:
        super().__init__()
        self.feed = feed
        self.glyphs = glyphs
        self.period_s = 1 / fps
        self.frozen: Snapshot | None = None
        self.draining = False
        self._panels: tuple[Panel, ...] = (
            Status(),
            Throughput(),
            LatencyPanel(),
            Gc(),
            Cores(),
            TargetPanel(),
            Ledger(),
            Answers(),
            Events(),
            Footer(),
            Tiny(),
        )
        self._dashboard = Dashboard()
        self._second: Snapshot = feed.latest()
        self._memo: dict[Hashable, Any] = {}
        self._mark: Hashable = None
        self._asked: tuple[float, Load] | None = None
        self._notices: deque[Span] = deque((notice, "warn") for notice in notices)
        self._notice_until = 0.0

    @property
    def layout(self) -> Layout:
        """The layout, which is no style's but the screen's own."""
        return self._dashboard

    def compose(self) -> ComposeResult:
        """Make all panels; the layout decides which of them are seen."""
        yield from self._panels

    def on_mount(self) -> None:
        """Start the one tick there is."""
        self.tick()
        self.set_interval(self.period_s, self.tick)

    def on_resize(self) -> None:
        """Show what is known in the new arrangement at once."""
        self.paint(self.feed.latest(), everything=True)

    def tick(self) -> None:
        """Show the newest Snapshot, and end when the run has ended."""
        snapshot = self.feed.latest()
        if self.feed.live and snapshot.state in (RunState.DONE, RunState.FAILED):
            self.app.exit()
            return
        if pending_writes(self.app) > SKIP_ABOVE:
            return
        self.paint(snapshot)

    def paint(self, snapshot: Snapshot, *, everything: bool = False) -> None:
        """Hand a View to the panels: to all of them at the turn of a second, else to the lively ones."""
        shown = self.frozen or snapshot
        mark = turn_of(shown)
        everything = everything or mark != self._mark
        if everything:
            self._mark = mark
            self._second = shown
            self._memo = {}
            if (len(shown.cores), len(shown.segments)) != (self._dashboard.cores, self._dashboard.segments):
                self._dashboard.cores = len(shown.cores)
                self._dashboard.segments = len(shown.segments)
                self.refresh(layout=True)
        view = View(
            live=shown,
            second=self._second,
            glyphs=self.glyphs,
            framed=form_of(*self.size) == "framed",
            frozen=self.frozen is not None,
            controls=self.feed.live,
            notice=self._current_notice(),
            memo=self._memo,
        )
        for panel in self._panels:
            if everything or panel.lively:
                panel.show(view)

    def notify_user(self, text: str, tone: Tone = "text") -> None:
        """Say something in the last row, for a few seconds."""
        self._notices.clear()
        self._notices.append((text, tone))
        self._notice_until = 0.0
        self.tick()

    def _current_notice(self) -> Span | None:
        now = time.monotonic()
        if self._notices and not self._notice_until:
            self._notice_until = now + NOTICE_S
        elif self._notices and now >= self._notice_until and not self.draining:
            self._notices.popleft()
            self._notice_until = now + NOTICE_S if self._notices else 0.0
        return self._notices[0] if self._notices else None

    def _load(self) -> Load:
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
        before = self._load()
        if load == before:
            self.notify_user("that is the load already: no change", "dim")
            return
        if self._tried(lambda: self.feed.change(load)):
            self._asked = (time.monotonic(), load)
            self.notify_user(f"load {change_words(before, load)}")

    def _tried(self, wish: Callable[[], object]) -> bool:
        """Do what can be refused; a refusal is a notice."""
        try:
            wish()
        except LoadtopError as refusal:
            self.notify_user(str(refusal), "bad")
            return False
        return True

    def _controllable(self) -> bool:
        if not self.feed.live:
            self.notify_user("this is a saved session: there is no load to change", "warn")
        elif self.draining:
            self.notify_user("draining: the load is over", "warn")
        return self.feed.live and not self.draining

    def action_step(self, key: Step) -> None:
        """Turn the load by one step."""
        if self._controllable():
            self.ask(step(self._load(), key))

    def action_connections(self) -> None:
        """Ask for a number of connections."""
        load = self._load()
        title = "how many connections?" if load.mode == "closed" else "at most how many connections?"
        hint = f"now {count(load.concurrency)}; 512 or 2k"
        self._type(load, title, hint, partial(with_connections, load))

    def action_rate(self) -> None:
        """Ask for a rate, which makes an open loop; or for none, which makes a closed one."""
        load = self._load()
        now = "a closed loop, none" if load.rate is None else f"{setting(load.rate)}/s"
        open_now = self.feed.latest().now.connections or DEFAULT_CONCURRENCY
        read = partial(with_rate, load, open_now=open_now, most=self.feed.most_connections)
        self._type(load, "how many requests a second?", f"now {now}; 500 or 2k; 0: closed loop", read)

    def _type(self, load: Load, title: str, hint: str, read: Read) -> None:
        if self._controllable():
            self.app.push_screen(LoadPrompt(load, title, hint, read), self._typed)

    def _typed(self, load: Load | None) -> None:
        if load is not None and self._controllable():
            self.ask(load)

    def action_pause(self) -> None:
        """Hold the load back, or let it go on."""
        if not self._controllable():
            return
        if self.feed.latest().state is RunState.PAUSED:
            if self._tried(self.feed.resume):
                self.notify_user("load resumes")
        elif self._tried(self.feed.pause):
            self.notify_user("load pauses; space resumes it")

    def action_freeze(self) -> None:
        """Hold the display, or let it go on; data keep flowing."""
        if not self.feed.live:
            self.notify_user("this is a saved session: nothing moves that could be frozen", "warn")
            return
        self.frozen = None if self.frozen is not None else self.feed.latest()
        self._mark = None
        self.tick()

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
        self._tried(self.feed.stop)
        self.frozen = None
        self.notify_user("draining: waiting for the answers under way; q again leaves at once", "warn")


def turn_of(snapshot: Snapshot) -> Hashable:
    """Return what changes when slow panels have something new: a second, a segment, an event, the state."""
    newest = snapshot.seconds[-1].t_s if snapshot.seconds else None
    return (
        int(snapshot.at_s),
        newest,
        len(snapshot.segments),
        len(snapshot.events),
        snapshot.state,
        len(snapshot.cores),
    )
