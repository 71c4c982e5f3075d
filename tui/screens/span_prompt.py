"""Typing how long something is to take; nothing typed is what is usual."""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import Input

from engine.errors import UsageError
from engine.plan import parse_duration
from tui.screens.field import FieldPrompt


class SpanPrompt(FieldPrompt[float]):
    """Asks for a time in seconds. None means it was cancelled.

    Args:
        title: The question.
        usual: What an empty field means.
        check: Raises UsageError where a time cannot be had.
    """

    CSS = FieldPrompt.CSS + "SpanPrompt > Vertical { width: 60; }"

    def __init__(self, title: str, usual: float, check: Callable[[float], object]) -> None:
        super().__init__(title, f"{usual:g} seconds; the run goes on meanwhile", "enter begins, esc leaves it")
        self.usual = usual
        self.check = check

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong while it is typed."""
        self.say(self._complaint(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand back the time, if it can be had."""
        complaint = self._complaint(event.value)
        if complaint:
            self.say(complaint)
        else:
            self.dismiss(self._read(event.value))

    def _read(self, text: str) -> float:
        return parse_duration(text) if text.strip() else self.usual

    def _complaint(self, text: str) -> str:
        try:
            self.check(self._read(text))
        except UsageError as refusal:
            return str(refusal)
        return ""
