"""The last row: the keys that are needed most, or what there is to say."""

from __future__ import annotations

from typing import Final

from tui.format import clean, fit
from tui.panels.base import Panel, View
from tui.panels.line import Line
from tui.panels.status import fitting

KEYS: Final = (
    # key, word, rank by which it goes where there is no room (high goes first)
    ("+ -", "load", 2),
    ("c", "conns", 5),
    ("r", "rate", 6),
    ("space", "pause", 3),
    ("f", "freeze", 4),
    ("S", "save", 7),
    ("t", "theme", 8),
    ("?", "help", 0),
    ("q", "quit", 1),
)
LOAD_KEYS: Final = frozenset({"+ -", "c", "r", "space", "f"})
"""Keys that mean nothing in a saved session."""


class Footer(Panel):
    """Keys, or a notice instead of them."""

    frameable = False
    lively = True

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the one row."""
        if view.notice is not None:
            text, tone = view.notice
            return [((fit(clean(text), width), tone),)]
        gap = "  " if width < 90 else "   "
        keys = [key for key in KEYS if view.controls or key[0] not in LOAD_KEYS]
        while len(gap.join(f"{key} {word}" for key, word, _ in keys)) > width and len(keys) > 1:
            keys.remove(max(keys, key=lambda key: key[2]))
        parts: list[Line] = []
        for key, word, _ in keys:
            word = "resume" if key == "space" and view.live.state == "paused" else word
            word = "thaw" if key == "f" and view.frozen else word
            parts.append(((key, "strong"), (f" {word}", "dim")))
        return [fitting(parts, width, gap)]
