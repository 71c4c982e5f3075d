"""What everything that is typed has in common: a question in a frame, a field, and escape."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

Answer = TypeVar("Answer")


class FieldPrompt(ModalScreen[Answer | None]):
    """A question and a field. None means it was cancelled; what enter does is a subclass's matter.

    Args:
        question: What is asked.
        hint: What stands in the empty field.
        keys: What enter and escape do, for the frame.
        says: Whether there is a row below that says what enter would do, or what is wrong.
    """

    SCOPED_CSS = False  # the rules are of this type's name, and have to hold for those that derive from it
    CSS = """
    FieldPrompt { align: center middle; background: $background 60%; }
    FieldPrompt > Vertical {
        width: 56; height: auto; max-width: 100%; padding: 0 1;
        background: $surface; border: round $frame; border-title-color: $title; border-subtitle-color: $dim;
    }
    FieldPrompt Static { background: $surface; color: $foreground; }
    FieldPrompt Input { border: none; height: 1; padding: 0; background: $surface; color: $foreground; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", id="prompt.cancel")]

    def __init__(self, question: str, hint: str, keys: str, *, says: bool = True) -> None:
        super().__init__()
        self.question = question
        self.hint = hint
        self._keys = keys
        self._says = says

    def compose(self) -> ComposeResult:
        """Make the question, the field, and the row below."""
        with Vertical() as box:
            box.border_title = self.question
            box.border_subtitle = self._keys
            field = Input(placeholder=self.hint, select_on_focus=False)
            field.cursor_blink = False
            yield field
            if self._says:
                yield Static(" ", id="outcome", markup=False)

    def on_key(self, event: events.Key) -> None:
        """Take letters that were typed before the field had the focus; from then on it keeps them to itself."""
        if event.is_printable and event.character is not None:
            self.query_one(Input).insert_text_at_cursor(event.character)

    def say(self, text: str) -> None:
        """Say something in the row below."""
        self.query_one("#outcome", Static).update(text or " ", layout=False)

    def action_cancel(self) -> None:
        """Hand nothing back."""
        self.dismiss(None)
