"""Keys that bring another session onto the screen: behind the one that is shown, or instead of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from engine.snapshot import Snapshot
from sessions import store
from sessions.ghost import Overlay, ghost_of
from tui.feed import Feed
from tui.feeds import SavedFeed
from tui.screens.acting import Acting
from tui.screens.sessions import SessionsScreen


class Overlaying(Acting):
    """A ghost behind the charts, and the list of sessions to choose it from.

    Attributes:
        folder: Where sessions are.
    """

    def __init__(self, feed: Feed, notices: Iterable[str]) -> None:
        super().__init__(feed, notices)
        self.folder: Path = store.default_folder()
        self._overlay: Overlay | None = None

    def overlaid(self, snapshot: Snapshot) -> Snapshot:
        """Return the Snapshot with the ghost behind it, if there is one."""
        return replace(snapshot, ghost=ghost_of(self._overlay, snapshot)) if self._overlay else snapshot

    def action_overlay(self) -> None:
        """Choose a session to see behind this one; then begin both at a segment; then take it away."""
        if self._overlay is None:
            self.app.push_screen(SessionsScreen(self.folder, "which session behind this one?"), self._chosen)
        elif self._overlay.alignment == "run":
            self._overlay = replace(self._overlay, alignment="segment")
            self._told("both begin with their segment; o again takes it away")
        else:
            self._overlay = None
            self._told("nothing is behind this session any more")

    def action_other(self) -> None:
        """Choose another session to open."""
        self.app.push_screen(SessionsScreen(self.folder, "which session?"), self._opened)

    def _chosen(self, path: Path | None) -> None:
        if path is not None and self.tried(lambda: self._lay_over(path)):
            self._told(f"{path.stem} is behind; o begins both with their segment")

    def _lay_over(self, path: Path) -> None:
        self._overlay = Overlay(path.stem, store.load(path))

    def _opened(self, path: Path | None) -> None:
        if path is not None and self.tried(lambda: self._show_list(path)):
            self.show_anew()

    def _show_list(self, path: Path) -> None:
        self.feed = SavedFeed(store.load(path), path.name)

    def _told(self, text: str) -> None:
        self.show_anew()
        self.notify_user(text)
