"""Typing an exact load: old and new side by side before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from engine.errors import UsageError
from engine.plan import Load
from sessions.format import change_words

Read: TypeAlias = Callable[[str], Load]
"""Makes a load of what was typed, or raises UsageError."""


class LoadPrompt(ModalScreen[Load | None]):
    """Asks for a number that makes another load. None means it was cancelled.

    Args:
        load: The load as it is.
        title: The question.
        hint: What stands in the empty field.
        read: What becomes of the answer.
    """

    CSS = """
    LoadPrompt { align: center middle; background: $background 60%; }
    LoadPrompt > Vertical {
        width: 56; height: auto; max-width: 100%; padding: 0 1;
        background: $surface; border: round $frame; border-title-color: $title; border-subtitle-color: $dim;
    }
    LoadPrompt Static { background: $surface; color: $foreground; }
    LoadPrompt Input { border: none; height: 1; padding: 0; background: $surface; color: $foreground; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", id="prompt.cancel")]

    def __init__(self, load: Load, title: str, hint: str, read: Read) -> None:
        super().__init__()
        self.load = load
        self.question = title
        self.hint = hint
        self.read = read

    def compose(self) -> ComposeResult:
        """Make the question, the field, and the row that says what will happen."""
        with Vertical() as box:
            box.border_title = self.question
            box.border_subtitle = "enter sets it, esc leaves it as it is"
            field = Input(placeholder=self.hint, id="amount")
            field.cursor_blink = False
            yield field
            yield Static(" ", id="outcome", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what enter would do."""
        words = " "
        if event.value.strip():
            try:
                words = change_words(self.load, self.read(event.value))
            except UsageError as refusal:
                words = str(refusal)
        self.query_one("#outcome", Static).update(words, layout=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand back the load, if it is one."""
        try:
            self.dismiss(self.read(event.value))
        except UsageError as refusal:
            self.query_one("#outcome", Static).update(str(refusal), layout=False)

    def action_cancel(self) -> None:
        """Leave the load as it is."""
        self.dismiss(None)
