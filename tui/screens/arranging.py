"""Keys that choose which panels are seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tui.feed import Feed
from tui.screens.acting import Acting
from tui.screens.layout import EVERYTHING, Choice

BESIDE: Final = frozenset(
    {"gc", "memory", "cores", "machine", "target", "series", "answers", "health", "events"}
)
"""What is beside load and latency."""

PRESETS: Final[dict[str, Choice]] = {
    "everything": EVERYTHING,
    "latency": Choice(hidden=BESIDE, wanted=("latency", "spectrogram", "distribution")),
    "target": Choice(
        hidden=frozenset({"spectrogram", "distribution", "answers"}),
        wanted=("memory", "gc", "target", "cores", "machine"),
    ),
    "ledger": Choice(hidden=BESIDE | {"spectrogram", "distribution"}, wanted=("ledger",)),
}
"""Arrangements that `p` goes through, by name."""

TOGGLED: Final[tuple[tuple[str, ...], ...]] = (
    ("throughput",),
    ("latency",),
    ("spectrogram",),
    ("distribution",),
    ("gc", "memory"),
    ("cores", "machine", "health"),
    ("target", "series"),
    ("answers", "events"),
    ("ledger",),
)
"""What each digit shows or hides, from 1 on."""

PICKABLE: Final = (
    "throughput",
    "latency",
    "spectrogram",
    "gc",
    "memory",
    "distribution",
    "cores",
    "machine",
    "target",
    "series",
    "answers",
    "health",
    "events",
    "ledger",
)
"""The order in which `tab` goes through the panels that are seen."""


class Arranging(Acting):
    """Shows and hides panels, one of them alone, all of them by presets."""

    def __init__(self, feed: Feed, notices: Iterable[str]) -> None:
        super().__init__(feed, notices)
        self.picked = ""
        self.alone = ""

    @property
    def choice(self) -> Choice:
        """Which panels are to be seen."""
        return Choice(frozenset(self.remembered.hidden), self.remembered.wanted, self.alone)

    def seen(self) -> set[str]:
        """Return the panels that have a place at the moment."""
        raise NotImplementedError

    def arrange_anew(self) -> None:
        """Place the panels as they are chosen now, and paint them."""
        raise NotImplementedError

    def action_panels(self, digit: int) -> None:
        """Show or hide the panels of a digit."""
        names = TOGGLED[digit - 1]
        was_seen = bool(self.seen() & set(names))
        self.alone = ""
        changed = self.choice.toggled(names, self.seen() if was_seen else set())
        self.remember(hidden=tuple(sorted(changed.hidden)), wanted=changed.wanted, preset="")
        self.arrange_anew()
        gone = "hidden" if was_seen else "shown" if self.seen() & set(names) else "there is no room for"
        words = " and ".join(names)
        self.notify_user(f"{gone} {words}" if gone.startswith("there") else f"{words} {gone}", "dim")

    def action_preset(self) -> None:
        """Go to the next arrangement; after panels were shown or hidden by hand, to the first."""
        names = list(PRESETS)
        before = self.remembered.preset
        by_hand = not before and (self.remembered.hidden or self.remembered.wanted)
        at = -1 if by_hand else names.index(before) if before in names else 0
        name = names[(at + 1) % len(names)]
        chosen = PRESETS[name]
        self.alone = ""
        self.remember(hidden=tuple(sorted(chosen.hidden)), wanted=chosen.wanted, preset=name)
        self.arrange_anew()
        self.notify_user(f"arrangement: {name}", "dim")

    def action_pick(self, by: int) -> None:
        """Go to the next panel, or the one before; where one is shown alone, show that one instead."""
        there = [name for name in PICKABLE if self.alone or name in self.seen()]
        if not there:
            return
        at = there.index(self.picked) if self.picked in there else (-1 if by > 0 else 0)
        self.picked = there[(at + by) % len(there)]
        if self.alone:
            self.alone = self.picked
            self.arrange_anew()
        else:
            self.show_anew()
        self.notify_user(f"{self.picked}: e shows it {'with the others' if self.alone else 'alone'}", "dim")

    def action_alone(self) -> None:
        """Show the picked panel alone, or all again."""
        if self.alone:
            self.alone = ""
        else:
            seen = self.seen()
            self.alone = self.picked if self.picked in seen else next((p for p in PICKABLE if p in seen), "")
            self.picked = self.alone
        self.arrange_anew()
        if self.alone:
            self.notify_user(f"{self.alone} alone; tab goes to the next, e or esc shows all", "dim")

    def action_back(self) -> None:
        """Show all panels again, and none of them picked."""
        self.alone = self.picked = ""
        self.arrange_anew()
