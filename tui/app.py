"""The Textual application: themes, the keys that work everywhere, the way out.

Start it with `tui.console.run_console`, which prepares the environment before Textual is imported.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen

from themes import load_themes, variable_defaults
from tui.feed import Feed
from tui.keys import KEYS, Key, bindings, works
from tui.panels.glyphs import GLYPHS, Graph
from tui.remembered import recall
from tui.screens.help import HelpScreen
from tui.screens.run import RunScreen
from tui.theming import adopt, first

LEAST_FPS: Final = 1
MOST_FPS: Final = 30


class ConsoleApp(App[None]):
    """Paints what a feed publishes, and posts what the keys ask for.

    Args:
        feed: The run, or a saved session.
        theme: Name of the theme to begin with, or None for the default.
        fps: How often numbers are looked at, a second; None for `tui.calm`. Charts move once a second.
        graph: Characters of the charts.
        notices: What to say in the last row at the start, one after the other.
        themes_dir: Where a user's own themes are.
        folder: Where sessions are kept, or None for the user's data folder.
        choosing: Whether to begin with the list of sessions.
        keys: The keys, as they are mapped.
        pictures: The folder that pictures of the screen are saved in; None where there is none.
        remembered_in: The file of what stays from one start to the next; None to forget it.
    """

    TITLE = "loadtop"
    COMMAND_PALETTE_BINDING = "colon"

    CSS = """
    SearchIcon { display: none; }  /* an emoji, two cells wide in some fonts */
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(of_the_app=True)

    def __init__(
        self,
        feed: Feed,
        *,
        theme: str | None = None,
        fps: int | None = None,
        graph: Graph = "block",
        notices: Sequence[str] = (),
        themes_dir: Path | None = None,
        folder: Path | None = None,
        choosing: bool = False,
        keys: tuple[Key, ...] = KEYS,
        pictures: Path | None = None,
        remembered_in: Path | None = None,
    ) -> None:
        self._themes, complaints = load_themes(themes_dir)
        super().__init__()
        self.animation_level = "none"
        self._bare = NoColor()
        adopt(self, self._themes)
        remembered = recall(remembered_in)
        self.theme, unknown = first(theme, self._themes, no_color=self.no_color, remembered=remembered.theme)
        said = [*notices, *complaints, *unknown]
        self.feed = feed
        self.keys = keys
        self.set_keymap({key.id: key.keys for key in keys})
        fps = None if fps is None else max(LEAST_FPS, min(MOST_FPS, fps))
        self.run_screen = RunScreen(feed, GLYPHS[graph], fps, said, keys)
        self.run_screen.remembered = remembered
        self.run_screen.remembered_in = remembered_in
        self.run_screen.pictures = pictures
        self.run_screen.folder = folder or self.run_screen.folder
        self._choosing = choosing

    def on_mount(self) -> None:
        """Begin with the list of sessions, where none was named."""
        if self._choosing:
            self.run_screen.action_other()

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
        for key in self.keys:
            if key.palette and works(key, live=self.feed.live):
                yield SystemCommand(key.title, f"{key.shown}   {key.help}", self.doing(key))
        for name in self._themes:
            yield SystemCommand(f"theme: {name}", "use this theme", partial(self.use_theme, name))

    def doing(self, key: Key) -> Callable[[], Awaitable[bool]]:
        """Return what does what the key does."""
        namespace = self if key.of_the_app else self.run_screen
        return partial(self.run_action, key.action, default_namespace=namespace)

    def use_theme(self, name: str) -> None:
        """Change the theme and say its name."""
        self.theme = name
        self.run_screen.remember(theme=name)
        self.run_screen.notify_user(f"theme {name}", "dim")

    def action_theme(self, by: int) -> None:
        """Go to the next theme, or with -1 to the one before."""
        names = list(self._themes)
        self.use_theme(names[(names.index(self.theme) + by) % len(names)])

    def action_help(self) -> None:
        """Open the help."""
        self.push_screen(HelpScreen(self.keys, live=self.feed.live))

    def action_leave(self) -> None:
        """Leave, as `q` does."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.run_screen.leave()

    async def action_quit(self) -> None:
        """Stop the run and leave when it is drained; the second time, at once."""
        self.action_leave()
