"""What an execution trace found, over the run screen; the run goes on below."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.feed import Feed
from tui.panels.base import View
from tui.panels.canvas import Canvas
from tui.panels.glyphs import Glyphs
from tui.panels.line import Line, Span, Tone
from tui.panels.stops import lines


class StopsScreen(Screen[None]):
    """One of the traces that were taken, the newest first to be seen.

    Args:
        feed: The run, or a saved session.
        glyphs: The characters to draw with.
        take: Asks for another trace, or says why there can be none.
    """

    CSS = """
    StopsScreen { background: $background; overflow: hidden; }
    StopsScreen Canvas { width: 100%; height: 100%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "turn(-1)", "trace before", id="stops.earlier"),
        Binding("right_square_bracket", "turn(1)", "next trace", id="stops.later"),
        Binding("x", "take", "take another trace", id="stops.take"),
        Binding("escape,q,enter", "close", "close", id="stops.close"),
    ]

    def __init__(self, feed: Feed, glyphs: Glyphs, take: Callable[[], None]) -> None:
        super().__init__()
        self._feed = feed
        self._glyphs = glyphs
        self._take = take
        self._index = len(feed.latest().looks.traces) - 1
        self._notice: Span | None = None
        self._canvas = Canvas(self._draw)

    def compose(self) -> ComposeResult:
        """Make the picture."""
        yield self._canvas

    def on_mount(self) -> None:
        """Draw, and draw again: the last of the seconds that it covers may not be over yet."""
        self.show()
        self.set_interval(1.0, self.show)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.show()

    def show(self) -> None:
        """Paint what changed."""
        snapshot = self._feed.latest()
        self._canvas.show(View(live=snapshot, second=snapshot, glyphs=self._glyphs, framed=False))

    def say(self, text: str, tone: Tone = "text") -> None:
        """Say something in the last row, until something else is to be seen."""
        self._notice = (text, tone)
        self.show()

    def newest(self) -> None:
        """Show the trace that was taken last."""
        self._index, self._notice = len(self._feed.latest().looks.traces) - 1, None
        self.show()

    def action_turn(self, by: int) -> None:
        """Go to the trace before, or the next."""
        wanted = self._index + by
        if 0 <= wanted < len(self._feed.latest().looks.traces):
            self._index, self._notice = wanted, None
            self.show()
        else:
            self.say("there is no other trace in this direction", "dim")

    def action_take(self) -> None:
        """Ask for another trace."""
        self._take()

    def action_close(self) -> None:
        """Go back to the run."""
        self.dismiss()

    def _draw(self, width: int, height: int) -> list[Line]:
        snapshot = self._feed.latest()
        traces = snapshot.looks.traces
        number = f"{self._index + 1} of {len(traces)}" if len(traces) > 1 else ""
        return lines(
            traces[self._index],
            snapshot.seconds,
            width,
            height,
            glyphs=self._glyphs,
            number=number,
            notice=self._notice,
        )
