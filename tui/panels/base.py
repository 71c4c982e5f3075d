"""What all panels share: the View they are given, and the painter that sends only what changed.

Textual's compositor has no cell diff: a dirty widget is emitted whole. So a panel keeps its rows, compares
them with the new ones, and asks for a repaint of just the cells from the first to the last that changed.
Textual emits such a part from the left edge of the widget on, which is why changing numbers stand left.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, ClassVar, TypeVar

from msgspec import Struct, field
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from engine.figures import SegmentFigures
from engine.snapshot import Snapshot
from tui.cost import NO_COST, Cost
from tui.keys import KEYS, Key
from tui.panels.glyphs import GLYPHS, Glyphs
from tui.panels.line import TONES, Line, Span, Tone, changed, cut, finished, framed, ruled
from tui.panels.timeline import Timeline, timeline

Value = TypeVar("Value")


class View(Struct, frozen=True):
    """What is on the screen.

    Attributes:
        live: The newest Snapshot, ten times a second; numbers are read from it.
        second: The Snapshot at the last turn of a second; charts and tables are drawn from it.
        glyphs: The characters of charts.
        framed: Whether panels have frames, which cost two rows and four columns.
        frozen: Whether the display is held while data keep flowing.
        controls: Whether there is load to control; False for a saved session.
        keys: The keys there are, as they are mapped.
        picked: The panel that `e` would show alone, or "".
        step_s: Seconds that a column of a chart stands for; 0 is for the charts to choose.
        selected: The segment that is selected in the ledger, or None.
        marked: Segments that are marked to be compared, at most two, in the order they were.
        cost: What the console itself costs.
        notice: What the footer says instead of the keys, and its tone.
        memo: What panels computed for `second`; a new one comes with the next second.
    """

    live: Snapshot
    second: Snapshot
    glyphs: Glyphs = GLYPHS["block"]
    framed: bool = True
    frozen: bool = False
    controls: bool = True
    keys: tuple[Key, ...] = KEYS
    picked: str = ""
    step_s: int = 0
    selected: int | None = None
    marked: tuple[int, ...] = ()
    cost: Cost = NO_COST
    notice: Span | None = None
    memo: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what `make` returned for this key since the last turn of a second."""
        if key not in self.memo:
            self.memo[key] = make()
        made: Value = self.memo[key]
        return made

    def time(self, width: int) -> Timeline:
        """Return the time axis of a chart of that width."""
        saved = bool(self.second.saved)
        return self.once(
            ("time", width), lambda: timeline(self.second.seconds, width, whole=saved, step_s=self.step_s)
        )

    @property
    def figures(self) -> SegmentFigures | None:
        """The current segment, or the last one where none is current."""
        snapshot = self.second
        return snapshot.segment or (snapshot.segments[-1] if snapshot.segments else None)

    @property
    def client_bound(self) -> bool:
        """Whether the generator, not the service, sets these figures."""
        figures = self.figures
        return figures is not None and figures.client.verdict == "client-bound"


class Panel(Widget):
    """A widget of one-line rows. Subclasses say what is in the rows; this class paints what changed."""

    DEFAULT_CSS = "Panel { background: $background; }"

    title: ClassVar[str] = ""
    lively: ClassVar[bool] = False
    """Whether it changes between the turns of a second."""
    frameable: ClassVar[bool] = True
    tabular: ClassVar[bool] = False
    """Whether its first row holds the heads of columns; without a frame they share a row with the title."""

    def __init__(self) -> None:
        super().__init__(id=self.title or type(self).__name__.lower())
        self._view: View | None = None
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._styles: dict[Tone, Style] = {}
        self._background: Color | None = None

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return what is in the panel; rows past `height` are not shown. Reads nothing but its arguments."""
        raise NotImplementedError

    def note(self, view: View) -> Span:
        """Return what stands at the right of the title, and its tone."""
        return "", "dim"

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        """Return exactly `height` lines of exactly `width` cells, as they are painted."""
        title = f"▸ {self.title}" if view.picked == self.title != "" else self.title
        if view.framed and self.frameable:
            inner = self.rows(view, width - 4, height - 2)[: height - 2]
            inner += [()] * (height - 2 - len(inner))
            note, tone = self.note(view)
            drawn = framed(inner, title, note, width, tone)
        else:
            inner = self.rows(view, width - 2, height)[:height]
            if self.tabular and inner:
                heads = "".join(text for text, _ in inner[0])
                inner[0] = ruled(title, heads, width - 2)
            drawn = [((" ", "text"), *line) for line in inner]
            drawn += [()] * (height - len(drawn))
        return [finished(tuple(line), width, view.glyphs) for line in drawn]

    def show(self, view: View) -> None:
        """Take a new View and repaint the cells that differ."""
        self._view = view
        width, height = self.size
        if not width or not height:
            return
        lines = self.lines(view, width, height)
        if len(lines) != len(self._lines):
            self._lines = lines
            self._strips.clear()
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(self._lines, lines, strict=True)):
            span = changed(old, new)
            if span is not None:
                self._strips.pop(y, None)
                self.refresh(Region(span[0], y, span[1] - span[0], 1))
        self._lines = lines

    def render_line(self, y: int) -> Strip:
        """Return a row as Textual wants it; drawn once, until it changes."""
        if y not in self._strips:
            spans = self._lines[y] if y < len(self._lines) else ()
            segments = [Segment(text, self._style(tone)) for text, tone in cut(spans, self.size.width) if text]
            self._strips[y] = Strip(segments, self.size.width)
        return self._strips[y]

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return rows as they are, past Textual's styles: a panel has no border, padding or opacity.

        Those took a third of the console's CPU.
        """
        strips = [self.render_line(y) for y in crop.line_range]
        filters = self.get_line_filters()
        if filters:
            if self._background is None:
                self._background = self.background_colors[1]
            for one in filters:
                strips = [strip.apply_filter(one, self._background) for strip in strips]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def on_resize(self) -> None:
        """Draw anew at once: the size is known before the next tick comes."""
        self._lines = []
        self._strips.clear()
        if self._view is not None:
            self.show(self._view)

    def notify_style_update(self) -> None:
        """Forget painted rows: they carry the colours of the theme."""
        super().notify_style_update()
        self._strips.clear()
        self._styles.clear()
        self._background = None

    def _style(self, tone: Tone) -> Style:
        if tone not in self._styles:
            variable, attributes = TONES[tone]
            variables = self.app.theme_variables
            self._styles[tone] = Style(
                color=Color.parse(variables[variable]).rich_color,
                bgcolor=Color.parse(variables["background"]).rich_color,
                bold="bold" in attributes,
                reverse="reverse" in attributes,
            )
        return self._styles[tone]
