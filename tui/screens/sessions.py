"""The list of saved sessions, to choose one from."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import LoadtopError
from sessions import store
from sessions.listing import lines_of
from sessions.store import Row


class SessionsScreen(ModalScreen[Path | None]):
    """A table; enter takes a row, escape none.

    Args:
        folder: Where the sessions are.
        question: What one is chosen for.
    """

    CSS = """
    SessionsScreen { align: center middle; background: $background 60%; }
    SessionsScreen > Vertical {
        width: 100%; height: auto; max-height: 100%; padding: 0 1;
        background: $surface; border: round $frame; border-title-color: $title; border-subtitle-color: $dim;
    }
    SessionsScreen Static { background: $surface; color: $dim; }
    SessionsScreen OptionList {
        border: none; height: auto; max-height: 100%; padding: 0; background: $surface; color: $foreground;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "cancel", id="sessions.cancel"),
        Binding("j", "down", "down", id="sessions.down"),
        Binding("k", "up", "up", id="sessions.up"),
    ]

    def __init__(self, folder: Path, question: str) -> None:
        super().__init__()
        self.folder = folder
        self.question = question
        self._paths: list[Path] = []

    def compose(self) -> ComposeResult:
        """Make the frame; rows come when they are read."""
        with Vertical() as box:
            box.border_title = self.question
            box.border_subtitle = "enter takes it, esc leaves"
            yield Static("reading ...", id="heads", markup=False)
            yield OptionList(id="rows", markup=False)

    def on_mount(self) -> None:
        """Read the sessions beside the console: there may be many."""
        self.run_worker(self._read, thread=True)

    def _read(self) -> None:
        try:
            rows = [row for row in store.list_sessions(self.folder) if row.summary is not None]
            said = "" if rows else f"no sessions in '{self.folder}' yet"
        except LoadtopError as error:
            rows, said = [], str(error)
        self.app.call_from_thread(self._show, rows, said)

    def _show(self, rows: list[Row], said: str) -> None:
        heads, lines = lines_of(rows, width=max(20, self.size.width - 6))
        self._paths = [row.path for row in rows]
        self.query_one("#heads", Static).update(said or heads)
        table = self.query_one("#rows", OptionList)
        table.add_options([Option(Content(line)) for line in lines])
        table.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Hand the session back."""
        self.dismiss(self._paths[event.option_index])

    def action_down(self) -> None:
        """Go a row down."""
        self.query_one("#rows", OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Go a row up."""
        self.query_one("#rows", OptionList).action_cursor_up()

    def action_cancel(self) -> None:
        """Hand nothing back."""
        self.dismiss(None)
