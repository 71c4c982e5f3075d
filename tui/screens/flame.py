"""A CPU profile as a flame graph, over the run screen; the run goes on below."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from msgspec.structs import replace
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from engine.looks import CpuProfile
from engine.probes.flame import Node
from tui.feed import Feed
from tui.panels.base import View
from tui.panels.canvas import Canvas
from tui.panels.flame import HEAD_ROWS, Flame, drawn, flame_of, lines, searched
from tui.panels.glyphs import Glyphs
from tui.panels.line import Line, Tone

SEARCH: Final = "slash"
ERASE: Final = ("backspace", "ctrl+u")


class FlameScreen(Screen[None]):
    """One of the profiles that were taken, the newest first to be seen.

    Args:
        feed: The run, or a saved session; profiles that come while this is open are found there.
        glyphs: The characters to draw with.
        take: Asks for another profile, or says why there can be none.
    """

    CSS = """
    FlameScreen { background: $background; overflow: hidden; }
    FlameScreen Canvas { width: 100%; height: 100%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move('up')", "to the caller", id="flame.up"),
        Binding("down,j", "move('down')", "to what it called", id="flame.down"),
        Binding("left,h", "move('left')", "to the left", id="flame.left"),
        Binding("right,l", "move('right')", "to the right", id="flame.right"),
        Binding("enter,space", "zoom", "zoom", id="flame.zoom"),
        Binding("escape,backspace", "back", "zoom out, close", id="flame.back"),
        Binding("home,0", "whole", "zoom out altogether", id="flame.whole"),
        Binding(SEARCH, "search", "find a function", id="flame.search"),
        Binding("n", "hit(1)", "next place found", id="flame.next"),
        Binding("N", "hit(-1)", "place found before", id="flame.previous"),
        Binding("left_square_bracket", "turn(-1)", "profile before", id="flame.earlier"),
        Binding("right_square_bracket", "turn(1)", "next profile", id="flame.later"),
        Binding("g", "take", "take another profile", id="flame.take"),
        Binding("q", "close", "close", id="flame.close"),
    ]

    def __init__(self, feed: Feed, glyphs: Glyphs, take: Callable[[], None]) -> None:
        super().__init__()
        self._feed = feed
        self._glyphs = glyphs
        self._take = take
        self._index = len(self._profiles) - 1
        self._zooms: list[tuple[Node, Node]] = []
        self._canvas = Canvas(self._draw)
        self._typing = False
        self.flame: Flame = flame_of(self._profiles[self._index], number=self._number)

    def compose(self) -> ComposeResult:
        """Make the picture."""
        yield self._canvas

    def on_mount(self) -> None:
        """Draw."""
        self.show()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.show()

    def on_screen_resume(self) -> None:
        """Draw anew: a profile may have come while something else was on top."""
        self._change(notice=self.flame.notice)

    def show(self) -> None:
        """Paint what changed."""
        snapshot = self._feed.latest()
        self._canvas.show(View(live=snapshot, second=snapshot, glyphs=self._glyphs, framed=False))

    def say(self, text: str, tone: Tone = "text") -> None:
        """Say something in the last row, until something else is to be seen."""
        self._change(notice=(text, tone))

    def newest(self) -> None:
        """Show the profile that was taken last."""
        self._look_at(len(self._profiles) - 1)

    def on_key(self, event: events.Key) -> None:
        """Take what is typed for the search.

        Not a widget that would have to be given the focus first: on a slow line a whole word comes in one piece
        with the `/`, and must neither be lost nor pressed.
        """
        words = self.flame.words
        if not self._typing:
            if event.key == SEARCH:
                event.stop()
                self.action_search()
        elif event.is_printable and event.character is not None:
            event.stop()
            self._search(words + event.character)
        elif event.key in ERASE:
            event.stop()
            self._search(words[:-1] if event.key == "backspace" else "")
        elif event.key == "enter":
            event.stop()
            self._searched()

    def on_paste(self, event: events.Paste) -> None:
        """Take what is pasted while something is searched."""
        if self._typing:
            self._search(self.flame.words + "".join(filter(str.isprintable, event.text)))

    def on_click(self, event: events.Click) -> None:
        """Select what is clicked; zoom when it is selected already."""
        levels, _ = drawn(self.flame, *self.size)
        row = event.screen_y - HEAD_ROWS
        if 0 <= row < len(levels):
            for box in levels[row]:
                if box.x <= event.screen_x < box.x + box.width:
                    if box.node is self.flame.selected:
                        self.action_zoom()
                    else:
                        self._change(selected=box.node)

    def action_move(self, way: str) -> None:
        """Select a neighbour of what is selected, among the boxes that are seen."""
        levels, above = drawn(self.flame, self.size.width, self.size.height)
        selected = self.flame.selected
        row = selected.depth - self.flame.zoom.depth - above
        here = levels[row]
        place = next(index for index, box in enumerate(here) if box.node is selected)
        if way == "up" and selected is not self.flame.zoom and selected.parent is not None:
            self._change(selected=selected.parent)
        elif way == "down":
            below = levels[row + 1] if row + 1 < len(levels) else []
            child = next((box.node for box in below if box.node.parent is selected), None)
            if child is not None:
                self._change(selected=child)
            elif selected.children:
                self.say("what it called is too narrow to be drawn; enter zooms in", "dim")
        elif way in ("left", "right"):
            other = place + (1 if way == "right" else -1)
            if 0 <= other < len(here):
                self._change(selected=here[other].node)

    def action_zoom(self) -> None:
        """Make what is selected as wide as the screen."""
        if self.flame.selected is not self.flame.zoom:
            self._zooms.append((self.flame.zoom, self.flame.selected))
            self._change(zoom=self.flame.selected)

    def action_back(self) -> None:
        """Zoom out to where it was zoomed from; before that forget the search, after it close."""
        if self._typing:
            self._typing = False
            self._search("")
        elif self._zooms:
            zoom, selected = self._zooms.pop()
            self._change(zoom=zoom, selected=selected)
        elif self.flame.words:
            self._search("")
        else:
            self.dismiss()

    def action_whole(self) -> None:
        """See the whole profile again."""
        self._zooms.clear()
        self._change(zoom=self.flame.root, selected=self.flame.root)

    def action_search(self) -> None:
        """Have a part of a name typed; it is searched for meanwhile."""
        self._typing = True
        self._search("")

    def action_hit(self, by: int) -> None:
        """Go to the next place where the searched name is, the heaviest first."""
        hits = self.flame.hits
        if not hits:
            self.say("nothing is searched for; / searches", "dim")
            return
        at = next((index for index, node in enumerate(hits) if node is self.flame.selected), -1)
        self._go_to(hits[(at + by) % len(hits)])

    def action_turn(self, by: int) -> None:
        """Go to the profile before, or the next."""
        wanted = self._index + by
        if 0 <= wanted < len(self._profiles):
            self._look_at(wanted)
        else:
            self.say("there is no other profile in this direction", "dim")

    def action_take(self) -> None:
        """Ask for another profile."""
        self._take()

    def action_close(self) -> None:
        """Go back to the run."""
        self.dismiss()

    @property
    def _profiles(self) -> tuple[CpuProfile, ...]:
        return tuple(self._feed.latest().looks.profiles)

    @property
    def _number(self) -> str:
        many = len(self._profiles)
        return f"{self._index + 1} of {many}" if many > 1 else ""

    def _draw(self, width: int, height: int) -> list[Line]:
        return lines(self.flame, width, height)

    def _change(self, **changes: object) -> None:
        self.flame = replace(self.flame, **{"number": self._number, "notice": None, **changes})
        self.show()

    def _look_at(self, index: int) -> None:
        self._index = index
        self._zooms.clear()
        words = self.flame.words
        self.flame = flame_of(self._profiles[index], number=self._number)
        self._search(words)

    def _search(self, words: str) -> None:
        wanted, hits = searched(self.flame.profile, self.flame.root, words)
        hint = (f"/{words}_   part of a name; enter keeps it, esc forgets it", "strong")
        self._change(words=words, wanted=wanted, hits=hits, notice=hint if self._typing else None)

    def _searched(self) -> None:
        """Keep what was typed, and go to its heaviest place."""
        self._typing = False
        self._change()
        if self.flame.hits:
            self._go_to(self.flame.hits[0])
        elif self.flame.words:
            self.say(f"no function is called like '{self.flame.words}'", "warn")

    def _go_to(self, node: Node) -> None:
        """Select a node, zoomed in as far as it takes to be drawn."""
        level = node.depth - self.flame.zoom.depth
        seen = replace(self.flame, selected=node)
        levels, above = drawn(seen, self.size.width, self.size.height)
        row = level - above
        if 0 <= row < len(levels) and any(box.node is node for box in levels[row]):
            self._change(selected=node)
            return
        self._zooms.append((self.flame.zoom, self.flame.selected))
        self._change(zoom=node.parent or node, selected=node)
