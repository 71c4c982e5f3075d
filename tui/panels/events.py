"""What happened to the run, the newest first."""

from __future__ import annotations

from typing import Final

from sessions.format import clock
from tui.format import event_words, join_fitting, wrapped
from tui.panels.base import Panel, View
from tui.panels.line import Line, Span, Tone

ALARMING: Final = frozenset({"worker-lost", "target-restarted", "probe-gap", "failed", "shifted", "drifting"})
"""Kinds of events that a person must look at; `start`, `load`, `settled`, `end` are none."""
TIME: Final = 8


class Events(Panel):
    """A row for each event, or as many as fit side by side in one."""

    title = "events"

    def note(self, view: View) -> Span:
        """Return how many there were."""
        number = len(view.second.events)
        return (f"{number}, newest first" if number else ""), "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the newest events."""
        events = list(reversed(view.second.events))[: max(height, 8)]
        if height == 1:
            words = join_fitting((f"{clock(event.at_s)} {event_words(event)}" for event in events), width - 7)
            return [(("events ", "title"), (words or "none yet", "dim"))]
        if not events:
            return [(("none yet", "dim"),)]
        lines: list[Line] = []
        for event in events[:height]:
            tone: Tone = "warn" if event.kind in ALARMING else "text"
            times = [clock(event.at_s).ljust(TIME), " " * TIME]
            for index, words in enumerate(wrapped(event_words(event), width - TIME)):
                lines.append(((times[min(index, 1)], "dim"), (words, tone)))
        return lines
