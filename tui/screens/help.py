"""All keys and what the panels mean: on one screen where there is room, on two pages where there is not."""

from __future__ import annotations

from itertools import zip_longest
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys import GROUPS, KEYS, Key, explained, works

PANELS: Final = """\
load       closed loop: each connection sends when it has its answer. With a
           rate an open loop: requests are due, whatever the answers do
#1 #2      segments: stretches with unchanged settings, never blended;
           the rules through all charts are where the settings changed
CLIENT-    the load generator is the limit: these are not the figures of
BOUND      the service
latency    now: the last second. An open loop counts from when a request was
           due; service from when it was sent; lag: the generator was late
…N more    answers that are missing before this percentile means anything
spectro-   latency up, time across; a shade is a share of the column's
gram       answers: bands are modes, columns that reach up are stalls
ledger     a row an operating point; mark two (v), and it says what differs
charts     begin at 0, top is the label on the right; the newest second is
           on the right; times below are those of the run
gc         stop-the-world pauses of the target's collector; lost: it is
           known that they were, but not how long
errors     requests without an answer; unsent: due, no connection was free.
           failed: errors, and status 400 and up     cpu: 100 % is one core"""

COLUMN: Final = 38
WIDTH: Final = 2 * COLUMN
"""Of two columns of keys, and of what panels mean."""

ROOMY: Final = 3 * COLUMN + 4
"""Columns of a terminal that has room for three columns of keys."""
PRESSED: Final = 8
"""Columns for what is pressed; what needs more takes from the words' room."""


def key_page(keys: tuple[Key, ...] = KEYS, *, live: bool = True, columns: int = 2) -> str:
    """Return all keys in columns, under the headings of their groups."""
    flat: list[str] = []
    for group, heading in GROUPS.items():
        mine = [key for key in keys if key.group == group and works(key, live=live)]
        if mine:
            rows = [f"{pressed:<{PRESSED - 1}} {words}" for pressed, words in explained(mine)]
            flat += [heading.upper(), *rows]
    tall = -(-len(flat) // columns)
    sides: list[list[str]] = []
    while flat:
        # a heading must not be the last row of its column
        end = tall + (1 if len(flat) > tall and flat[tall - 1].isupper() else 0)
        sides.append(flat[:end])
        flat = flat[end:]
    rows = ["".join(f"{cell:<{COLUMN}}" for cell in row).rstrip() for row in zip_longest(*sides, fillvalue="")]
    return "\n".join(rows)


class HelpScreen(ModalScreen[None]):
    """A page of text, or two.

    Args:
        keys: The keys as they are mapped.
        live: Whether there is load to change.
    """

    CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > Vertical {
        width: auto; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        background: $surface; border: round $frame; border-title-color: $title; border-subtitle-color: $dim;
    }
    HelpScreen Static { background: $surface; color: $foreground; width: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "turn", "next page", id="help.turn"),
        Binding("escape,q,enter", "close", "close", id="help.close"),
    ]

    def __init__(self, keys: tuple[Key, ...] = KEYS, *, live: bool = True) -> None:
        super().__init__()
        self.keys = keys
        self.live = live
        self.page = 0

    def compose(self) -> ComposeResult:
        """Make the page."""
        with Vertical() as box:
            box.border_title = "loadtop: keys and panels"
            yield Static(self.text, markup=False)

    def on_mount(self) -> None:
        """Say what the keys of the page are."""
        self.show_page()

    def on_resize(self) -> None:
        """Show as much as there is room for, once the new size is in force."""
        self.call_after_refresh(self.show_page)

    @property
    def text(self) -> str:
        """What has room: all, or the page that was turned to."""
        return "\n\n".join(self.pages) if self.whole else self.pages[self.page]

    @property
    def pages(self) -> tuple[str, str]:
        """The keys, in as many columns as there is room for, and what the panels mean."""
        return key_page(self.keys, live=self.live, columns=3 if self.app.size.width >= ROOMY else 2), PANELS

    @property
    def whole(self) -> bool:
        """Whether both pages have room on one screen."""
        return sum(page.count("\n") + 1 for page in self.pages) + 3 <= self.app.size.height

    def show_page(self) -> None:
        """Write the page that is to be seen."""
        self.query_one(Static).update(self.text)
        last = self.whole or self.page == len(self.pages) - 1
        words = "esc closes" if last else "? again: what the panels mean; esc closes"
        self.query_one(Vertical).border_subtitle = words

    def action_turn(self) -> None:
        """Go to the other page, or close after the last."""
        if self.whole or self.page == len(self.pages) - 1:
            self.action_close()
            return
        self.page += 1
        self.show_page()

    def action_close(self) -> None:
        """Close the help; nothing else ends."""
        self.dismiss()
