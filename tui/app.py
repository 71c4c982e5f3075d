"""The Textual application: themes, the keys that work everywhere, the way out.

Start it with `tui.console.run_console`, which prepares the environment before Textual is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Final

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen

from themes import DEFAULT_THEME, load_themes, variable_defaults
from tui.feed import Feed
from tui.panels.glyphs import GLYPHS, Graph
from tui.screens.help import HelpScreen
from tui.screens.run import RunScreen

LEAST_FPS: Final = 1
MOST_FPS: Final = 30

COLORLESS_THEME: Final = "ansi"
"""The theme under NO_COLOR: of the others Textual makes greys, which are colours to a terminal."""


class ConsoleApp(App[None]):
    """Paints what a feed publishes, and posts what the keys ask for.

    Args:
        feed: The run, or a saved session.
        theme: Name of the theme to begin with, or None for the default.
        fps: How often numbers are looked at, a second; charts move once a second.
        graph: Characters of the charts.
        notices: What to say in the last row at the start, one after the other.
        themes_dir: Where a user's own themes are.
    """

    TITLE = "loadtop"
    COMMAND_PALETTE_BINDING = "colon"

    CSS = """
    SearchIcon { display: none; }  /* an emoji, two cells wide in some fonts */
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit", id="app.quit"),
        # a terminal's habits: ctrl+c must never be swallowed, whatever has the focus
        Binding("ctrl+c,ctrl+q", "quit", "quit", id="app.interrupt", priority=True),
        Binding("question_mark,f1", "help", "help", id="app.help"),
        Binding("colon,ctrl+p", "command_palette", "all commands", id="app.commands"),
        Binding("t", "theme(1)", "next theme", id="app.theme.next"),
        Binding("T", "theme(-1)", "previous theme", id="app.theme.previous"),
        Binding("ctrl+z", "suspend_process", "suspend", id="app.suspend"),
    ]

    def __init__(
        self,
        feed: Feed,
        *,
        theme: str | None = None,
        fps: int = 10,
        graph: Graph = "block",
        notices: Sequence[str] = (),
        themes_dir: Path | None = None,
    ) -> None:
        self._themes, complaints = load_themes(themes_dir)
        super().__init__()
        self.animation_level = "none"
        self._bare = NoColor()
        said = [*notices, *complaints]
        # Textual's own themes do not know our charts' colours, and some would be illegible with the defaults
        for builtin in list(self.available_themes):
            if builtin not in self._themes:
                self.unregister_theme(builtin)
        for known in self._themes.values():
            self.register_theme(known)
        if theme is not None and theme not in self._themes:
            said.append(f"theme '{theme}' is not known; there are {', '.join(sorted(self._themes))}")
            theme = None
        self.theme = theme or (COLORLESS_THEME if self.no_color else DEFAULT_THEME)
        self.feed = feed
        self.run_screen = RunScreen(feed, GLYPHS[graph], max(LEAST_FPS, min(MOST_FPS, fps)), said)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our variables, so that style sheets parse whatever theme is active."""
        return variable_defaults()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of what is painted; Textual picks those of NO_COLOR before it knows the theme."""
        filters = super().get_line_filters()
        if not (self.no_color and self.native_ansi_color):
            return filters
        return [self._bare if isinstance(one, Monochrome) else one for one in filters]

    def get_default_screen(self) -> Screen[None]:
        """Return the run screen."""
        return self.run_screen

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Return the commands of the palette."""
        run = self.run_screen
        if self.feed.live:
            yield SystemCommand("Load: connections", "Type how many there are", run.action_connections)
            yield SystemCommand("Load: rate", "Type requests a second: an open loop", run.action_rate)
            yield SystemCommand(
                "Load: pause or resume", "Hold the load back, or let it go on", run.action_pause
            )
            yield SystemCommand("Display: freeze or thaw", "Data keep flowing", run.action_freeze)
        yield SystemCommand("Save the session", "Write it now, and say where", run.action_save)
        for name in self._themes:
            yield SystemCommand(f"Theme: {name}", "Use this theme", lambda name=name: self.use_theme(name))
        yield SystemCommand("Picture", "Save this screen as an SVG picture", self.action_picture)
        yield SystemCommand("Help", "All keys, and what the panels mean", self.action_help)
        yield SystemCommand("Quit", "Stop the load and leave", self.action_leave)

    def use_theme(self, name: str) -> None:
        """Change the theme and say its name."""
        self.theme = name
        self.run_screen.notify_user(f"theme {name}", "dim")

    def action_theme(self, by: int) -> None:
        """Go to the next theme, or with -1 to the one before."""
        names = list(self._themes)
        self.use_theme(names[(names.index(self.theme) + by) % len(names)])

    def action_help(self) -> None:
        """Open the help."""
        self.push_screen(HelpScreen())

    def action_picture(self) -> None:
        """Save the screen as a picture, once the palette is gone from it."""
        self.set_timer(0.1, self.deliver_screenshot)

    def action_leave(self) -> None:
        """Leave, as `q` does."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.run_screen.leave()

    async def action_quit(self) -> None:
        """Stop the run and leave when it is drained; the second time, at once."""
        self.action_leave()
