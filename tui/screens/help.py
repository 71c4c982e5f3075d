"""All keys and what the panels mean, on one screen of 80x24."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

TEXT: Final = """\
+ =  load +10 %     up    load +1    }  load x2    c  type connections
- _  load -10 %     down  load -1    {  load /2    r  type a rate; 0: none
space  pause, resume load            S  save session now    t T  theme
f    freeze the display, data keep flowing   :  commands   ?  help, esc ends
q    stop, wait for answers, leave; again: at once           ctrl+z  suspend

load       closed loop: each connection sends when it has its answer. With a
           rate an open loop: requests are due, whatever the answers do
#1 #2      segments: stretches with unchanged settings, never blended;
           the rules through all charts are where the settings changed
CLIENT-    the load generator is the limit: these are not the figures of
BOUND      the service
latency    now: the last second. An open loop counts from when a request was
           due; service from when it was sent; lag: the generator was late
…N more    answers that are missing before this percentile means anything
charts     begin at 0, top is the label on the right; the newest second is
           on the right; times below are those of the run
gc         stop-the-world pauses of the target's collector; lost: it is
           known that they were, but not how long
errors     requests without an answer; unsent: due, no connection was free.
           failed: errors, and status 400 and up     cpu: 100 % is one core"""


class HelpScreen(ModalScreen[None]):
    """A page of text."""

    CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > Vertical {
        width: 80; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        background: $surface; border: round $frame; border-title-color: $title;
    }
    HelpScreen Static { background: $surface; color: $foreground; width: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1,enter", "close", "close", id="help.close"),
    ]

    def compose(self) -> ComposeResult:
        """Make the page."""
        with Vertical() as box:
            box.border_title = "loadtop: keys and panels"
            yield Static(TEXT, markup=False)

    def action_close(self) -> None:
        """Close the help; nothing else ends."""
        self.dismiss()
