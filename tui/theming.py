"""An application's themes: ours instead of Textual's, and which one to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from textual.app import App
from textual.theme import Theme

from themes import DEFAULT_THEME

COLORLESS_THEME: Final = "ansi"
"""The theme under NO_COLOR: of the others Textual makes greys, which are colours to a terminal."""


def adopt(app: App[Any], themes: Mapping[str, Theme]) -> None:
    """Register our themes in place of Textual's own.

    Those do not know our charts' colours, and some would be illegible with the defaults.
    """
    for builtin in list(app.available_themes):
        if builtin not in themes:
            app.unregister_theme(builtin)
    for known in themes.values():
        app.register_theme(known)


def first(
    wanted: str | None, themes: Mapping[str, Theme], *, no_color: bool, remembered: str | None = None
) -> tuple[str, list[str]]:
    """Return the theme to begin with, and what is wrong with the one that was asked for.

    Args:
        wanted: The one that was asked for, if any.
        themes: Those that there are, by name.
        no_color: Whether there are to be no colours.
        remembered: The one that was used last, if any; it matters where none was asked for.
    """
    complaints: list[str] = []
    if wanted is not None and wanted not in themes:
        complaints.append(f"theme '{wanted}' is not known; there are {', '.join(sorted(themes))}")
        wanted = None
    if wanted is None and remembered in themes and not no_color:
        wanted = remembered
    return wanted or (COLORLESS_THEME if no_color else DEFAULT_THEME), complaints
