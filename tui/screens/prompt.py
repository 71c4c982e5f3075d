"""Typing an exact load: old and new side by side before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from textual.widgets import Input

from engine.errors import UsageError
from engine.plan import Load
from sessions.format import change_words
from tui.screens.field import FieldPrompt

Read: TypeAlias = Callable[[str], Load]
"""Makes a load of what was typed, or raises UsageError."""


class LoadPrompt(FieldPrompt[Load]):
    """Asks for a number that makes another load. None means it was cancelled.

    Args:
        load: The load as it is.
        title: The question.
        hint: What stands in the empty field.
        read: What becomes of the answer.
    """

    def __init__(self, load: Load, title: str, hint: str, read: Read) -> None:
        super().__init__(title, hint, "enter sets it, esc leaves it as it is")
        self.load = load
        self.read = read

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what enter would do."""
        words = ""
        if event.value.strip():
            try:
                words = change_words(self.load, self.read(event.value))
            except UsageError as refusal:
                words = str(refusal)
        self.say(words)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand back the load, if it is one."""
        try:
            self.dismiss(self.read(event.value))
        except UsageError as refusal:
            self.say(str(refusal))
