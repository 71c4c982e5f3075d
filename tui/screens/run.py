"""The run screen: one tick reads the newest Snapshot and hands it to the panels."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from engine.snapshot import RunState, Snapshot
from tui._textual_private import pending_writes
from tui.feed import Feed
from tui.keys import bindings
from tui.panels.answers import Answers
from tui.panels.base import Panel, View
from tui.panels.cores import Cores
from tui.panels.events import Events
from tui.panels.extras import Extras
from tui.panels.footer import Footer
from tui.panels.gc import Gc
from tui.panels.glyphs import Glyphs
from tui.panels.latency import LatencyPanel
from tui.panels.ledger import Ledger
from tui.panels.status import Status
from tui.panels.target import TargetPanel
from tui.panels.throughput import Throughput
from tui.panels.tiny import Tiny
from tui.screens.asking import Asking, LookScreen
from tui.screens.keeping import Keeping
from tui.screens.layout import form_of, places
from tui.screens.looking import Looking
from tui.screens.overlaying import Overlaying
from tui.screens.probing import Probing
from tui.screens.proving import Proving
from tui.screens.steering import Steering
from tui.screens.travelling import Travelling

SKIP_ABOVE: Final = 6
"""Of 30 queued writes: past that a tick is skipped. Worst gap 25 ms in a 5 s stall, instead of 3.4 s."""


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


class RunScreen(
    Steering,
    Probing,
    Proving,
    Looking,
    Asking,
    Keeping,
    Travelling,
    Overlaying,
):
    """All panels and the tick; what the keys do is in the bases."""

    CSS = """
    RunScreen { overflow: hidden; background: $background; }
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(of_the_app=False)

    def __init__(self, feed: Feed, glyphs: Glyphs, fps: int, notices: Iterable[str] = ()) -> None:
        super().__init__(feed, notices)
        self.glyphs = glyphs
        self.period_s = 1 / fps
        self._panels: tuple[Panel, ...] = (
            Status(),
            Throughput(),
            LatencyPanel(),
            Gc(),
            Cores(),
            TargetPanel(),
            Extras(),
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
        self.hear()
        if self.feed.live and snapshot.state in (RunState.DONE, RunState.FAILED):
            self.app.exit()
            return
        if pending_writes(self.app) > SKIP_ABOVE:
            return
        self.look_for_answers()
        if not self.is_covered:
            self.paint(snapshot)

    @property
    def is_covered(self) -> bool:
        """Whether another screen hides this one; a prompt leaves it to be seen."""
        return isinstance(self.app.screen, LookScreen)

    def show_anew(self) -> None:
        """Show every panel anew, though no second has turned."""
        self._mark = None
        self.tick()

    def paint(self, snapshot: Snapshot, *, everything: bool = False) -> None:
        """Hand a View to the panels: to all of them at the turn of a second, else to the lively ones."""
        shown = self.overlaid(self.frozen or snapshot)
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
            notice=self.current_notice(),
            memo=self._memo,
        )
        for panel in self._panels:
            if everything or panel.lively:
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
