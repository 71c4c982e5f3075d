"""Charts to look at slowly: the whole session, the distribution, and what throughput costs in latency."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.snapshot import Snapshot
from sessions.charts import latency_chart, operating_points, percentile_chart, tradeoff_chart
from sessions.format import segment_name
from tui.feed import Feed
from tui.format import fit
from tui.screens.acting import Acting

ANEW_S: Final = 5.0
"""Between two drawings: a chart takes tens of milliseconds, and nobody reads it faster."""

LEAST_ROWS: Final = 8
"""Of a chart; with fewer, charts are shown one at a time."""

Draw: TypeAlias = Callable[[Snapshot, Feed, int, int, bool], list[str]]


def over_time(snapshot: Snapshot, feed: Feed, width: int, height: int, ascii: bool) -> list[str]:
    """Return p50 and p99 over the whole session."""
    bounds = [segment.start_s for segment in snapshot.segments[1:]]
    return latency_chart(feed.series(), bounds, width=width, height=height, ascii=ascii)


def by_percentile(snapshot: Snapshot, feed: Feed, width: int, height: int, ascii: bool) -> list[str]:
    """Return the current segment's latency by percentile."""
    name = segment_name(snapshot.segment.index) if snapshot.segment is not None else ""
    return percentile_chart([(name, snapshot.distribution)], width=width, height=height, ascii=ascii)


def tradeoff(snapshot: Snapshot, feed: Feed, width: int, height: int, ascii: bool) -> list[str]:
    """Return p99 over throughput, a point a segment."""
    return tradeoff_chart(operating_points(snapshot.segments), width=width, height=height, ascii=ascii)


CHARTS: Final[tuple[tuple[str, Draw, str], ...]] = (
    # title, chart, what is said where there is none
    (
        "response time over the whole session: p99 above, p50 below; rules are new segments",
        over_time,
        "it takes eight seconds with answers",
    ),
    (
        "response time of the segment by percentile; each nine has the same room",
        by_percentile,
        "it takes an answer",
    ),
    (
        "p99 over answers a second, by segment",
        tradeoff,
        "it takes two segments with a p99: turn the load",
    ),
)


class DetailScreen(ModalScreen[None]):
    """Three charts below each other, or one at a time where there is little room.

    Args:
        feed: The run, or a saved session.
        ascii: Whether only ASCII may be used.
    """

    CSS = """
    DetailScreen { background: $background; }
    DetailScreen Static {
        width: 100%; height: 100%; padding: 0 1; background: $background; color: $foreground;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,d,right,down", "turn", "next chart", id="details.turn"),
        Binding("escape,q,enter", "close", "close", id="details.close"),
    ]

    def __init__(self, feed: Feed, *, ascii: bool) -> None:
        super().__init__()
        self.feed = feed
        self.ascii = ascii
        self.page = 0

    def compose(self) -> ComposeResult:
        """Make the page."""
        yield Static(markup=False)

    def on_mount(self) -> None:
        """Draw, and again from time to time."""
        if self.feed.live:
            self.set_interval(ANEW_S, self.draw)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.draw()

    def draw(self) -> None:
        """Draw as many charts as have room."""
        width, height = self.app.size
        snapshot = self.feed.latest()
        rows = (height - 1) // len(CHARTS) - 1
        shown = CHARTS if rows >= LEAST_ROWS else CHARTS[self.page : self.page + 1]
        rows = (height - 1) // len(shown) - 1
        lines: list[str] = []
        for title, chart, why_not in shown:
            drawn = chart(snapshot, self.feed, max(20, width - 2), max(4, rows), self.ascii)
            drawn = drawn or ["", f"  nothing to draw yet: {why_not}"]
            lines += [fit(title, max(20, width - 2)), *drawn[:rows], *[""] * (rows - len(drawn))]
        lines += [""] * (height - 1 - len(lines))
        turn = "" if len(shown) == len(CHARTS) else f"tab: next chart ({self.page + 1} of {len(CHARTS)})   "
        lines.append(f"{turn}esc: back")
        self.query_one(Static).update("\n".join(lines), layout=False)

    def action_turn(self) -> None:
        """Go to the next chart."""
        self.page = (self.page + 1) % len(CHARTS)
        self.draw()

    def action_close(self) -> None:
        """Go back to the run."""
        self.dismiss()


class Detailing(Acting):
    """Opens the charts."""

    def action_details(self) -> None:
        """Show the charts of the whole session."""
        self.app.push_screen(DetailScreen(self.feed, ascii=self.app_is_ascii()))

    def app_is_ascii(self) -> bool:
        """Return whether the terminal shows nothing but ASCII."""
        raise NotImplementedError
