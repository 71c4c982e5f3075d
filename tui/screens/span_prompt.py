"""Typing how long something is to take; nothing typed is what is usual."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from engine.errors import UsageError
from engine.plan import parse_duration


class SpanPrompt(ModalScreen[float | None]):
    """Asks for a time in seconds. None means it was cancelled.

    Args:
        title: The question.
        usual: What an empty field means.
        check: Raises UsageError where a time cannot be had.
    """

    CSS = """
    SpanPrompt { align: center middle; background: $background 60%; }
    SpanPrompt > Vertical {
        width: 60; height: auto; max-width: 100%; padding: 0 1;
        background: $surface; border: round $frame; border-title-color: $title; border-subtitle-color: $dim;
    }
    SpanPrompt Static { background: $surface; color: $foreground; }
    SpanPrompt Input { border: none; height: 1; padding: 0; background: $surface; color: $foreground; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", id="span.cancel")]

    def __init__(self, title: str, usual: float, check: Callable[[float], object]) -> None:
        super().__init__()
        self.question = title
        self.usual = usual
        self.check = check

    def compose(self) -> ComposeResult:
        """Make the question, the field, and the row that says what is wrong with the answer."""
        with Vertical() as box:
            box.border_title = self.question
            box.border_subtitle = "enter begins, esc leaves it"
            field = Input(placeholder=f"{self.usual:g} seconds; the run goes on meanwhile")
            field.cursor_blink = False
            yield field
            yield Static(" ", id="outcome", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong while it is typed."""
        self._say(self._complaint(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand back the time, if it can be had."""
        complaint = self._complaint(event.value)
        if complaint:
            self._say(complaint)
        else:
            self.dismiss(self._read(event.value))

    def action_cancel(self) -> None:
        """Leave it."""
        self.dismiss(None)

    def _read(self, text: str) -> float:
        return parse_duration(text) if text.strip() else self.usual

    def _complaint(self, text: str) -> str:
        try:
            self.check(self._read(text))
        except UsageError as refusal:
            return str(refusal)
        return ""

    def _say(self, text: str) -> None:
        self.query_one("#outcome", Static).update(text or " ", layout=False)
