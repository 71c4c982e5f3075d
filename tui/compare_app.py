"""The Textual application around the screen of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from sessions.compare.model import Comparison
from themes import load_themes, variable_defaults
from tui.screens.compare import CompareScreen
from tui.theming import adopt, first


class CompareApp(App[None]):
    """Shows a comparison.

    Args:
        comparison: The comparison.
        theme: Name of the theme to begin with, or None for the default.
        themes_dir: Where a user's own themes are.
    """

    TITLE = "loadtop compare"
    ENABLE_COMMAND_PALETTE = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "quit", id="compare.interrupt", priority=True),
        Binding("t", "theme", "next theme", id="compare.theme"),
    ]

    def __init__(
        self, comparison: Comparison, *, theme: str | None = None, themes_dir: Path | None = None
    ) -> None:
        self._themes, complaints = load_themes(themes_dir)
        super().__init__()
        self.animation_level = "none"
        adopt(self, self._themes)
        self.theme, unknown = first(theme, self._themes, no_color=self.no_color)
        self._comparison = comparison
        self._complaints = [*complaints, *unknown]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return our variables, so that style sheets parse whatever theme is active."""
        return variable_defaults()

    def get_default_screen(self) -> Screen[None]:
        """Return the comparison."""
        return CompareScreen(self._comparison)

    def on_mount(self) -> None:
        """Say what is wrong with themes."""
        for complaint in self._complaints:
            self.notify(complaint, severity="warning", markup=False)

    def action_theme(self) -> None:
        """Go to the next theme."""
        names = list(self._themes)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
