"""The keys of the console: one table, from which bindings, help, footer, palette and README are made.

A new key is one row here, and one method `action_…` in a mixin of `tui.screens` (see `tui.screens.acting`).
Rows that follow one another and share their `help` are explained together: `+ -`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from textual.binding import Binding, BindingType

Group: TypeAlias = Literal["load", "target", "display", "ledger", "session", "time", "console"]
Where: TypeAlias = Literal["live", "saved", "both"]

GROUPS: Final[dict[Group, str]] = {
    "load": "the load",
    "target": "the target",
    "display": "the display",
    "ledger": "the ledger",
    "session": "the session",
    "time": "a saved session's time",
    "console": "the console",
}
"""Groups in the order of the help, and their headings; a group without keys is not shown."""

OF_THE_APP: Final = "app."
"""How the ids of keys begin that work on every screen; the others are the run screen's."""


class Key(Struct, frozen=True):
    """A thing that can be done, and the keys that do it.

    Attributes:
        id: Its name for good: what `config.toml` remaps.
        keys: Textual's names of the keys, with commas between. People are told the first of them.
        action: The action, as Textual writes it.
        title: What the palette calls it, unlike every other.
        help: What the help and the README say, up to 29 characters; shared by keys that belong together.
        group: Under which heading.
        where: Whether there is something to do in a run, in a saved session, or in both.
        footer: The word in the last row; empty for a key that is not there.
        rank: By which it leaves the last row where there is no room: high goes first.
        palette: Whether the palette has it.
        priority: Whether it works even while something is typed.
    """

    id: str
    keys: str
    action: str
    title: str
    help: str
    group: Group
    where: Where
    footer: str = ""
    rank: int = 9
    palette: bool = True
    priority: bool = False

    @property
    def of_the_app(self) -> bool:
        """Whether it works on every screen."""
        return self.id.startswith(OF_THE_APP)

    @property
    def shown(self) -> str:
        """The first key, as people write it."""
        return written(self.keys.split(",")[0])


PANELS: Final = (
    "throughput",
    "latency",
    "spectrogram",
    "distribution",
    "collector and memory",
    "cores, machine and health",
    "target and its metrics",
    "answers and events",
    "ledger",
)
"""What the digits show and hide, from 1 on, as `tui.screens.arranging.TOGGLED` has it."""

KEYS: Final[tuple[Key, ...]] = (
    # id, keys, action, title in the palette, words of the help, group, where, word of the footer, rank
    Key("load.more", "plus,equals_sign", "step('more')", "load +10 %", "up, down by a tenth", "load", "live", "load", 2),
    Key("load.less", "minus,underscore", "step('less')", "load -10 %", "up, down by a tenth", "load", "live"),
    Key("load.one-more", "up", "step('one-more')", "load +1", "up, down by one", "load", "live"),
    Key("load.one-less", "down", "step('one-less')", "load -1", "up, down by one", "load", "live"),
    Key("load.double", "right_curly_bracket", "step('double')", "load x2", "double, halve", "load", "live"),
    Key("load.halve", "left_curly_bracket", "step('halve')", "load /2", "double, halve", "load", "live"),
    Key("load.connections", "c", "connections", "load: type connections", "type connections", "load", "live", "conns", 5),
    Key("load.rate", "r", "rate", "load: type a rate", "type a rate; 0: closed loop", "load", "live", "rate", 6),
    Key("load.switchback", "b", "switchback", "experiment: compare two loads, ABBA", "ABBA against another load", "load", "live"),
    Key("load.doubling", "B", "doubling", "experiment: was it us, twice the workers", "was it us? twice the workers", "load", "live"),
    Key("load.pause", "space", "pause", "load: pause or resume", "pause, resume", "load", "live", "pause", 3),
    Key("load.undo", "u", "undo", "load: undo the last change", "undo the last change", "load", "live", "undo", 12),
    Key("load.anew", "R", "anew", "load: new segment", "new segment, same load", "load", "live"),

    Key("target.probing", "P", "probing", "polling of the target off or on", "polling off, on: new segment", "target", "live"),
    Key("target.collect", "G", "collect", "one garbage collection now", "one forced collection (Go)", "target", "live"),
    Key("target.profile", "g", "profile", "target: CPU profile", "CPU profile, flame graph", "target", "both", "profile", 8),
    Key("target.trace", "x", "trace", "target: trace of stops", "trace: what stopped it, when", "target", "both"),

    Key("display.freeze", "f", "freeze", "display: freeze or thaw", "freeze; data keep flowing", "display", "live", "freeze", 11),
    *(
        Key(f"panels.{digit}", str(digit), f"panels({digit})", f"panels: {names}", "show, hide panels", "display", "both")
        for digit, names in enumerate(PANELS, 1)
    ),
    Key("panels.pick", "tab", "pick(1)", "panels: pick the next", "pick a panel", "display", "both"),
    Key("panels.pick-before", "shift+tab", "pick(-1)", "panels: pick the one before", "", "display", "both"),
    Key("panels.alone", "e", "alone", "panels: one alone, or all", "one panel alone, or all", "display", "both", "zoom", 8),
    Key("panels.back", "escape", "back", "panels: all, none picked", "", "display", "both", palette=False),
    Key("panels.preset", "p", "preset", "panels: next arrangement", "next arrangement", "display", "both"),
    Key("display.longer", "greater_than_sign", "window(1)", "charts: reach further back", "charts reach further, less", "display", "both"),
    Key("display.shorter", "less_than_sign", "window(-1)", "charts: reach less far back", "charts reach further, less", "display", "both"),
    Key("display.auto", "a", "window(0)", "charts: choose their reach", "charts choose their reach", "display", "both"),
    Key("display.details", "d", "details", "charts of the whole session", "charts of the whole session", "display", "both", "charts", 10),

    Key("ledger.older", "right_square_bracket", "select(1)", "ledger: select an older row", "select an older, newer row", "ledger", "both"),
    Key("ledger.newer", "left_square_bracket", "select(-1)", "ledger: select a newer row", "select an older, newer row", "ledger", "both"),
    Key("ledger.compare", "v", "compare", "ledger: mark a row to compare", "mark two rows to compare", "ledger", "both"),
    Key("ledger.copy", "y", "copy", "ledger: copy the row", "copy the row", "ledger", "both"),

    Key("session.mark", "m", "mark", "mark this moment", "mark this moment", "session", "live", "mark", 4),
    Key("session.save", "S", "save", "save the session", "save now", "session", "live", "save", 7),
    Key("session.overlay", "o", "overlay", "another session behind this one", "a session behind, or aligned", "session", "both", "overlay", 14),
    Key("session.other", "O", "other", "open another session", "open another session", "session", "saved", "other", 6),

    Key("time.back", "h", "travel(-1)", "time: a second back", "a second back, on", "time", "saved", "time", 2),
    Key("time.on", "l", "travel(1)", "time: a second on", "a second back, on", "time", "saved"),
    Key("time.far-back", "H", "travel(-10)", "time: ten seconds back", "ten seconds back, on", "time", "saved"),
    Key("time.far-on", "L", "travel(10)", "time: ten seconds on", "ten seconds back, on", "time", "saved"),
    Key("time.begin", "0", "travel_to('begin')", "time: to the begin", "to the begin, the end", "time", "saved"),
    Key("time.end", "dollar_sign", "travel_to('end')", "time: to the end", "to the begin, the end", "time", "saved"),
    Key("time.segment", "enter", "travel_to('segment')", "time: to the selected row", "to the selected row", "time", "saved", palette=False),
    Key("time.search", "slash", "search", "time: search an event", "an event by text, the next", "time", "saved", "event", 3),
    Key("time.next", "n", "search_next", "time: the next event found", "an event by text, the next", "time", "saved"),
    Key("session.picture", "I", "picture", "save the screen as an SVG picture", "picture of the screen (SVG)", "session", "both"),

    Key("app.theme.next", "t", "theme(1)", "next theme", "next, previous theme", "console", "both", "theme", 13),
    Key("app.theme.previous", "T", "theme(-1)", "previous theme", "next, previous theme", "console", "both"),
    Key("app.commands", "colon,ctrl+p", "command_palette", "commands", "all commands", "console", "both", "all", 9, palette=False),
    Key("app.help", "question_mark,f1", "help", "help", "this help; esc ends it", "console", "both", "help", 0),
    Key("app.quit", "q", "quit", "quit", "drain, save, leave; twice now", "console", "both", "quit", 1),
    # a terminal's habits: ctrl+c must never be swallowed, whatever has the focus
    Key("app.interrupt", "ctrl+c,ctrl+q", "quit", "interrupt", "", "console", "both", palette=False, priority=True),
    Key("app.suspend", "ctrl+z", "suspend_process", "suspend", "suspend", "console", "both"),
)  # fmt: skip

CHARACTERS: Final = {
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "underscore": "_",
    "right_curly_bracket": "}",
    "left_curly_bracket": "{",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "colon": ":",
    "slash": "/",
    "question_mark": "?",
    "dollar_sign": "$",
}
"""Textual's names of keys that are a character."""


def written(key: str) -> str:
    """Return a key as people write it."""
    return CHARACTERS.get(key, key)


def bindings(*, of_the_app: bool, keys: Iterable[Key] = ()) -> list[BindingType]:
    """Return Textual's bindings of the app's keys, or of the run screen's.

    Those of the run screen have priority, which no other screen sees: each is done before the next key is looked
    at, and that may be the first letter of an answer to what this one asks.
    """
    return [
        Binding(key.keys, key.action, key.title, id=key.id, priority=key.priority or not of_the_app)
        for key in keys or KEYS
        if key.of_the_app == of_the_app
    ]


def works(key: Key, *, live: bool) -> bool:
    """Return whether there is anything to do for the key in a run that lives, or in a saved session."""
    return key.where in ("both", "live" if live else "saved")


def explained(keys: Iterable[Key]) -> Iterator[tuple[str, str]]:
    """Yield what is pressed and what that does; keys that belong together in one."""
    for words, together in groupby((key for key in keys if key.help), key=lambda key: key.help):
        yield joined([key.shown for key in together]), words


def joined(shown: list[str]) -> str:
    """Return keys side by side; digits in a row as a range."""
    if len(shown) > 2 and all(one.isdigit() for one in shown):
        return f"{shown[0]}-{shown[-1]}"
    return " ".join(shown)


def as_markdown(keys: Iterable[Key] = KEYS) -> str:
    """Return the README's table of keys: a row a group."""
    lines = ["| keys of | |", "|---|---|"]
    table = list(keys)
    for group, heading in GROUPS.items():
        told = explained(key for key in table if key.group == group)
        entries = [f"{' '.join(f'`{one}`' for one in pressed.split())} {words}" for pressed, words in told]
        if entries:
            lines.append(f"| {heading} | {' · '.join(entries)} |")
    return "\n".join(lines) + "\n"
