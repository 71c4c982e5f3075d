"""Where each panel stands, for any size of the terminal. Pure, so that every size can be tested.

Textual's own layouts fix heights in style sheets; here the rows that a size has left over go to the charts, how
tall the list of cores is depends on the machine, and panels can be hidden, asked for, or shown alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

Form: TypeAlias = Literal["tiny", "compact", "framed", "wide"]

SMALLEST: Final = (60, 16)
FRAMED: Final = (100, 32)
WIDE: Final = (160, 44)
SIDE: Final = 64
"""The most columns of the right-hand side; what a wide terminal has over goes to the charts."""


class Box(NamedTuple):
    """A panel's place in cells."""

    x: int
    y: int
    width: int
    height: int


class Choice(Struct, frozen=True):
    """Which panels are to be seen.

    Attributes:
        hidden: Those that are not.
        wanted: Those that come before others where there is no room for all; the last asked for first.
        alone: The one that has the whole screen, or "".
    """

    hidden: frozenset[str] = frozenset()
    wanted: tuple[str, ...] = ()
    alone: str = ""

    def with_series(self, number: int) -> Choice:
        """Return the choice where so many series were asked for: without any there is no room for them."""
        if "series" in self.hidden or "series" in self.wanted:
            return self
        if not number:
            return replace(self, hidden=self.hidden | {"series"})
        return replace(self, wanted=("series", *self.wanted))

    def toggled(self, names: Sequence[str], seen: frozenset[str] | set[str]) -> Choice:
        """Return the choice with panels hidden if they are seen, else asked for."""
        others = tuple(name for name in self.wanted if name not in names)
        if any(name in seen for name in names):
            return Choice(self.hidden | set(names), others)
        return Choice(self.hidden - set(names), (*names, *others))


class Want(NamedTuple):
    """What a panel wants of its column: rows it needs, rows it is good with, its part of what is left."""

    name: str
    least: int
    good: int
    part: int = 0
    from_height: int = 0
    """Rows of the screen from which it is there without being asked for."""


EVERYTHING: Final = Choice()


def form_of(width: int, height: int) -> Form:
    """Return which arrangement a terminal of this size gets."""
    for form, (least_width, least_height) in (("wide", WIDE), ("framed", FRAMED), ("compact", SMALLEST)):
        if width >= least_width and height >= least_height:
            return form  # type: ignore[return-value]
    return "tiny"


def is_framed(width: int, height: int) -> bool:
    """Return whether panels have frames at this size."""
    return form_of(width, height) in ("framed", "wide")


def places(
    width: int, height: int, cores: int = 2, segments: int = 1, choice: Choice = EVERYTHING
) -> dict[str, Box]:
    """Return the place of each panel that is shown, by its id."""
    form = form_of(width, height)
    if form == "tiny":
        return {"tiny": Box(0, 0, width, height)}
    top = 1 if form == "compact" and choice.alone else 2
    ends = {"status": Box(0, 0, width, top), "footer": Box(0, height - 1, width, 1)}
    if choice.alone:
        return ends | {choice.alone: Box(0, top, width, height - top - 1)}
    if form == "compact":
        return stacked(width, height, segments, choice)
    room = height - 3
    below = ledger_rows(room, segments) if "ledger" not in choice.hidden else 0
    columns = arranged(form, width, height, room - below, cores, choice)
    if not columns:
        below = room
    boxes = dict(ends)
    if below:
        boxes["ledger"] = Box(0, 2 + room - below, width, below)
    x = 0
    for across, wants in columns:
        y = 2
        for name, rows in shared_out(wants, room - below, height, choice).items():
            boxes[name] = Box(x, y, across, rows)
            y += rows
        x += across
    if not columns and not below:
        boxes["tiny"] = Box(0, 2, width, room)
    return boxes


def ledger_rows(room: int, segments: int) -> int:
    """Return the rows of the ledger: frame, heads, and a few entries; more where the terminal is tall."""
    return min(3 + max(3, segments), 7 + max(0, (room - 36) // 3))


def arranged(
    form: Form, width: int, height: int, room: int, cores: int, choice: Choice
) -> list[tuple[int, list[Want]]]:
    """Return the columns of a framed screen: how wide each is, and what its panels want."""
    over_time = [
        Want("throughput", 6, 8, 2),
        # frame, heads, five percentiles of one row or two, and what stands beside them
        Want("latency", 8, 14 if room >= 36 else 9, 0),
        Want("spectrogram", 8, 10, 3),
        Want("gc", 5, 5, 1),
        Want("memory", 5, 5, 1, 50),
    ]
    side = [
        Want("cores", 3, core_rows(form, width, room, cores), 0),
        Want("machine", 4, 6, 0, 46),
        Want("target", 8, 9, 0),
        Want("series", 3, 5, 0),
        Want("answers", 5, 7, 0),
        Want("health", 4, 6, 0, 36),
        Want("events", 4, 6, 1),
    ]
    shapes = [Want("spectrogram", 8, 14, 3), Want("distribution", 6, 12, 2), Want("memory", 5, 5, 1)]
    columns = [over_time, side]
    if form == "wide":
        columns = [[want for want in over_time if want.name in ("throughput", "latency", "gc")], shapes, side]
    elif "distribution" in choice.wanted:
        over_time.append(Want("distribution", 6, 8, 1))
    kept = [
        [
            want
            for want in column
            if want.name not in choice.hidden and (height >= want.from_height or want.name in choice.wanted)
        ]
        for column in columns
    ]
    there = [column for column in kept if column]
    right = min(SIDE, width - width * 62 // 100) if form == "framed" else min(SIDE, width * 30 // 100)
    widths = []
    charts = [column for column in there if column is not kept[-1]]
    left = width - (right if kept[-1] and charts else 0)
    for index, column in enumerate(there):
        if column is kept[-1]:
            widths.append(right if charts else width)
        else:
            # a rounding's rest goes to the first, so that no column of the screen is left over
            part = left // len(charts)
            widths.append(part + (left - part * len(charts) if index == 0 else 0))
    return list(zip(widths, there, strict=True))


def core_rows(form: Form, width: int, room: int, cores: int) -> int:
    """Return the rows that the list of cores is good with."""
    across = min(SIDE, width * (30 if form == "wide" else 38) // 100)
    bars = -(-cores // (1 if cores <= 4 else 2))
    # past what bars fit into, a core is a glyph, and a row holds many
    most = max(1, room - 8 - 5 - 4 - 4 - 2)
    return 2 + max(1, bars if bars <= most else min(most, 2 + cores // max(1, across - 4)))


SHED: Final = (
    "series",
    "machine",
    "memory",
    "distribution",
    "health",
    "spectrogram",
    "events",
    "answers",
    "gc",
    "cores",
    "target",
    "ledger",
    "latency",
    "throughput",
)
"""What goes first where there is no room for the least of everything."""


def fitting(wants: Sequence[Want], room: int, choice: Choice) -> list[Want]:
    """Return those of the panels whose least has room together, in their order."""
    kept = list(wants)
    ranks = [name for name in SHED if name not in choice.wanted] + list(reversed(choice.wanted))
    while len(kept) > 1 and sum(want.least for want in kept) > room:
        kept.remove(min(kept, key=lambda want: ranks.index(want.name)))
    return kept


def shared_out(wants: Sequence[Want], room: int, height: int, choice: Choice) -> dict[str, int]:
    """Return how many rows each panel of a column gets; together they are the whole room."""
    kept = fitting(wants, room, choice)
    rows = {want.name: want.least for want in kept}
    spare = room - sum(rows.values())
    while spare > 0 and (hungry := [want for want in kept if rows[want.name] < want.good]):
        for want in hungry[:spare]:
            rows[want.name] += 1
            spare -= 1
    parts = sum(want.part for want in kept)
    rest = spare
    for want in kept:
        given = rest * want.part // parts if parts else 0
        rows[want.name] += given
        spare -= given
    if spare:
        taking = max(kept, key=lambda want: want.part) if parts else kept[-1]
        rows[taking.name] += spare
    return rows


STACK: Final = (
    # name, least rows, most rows, nothing, rows of the screen from which it is there
    Want("throughput", 3, 1000),
    Want("latency", 4, 7),
    Want("spectrogram", 5, 12, 0, 34),
    Want("gc", 1, 5),
    Want("memory", 2, 4, 0, 60),
    Want("distribution", 5, 10, 0, 52),
    Want("cores", 1, 4, 0, 18),
    Want("machine", 1, 2, 0, 44),
    Want("target", 1, 1),
    Want("series", 1, 2),
    Want("ledger", 3, 5),
    Want("answers", 1, 2),
    Want("health", 1, 2, 0, 28),
    Want("events", 1, 6),
)
FIRST: Final = ("status", "latency", "throughput", "latency", "ledger", "throughput", "answers")
"""What the first rows above the least are given to: these make 80x24."""
THEN: Final = (
    "throughput",
    "ledger",
    "spectrogram",
    "gc",
    "throughput",
    "ledger",
    "cores",
    "events",
    "distribution",
)
"""What every further row is given to, in turn."""


def stacked(width: int, height: int, segments: int, choice: Choice) -> dict[str, Box]:
    """Return the places in a single column without frames: the least of each, then the rest by rank."""
    wants = [
        want
        for want in STACK
        if want.name not in choice.hidden and (height >= want.from_height or want.name in choice.wanted)
    ]
    kept = fitting(wants, height - 2, choice)
    most = {want.name: want.good for want in kept} | {"status": 2}
    if "ledger" in most:
        most["ledger"] = 1 + max(4, min(segments, 12))
    tall = {"status": 1} | {want.name: want.least for want in kept}
    if height >= 40 and "latency" in tall and height - 1 - sum(tall.values()) >= 8:
        # two rows for each percentile
        tall["latency"] = most["latency"] = 12
    spare = height - 1 - sum(tall.values())
    turn = 0
    while spare > 0 and turn < 4 * height + len(FIRST):
        name = FIRST[turn] if turn < len(FIRST) else THEN[(turn - len(FIRST)) % len(THEN)]
        turn += 1
        if name in tall and tall[name] < most[name]:
            tall[name] += 1
            spare -= 1
    tall[kept[-1].name if kept else "status"] += spare
    boxes: dict[str, Box] = {}
    y = 0
    for name, rows in (*tall.items(), ("footer", 1)):
        boxes[name] = Box(0, y, width, rows)
        y += rows
    return boxes
