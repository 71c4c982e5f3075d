"""Starts the screen of `loadtop compare --console`. It only shows; nothing runs behind it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tui.console import prepare

if TYPE_CHECKING:
    from sessions.compare.model import Comparison


def show_comparison(
    comparison: Comparison, *, theme: str | None, mouse: bool, themes_dir: Path | None = None
) -> None:
    """Show a comparison on the terminal until the user leaves.

    Args:
        comparison: The comparison.
        theme: Name of the theme, or None for the default.
        mouse: Whether Textual may ask the terminal for the mouse.
        themes_dir: Where a user's own themes are.
    """
    prepare(os.environ)
    from tui.compare_app import CompareApp  # Textual reads its environment when it is first imported

    CompareApp(comparison, theme=theme, themes_dir=themes_dir).run(mouse=mouse)
