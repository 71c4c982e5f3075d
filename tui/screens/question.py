"""Asks for a line of text."""

from __future__ import annotations

from textual.widgets import Input

from tui.screens.field import FieldPrompt


class Question(FieldPrompt[str]):
    """A question and a field; None means it was cancelled.

    Args:
        question: What is asked.
        hint: What stands in the empty field.
    """

    def __init__(self, question: str, hint: str) -> None:
        super().__init__(question, hint, "enter takes it, esc leaves", says=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the text back."""
        self.dismiss(event.value.strip())
