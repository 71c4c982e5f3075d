"""Where each panel stands, for any size of the terminal. Pure, so that every size can be tested.

Textual's own layouts fix heights in style sheets; here the rows that a size has left over go to the charts, and
how tall the list of cores is depends on the machine.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

Form: TypeAlias = Literal["tiny", "compact", "framed"]

SMALLEST: Final = (60, 16)
FRAMED: Final = (100, 32)
SIDE: Final = 64
"""The most columns of the right-hand side; what a wide terminal has over goes to the charts."""


class Box(NamedTuple):
    """A panel's place in cells."""

    x: int
    y: int
    width: int
    height: int


def form_of(width: int, height: int) -> Form:
    """Return which arrangement a terminal of this size gets."""
    if width >= FRAMED[0] and height >= FRAMED[1]:
        return "framed"
    return "compact" if width >= SMALLEST[0] and height >= SMALLEST[1] else "tiny"


def places(width: int, height: int, cores: int = 2, segments: int = 1) -> dict[str, Box]:
    """Return the place of each panel that is shown, by its id."""
    form = form_of(width, height)
    if form == "tiny":
        return {"tiny": Box(0, 0, width, height)}
    if form == "compact":
        return stacked(width, height, segments)
    boxes = {"status": Box(0, 0, width, 2), "footer": Box(0, height - 1, width, 1)}
    room = height - 3
    # the ledger: frame, heads, and a few rows; more where the terminal is tall
    ledger = min(3 + max(3, segments), 7 + max(0, (room - 36) // 3))
    boxes["ledger"] = Box(0, 2 + room - ledger, width, ledger)
    room -= ledger
    side = min(SIDE, width - width * 62 // 100)
    boxes |= charts(width - side, room)
    boxes |= beside(width - side, side, room, cores)
    return boxes


def charts(width: int, room: int) -> dict[str, Box]:
    """Return the places of the three charts over time, which share their right edge."""
    # frame, heads, five percentiles of one row or two, and what stands beside them
    latency = 14 if room >= 34 else 9 if room >= 26 else 8
    gc = 3 + max(2, (room - latency) // 6)
    throughput = room - latency - gc
    return {
        "throughput": Box(0, 2, width, throughput),
        "latency": Box(0, 2 + throughput, width, latency),
        "gc": Box(0, 2 + throughput + latency, width, gc),
    }


def beside(x: int, width: int, room: int, cores: int) -> dict[str, Box]:
    """Return the places of the panels right of the charts; events take the rest."""
    per_row = 1 if cores <= 4 else 2
    target = 9 if room >= 29 else 8
    answers = 7 if room >= 29 else 6
    events = 4
    room_for_cores = room - target - answers - events - 2
    bars = -(-cores // per_row)
    # past what bars fit into, a core is a glyph, and a row holds many
    rows = bars if bars <= room_for_cores else 2 + cores // (width - 4)
    wanted = {
        "cores": 2 + max(1, min(rows, room_for_cores)),
        "target": target,
        "answers": answers,
    }
    boxes: dict[str, Box] = {}
    y = 2
    for name, tall in wanted.items():
        boxes[name] = Box(x, y, width, tall)
        y += tall
    boxes["events"] = Box(x, y, width, 2 + room - y)
    return boxes


STACK: Final = (
    "status",
    "throughput",
    "latency",
    "gc",
    "cores",
    "target",
    "ledger",
    "answers",
    "events",
    "footer",
)
LEAST: Final = {
    "status": 1,
    "throughput": 3,
    "latency": 4,
    "gc": 1,
    "target": 1,
    "ledger": 3,
    "answers": 1,
    "events": 1,
    "footer": 1,
}
FIRST: Final = ("status", "cores", "latency", "throughput", "latency", "ledger", "throughput", "answers")
"""What the first rows above the least are given to: these make 80x24."""
THEN: Final = ("throughput", "ledger", "gc", "throughput", "ledger", "cores", "events", "gc")
"""What every further row is given to, in turn."""
AT_MOST: Final = {"status": 2, "latency": 7, "cores": 4, "answers": 2, "gc": 5, "events": 6}


def stacked(width: int, height: int, segments: int) -> dict[str, Box]:
    """Return the places in a single column without frames: the least of each, then the rest by rank."""
    tall = dict(LEAST)
    most = AT_MOST | {"ledger": 1 + max(4, min(segments, 12))}
    if height >= 40:
        # two rows for each percentile
        tall["latency"] = most["latency"] = 12
    spare = height - sum(tall.values())
    turn = 0
    while spare > 0:
        name = FIRST[turn] if turn < len(FIRST) else THEN[(turn - len(FIRST)) % len(THEN)]
        turn += 1
        if tall.get(name, 0) < most.get(name, height):
            tall[name] = tall.get(name, 0) + 1
            spare -= 1
    boxes: dict[str, Box] = {}
    y = 0
    for name in STACK:
        if name in tall:
            boxes[name] = Box(0, y, width, tall[name])
            y += tall[name]
    return boxes
