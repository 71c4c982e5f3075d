"""Asks for a line of text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input


class Question(ModalScreen[str | None]):
    """A question and a field; None means it was cancelled.

    Args:
        question: What is asked.
        hint: What stands in the empty field.
    """

    CSS = """
    Question { align: center middle; background: $background 60%; }
    Question > Vertical {
        width: 56; height: auto; max-width: 100%; padding: 0 1;
        background: $surface; border: round $frame; border-title-color: $title; border-subtitle-color: $dim;
    }
    Question Input { border: none; height: 1; padding: 0; background: $surface; color: $foreground; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", id="question.cancel")]

    def __init__(self, question: str, hint: str) -> None:
        super().__init__()
        self.question = question
        self.hint = hint

    def compose(self) -> ComposeResult:
        """Make the question and its field."""
        with Vertical() as box:
            box.border_title = self.question
            box.border_subtitle = "enter takes it, esc leaves"
            field = Input(placeholder=self.hint)
            field.cursor_blink = False
            yield field

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the text back."""
        self.dismiss(event.value.strip())

    def action_cancel(self) -> None:
        """Hand nothing back."""
        self.dismiss(None)
