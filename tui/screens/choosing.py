"""Keys of the ledger: a row is selected, two are compared, one is copied."""

from __future__ import annotations

from collections.abc import Iterable

from engine.figures import SegmentFigures
from sessions.format import segment_name
from tui.feed import Feed
from tui.panels.comparison import MARKS, difference, reservations
from tui.panels.ledger import as_text
from tui.screens.acting import Acting


class Choosing(Acting):
    """Selects, marks and copies rows of the ledger."""

    def __init__(self, feed: Feed, notices: Iterable[str]) -> None:
        super().__init__(feed, notices)
        self.selected: int | None = None
        self.marked: tuple[int, ...] = ()

    def action_select(self, by: int) -> None:
        """Go to the next older row (1), or the next newer (-1); past the ends there is none selected."""
        rows = sorted((row.index for row in self.shown_segments()), reverse=True)
        if not rows:
            self.notify_user("there is no row to select yet", "dim")
            return
        at = rows.index(self.selected) + by if self.selected in rows else (0 if by > 0 else len(rows) - 1)
        self.selected = rows[at] if 0 <= at < len(rows) else None
        self.show_anew()

    def action_compare(self) -> None:
        """Mark the selected row, or take its mark away; of two marked rows the ledger says how they differ."""
        row = self._row()
        if row is None:
            return
        if row.index in self.marked:
            self.marked = tuple(index for index in self.marked if index != row.index)
        else:
            self.marked = (*self.marked[-(len(MARKS) - 1) :], row.index)
        rows = {one.index: one for one in self.shown_segments()}
        pair = [rows[index] for index in self.marked]
        if len(pair) == len(MARKS):
            self.notify_user(" - ".join(filter(None, (difference(*pair), reservations(*pair)))))
        elif pair:
            self.notify_user(f"marked {segment_name(pair[0].index)}; select another row and mark it too", "dim")
        else:
            self.notify_user("no row is marked", "dim")
        self.show_anew()

    def action_copy(self) -> None:
        """Copy the selected row, or else the newest, with its heads: the terminal keeps it (OSC 52)."""
        row = self._row()
        if row is not None:
            self.app.copy_to_clipboard(as_text(row))
            self.notify_user(
                f"copied {segment_name(row.index)} to the terminal's clipboard, if it allows that", "dim"
            )

    def shown_segments(self) -> list[SegmentFigures]:
        """Return the rows that are on the screen."""
        snapshot = self.frozen or self.feed.latest()
        return list(snapshot.segments)

    def _row(self) -> SegmentFigures | None:
        rows = {row.index: row for row in self.shown_segments()}
        if not rows:
            self.notify_user("there is no row yet", "dim")
            return None
        return rows[self.selected if self.selected in rows else max(rows)]
