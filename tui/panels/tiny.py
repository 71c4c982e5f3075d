"""What is left where a terminal is too small for panels: the figures that cannot be done without."""

from __future__ import annotations

from typing import Final

from sessions.format import load_short
from tui.format import failures, fit, milliseconds, rate
from tui.panels.base import Panel, View
from tui.panels.line import Line, Tone

NEEDED: Final = (60, 16)
"""The smallest terminal that has room for panels."""


class Tiny(Panel):
    """A notice in the middle, with the main figures below it."""

    lively = True
    frameable = False

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the lines, centred both ways; the notice goes last where there are few rows."""
        snapshot = view.live
        figures = view.figures
        latency = snapshot.now.latency
        failed = failures(figures) if figures is not None else 0
        texts: list[tuple[str, Tone]] = [
            (f"{rate(snapshot.now.rps)} req/s   {load_short(snapshot.load)}", "strong"),
            (f"p50 {milliseconds(latency.p50)} ms   p99 {milliseconds(latency.p99)} ms", "text"),
            (f"{snapshot.state.value.upper()}{' FROZEN' if view.frozen else ''}   {failed} failed", "text"),
            ("? help   q quit", "dim"),
            (f"needs {NEEDED[0]}x{NEEDED[1]}, has {width + 2}x{height}", "dim"),
        ]
        if view.notice is not None:
            texts[-1] = view.notice
        shown = [(fit(text, width).center(max(0, width)), tone) for text, tone in texts[: max(1, height)]]
        above: list[Line] = [()] * ((height - len(shown)) // 2)
        return above + [(span,) for span in shown]
