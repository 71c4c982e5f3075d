"""A screen that is one picture: painted as panels are, only where it changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tui.panels.base import Panel, View
from tui.panels.line import Line, cut, merged

Draw: TypeAlias = Callable[[int, int], list[Line]]
"""Makes the lines of a screen of so many columns and rows."""


class Canvas(Panel):
    """Paints what a function draws.

    Args:
        draw: The function.
    """

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self._draw = draw

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        """Return exactly `height` lines of exactly `width` cells."""
        drawn = self._draw(width, height)[:height]
        drawn += [()] * (height - len(drawn))
        return [merged(cut(line, width), view.glyphs) for line in drawn]
