"""The run screen: one tick reads the newest Snapshot and hands it to the panels."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from engine.snapshot import RunState, Snapshot
from tui._textual_private import count_writes, paint_now, pending_writes
from tui.calm import FPS, MOST_PCT, Calm
from tui.cost import Meter
from tui.feed import Feed
from tui.keys import KEYS, Key, bindings
from tui.panels.answers import Answers
from tui.panels.base import Panel, View
from tui.panels.cores import Cores
from tui.panels.distribution import Distribution
from tui.panels.events import Events
from tui.panels.extras import Extras
from tui.panels.footer import Footer
from tui.panels.gc import Gc
from tui.panels.glyphs import Glyphs
from tui.panels.health import Health
from tui.panels.latency import LatencyPanel
from tui.panels.ledger import Ledger
from tui.panels.machine import MachinePanel
from tui.panels.memory import Memory
from tui.panels.spectrogram import Spectrogram
from tui.panels.status import Status
from tui.panels.target import TargetPanel
from tui.panels.throughput import Throughput
from tui.panels.tiny import Tiny
from tui.screens.arranging import Arranging
from tui.screens.asking import Asking, LookScreen
from tui.screens.choosing import Choosing
from tui.screens.details import Detailing, DetailScreen
from tui.screens.keeping import Keeping
from tui.screens.layout import Box, Choice, is_framed, places
from tui.screens.looking import Looking
from tui.screens.noting import Noting
from tui.screens.overlaying import Overlaying
from tui.screens.probing import Probing
from tui.screens.proving import Proving
from tui.screens.steering import Steering
from tui.screens.travelling import Travelling

READ_S: Final = 1.0
"""Between two readings of what the console costs; the run takes one as often."""

SKIP_ABOVE: Final = 6
"""Of 30 queued writes: past that a tick is skipped. Worst gap 25 ms in a 5 s stall, instead of 3.4 s."""


class Dashboard(Layout):
    """Places panels as `tui.screens.layout` says; panels without a place are not shown."""

    name = "dashboard"

    def __init__(self) -> None:
        self.cores = 0
        self.segments = 0
        self.series = 0
        self.choice = Choice()

    def boxes(self, size: Size) -> dict[str, Box]:
        """Return the places at a size, by the ids of the panels."""
        choice = self.choice.with_series(self.series)
        return places(size.width, size.height, self.cores, self.segments, choice)

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Return a placement for each child that has a place at this size."""
        boxes = self.boxes(size)
        return [
            WidgetPlacement(Region(*boxes[child.id]), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id in boxes
        ]


class RunScreen(
    Steering,
    Probing,
    Proving,
    Asking,
    Arranging,
    Looking,
    Choosing,
    Detailing,
    Noting,
    Keeping,
    Travelling,
    Overlaying,
):
    """All panels and the tick; what the keys do is in the bases."""

    CSS = """
    RunScreen { overflow: hidden; background: $background; }
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(of_the_app=False)

    def __init__(
        self,
        feed: Feed,
        glyphs: Glyphs,
        fps: int | None = None,
        notices: Iterable[str] = (),
        keys: tuple[Key, ...] = KEYS,
    ) -> None:
        super().__init__(feed, notices)
        self.glyphs = glyphs
        self.period_s = 1 / (fps or FPS)
        self._calm = Calm(MOST_PCT if fps is None else None)
        self._pace_s = self.period_s
        self._heard_s = 0.0
        self._panels: tuple[Panel, ...] = (
            Status(),
            Throughput(),
            LatencyPanel(),
            Spectrogram(),
            Distribution(),
            Gc(),
            Memory(),
            Cores(),
            MachinePanel(),
            TargetPanel(),
            Extras(),
            Ledger(),
            Answers(),
            Health(),
            Events(),
            Footer(),
            Tiny(),
        )
        self.keys = keys
        self._meter = Meter()
        self._dashboard = Dashboard()
        self._second: Snapshot = feed.latest()
        self._memo: dict[Hashable, Any] = {}
        self._mark: Hashable = None

    @property
    def layout(self) -> Layout:
        """The layout, which is no style's but the screen's own."""
        return self._dashboard

    def compose(self) -> ComposeResult:
        """Make all panels; the layout decides which of them are seen."""
        yield from self._panels

    def on_mount(self) -> None:
        """Start the one tick there is."""
        count_writes(self.app, self._meter.wrote)
        self._dashboard.choice = self.choice
        self.paint(self.feed.latest())
        self._clock = self.set_interval(self._pace_s, self.beat)

    def on_resize(self) -> None:
        """Show what is known in the new arrangement at once."""
        self.paint(self.feed.latest(), everything=True)
        paint_now(self)

    def seen(self) -> set[str]:
        """Return the panels that have a place at the moment."""
        return set(self._dashboard.boxes(self.size))

    def app_is_ascii(self) -> bool:
        """Return whether the terminal shows nothing but ASCII."""
        return self.glyphs.plain

    def arrange_anew(self) -> None:
        """Place the panels as they are chosen now, and paint them."""
        self._dashboard.choice = self.choice
        self._place()
        self.show_anew()

    def _place(self) -> None:
        """Have the panels placed anew; a child asks, because only then Textual forgets the old places."""
        self._panels[0].refresh(layout=True)

    def beat(self) -> None:
        """Do what is done at every turn of the one clock there is."""
        now_s = time.monotonic()
        if now_s - self._heard_s >= READ_S and self.feed.live:
            self._heard_s = now_s
            self._calm.hear(self.feed.latest().console_cpu_pct)
        self._go_at(self.period_s * (1 if now_s < self.awake_until_s else self._calm.every))
        self._meter.ticked(now_s, painted=self.tick(), next_s=now_s + self._pace_s)

    def wake(self) -> None:
        super().wake()
        self._go_at(self.period_s)

    def _go_at(self, pace_s: float) -> None:
        """Have the clock turn at this pace; a turn at which nothing is looked at would cost too."""
        if pace_s != self._pace_s:
            self._clock.stop()
            self._clock = self.set_interval(pace_s, self.beat)
            self._pace_s = pace_s
            self._meter.new_pace()

    def tick(self) -> bool:
        """Show the newest Snapshot, and end when the run has ended.

        Returns:
            Whether it was painted. It is not while the terminal has not read what was painted before: frames
            are skipped, never queued.
        """
        snapshot = self.feed.latest()
        self.hear()
        if self.feed.live and snapshot.state in (RunState.DONE, RunState.FAILED):
            self.app.exit()
            return False
        if pending_writes(self.app) > SKIP_ABOVE:
            return False
        self.look_for_answers()
        if not self.is_covered:
            self.paint(snapshot)
        return True

    @property
    def is_covered(self) -> bool:
        """Whether another screen hides this one; a prompt leaves it to be seen."""
        return isinstance(self.app.screen, LookScreen | DetailScreen)

    def show_anew(self) -> None:
        """Show every panel anew, though no second has turned."""
        self._mark = None
        self.answer()

    def paint(self, snapshot: Snapshot, *, everything: bool = False) -> None:
        """Hand a View to the panels: to all of them at the turn of a second, else to the lively ones."""
        shown = self.overlaid(self.frozen or snapshot)
        mark = turn_of(shown)
        everything = everything or mark != self._mark
        if everything:
            self._mark = mark
            self._second = shown
            self._memo = {}
            counted = len(shown.cores), len(shown.segments), len(shown.chosen)
            if counted != (self._dashboard.cores, self._dashboard.segments, self._dashboard.series):
                self._dashboard.cores, self._dashboard.segments, self._dashboard.series = counted
                self._place()
        view = View(
            live=shown,
            second=self._second,
            glyphs=self.glyphs,
            framed=is_framed(*self.size),
            frozen=self.frozen is not None,
            controls=self.feed.live,
            keys=self.keys,
            picked=self.picked,
            step_s=self.remembered.step_s,
            selected=self.selected,
            marked=self.marked,
            cost=self._meter.read(time.monotonic()),
            notice=self.current_notice(),
            memo=self._memo,
        )
        seen = self.seen()
        for panel in self._panels:
            if panel.id in seen and (everything or panel.lively):
                panel.show(view)


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
