"""A flame graph in rows of text: callers above, what they called below, as wide as the time it took. Pure.

Every box has the tone of its package and, where there is room, its name: colour alone says nothing here. What
is narrower than a cell is not drawn; zooming into its caller makes room for it.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

from msgspec import Struct, field

from engine.looks import CpuProfile
from engine.probes.flame import FunctionShare, Node, by_function, cores_busy, found, matches, package, tree
from engine.probes.look_words import is_short
from sessions.format import digits, share
from tui.format import clean, fit, join_fitting
from tui.panels.line import Line, Span, Tone
from tui.panels.moment import moment

HEAD_ROWS: Final = 2
FOOT_ROWS: Final = 4
TONES_OF_PACKAGES: Final[tuple[Tone, ...]] = (
    "badge-throughput",
    "badge-p50",
    "badge-p90",
    "badge-cpu",
    "badge-rss",
    "badge-p999",
)
TONE_OF_RUNTIME: Final[Tone] = "badge-gc"
"""Of Go's runtime: the collector, the allocator and the scheduler stand out from the program itself."""
HEAVY: Final = 0.05
"""Of all: what takes less is rarely wide enough for its colour to matter."""
ALL: Final = "all"
NANOSECONDS: Final = "nanoseconds"


class Box(Struct, frozen=True):
    """A node as it is drawn: its first column and its width, in cells."""

    node: Node
    x: int
    width: int


class Flame(Struct, frozen=True, eq=False):
    """A profile as it is looked at.

    Attributes:
        profile: The profile.
        root: Its call tree.
        shares: What each function took, by frame.
        zoom: The node that is as wide as the screen.
        selected: The node that the keys move.
        tones: The tone of each package in it.
        words: What is searched for, or "".
        wanted: The frames that have it.
        hits: Where those are, the heaviest first.
        number: Which of how many profiles this is, such as "2 of 3"; "" where there is one.
        notice: What is to be said instead of the keys, and its tone.
    """

    profile: CpuProfile
    root: Node
    shares: dict[int, FunctionShare]
    zoom: Node
    selected: Node
    tones: dict[str, Tone] = field(default_factory=dict)
    words: str = ""
    wanted: frozenset[int] = frozenset()
    hits: tuple[Node, ...] = ()
    number: str = ""
    notice: Span | None = None


def flame_of(profile: CpuProfile, *, number: str = "") -> Flame:
    """Return a profile seen from its root."""
    root = tree(profile)
    shares = {one.frame: one for one in by_function(profile)}
    return Flame(profile, root, shares, root, root, tones_of(profile, shares), number=number)


def searched(profile: CpuProfile, root: Node, words: str) -> tuple[frozenset[int], tuple[Node, ...]]:
    """Return the frames whose names have the words, and where they are."""
    wanted = matches(profile.frames, words) if words else frozenset()
    return wanted, found(root, wanted)


def boxes(zoom: Node, width: int, rows: int) -> list[list[Box]]:
    """Return the boxes of the first rows below a node, its own in the first.

    Edges are rounded from sums, so that boxes never overlap and children never reach past their parent.
    """
    levels = [[Box(zoom, 0, width)]]
    while len(levels) < rows and levels[-1]:
        below: list[Box] = []
        for box in levels[-1]:
            scale = box.width / box.node.total if box.node.total else 0.0
            before = 0
            for child in box.node.children:
                left, right = round(before * scale), round((before + child.total) * scale)
                before += child.total
                if right > left:
                    below.append(Box(child, box.x + left, right - left))
        levels.append(below)
    return levels if levels[-1] else levels[:-1]


def drawn(flame: Flame, width: int, height: int) -> tuple[list[list[Box]], int]:
    """Return the boxes on a screen, and how many rows of them are above it: what is selected is always seen."""
    room = max(1, height - HEAD_ROWS - FOOT_ROWS)
    level = flame.selected.depth - flame.zoom.depth
    above = max(0, min(level, level + 2 - room))
    return boxes(flame.zoom, width, above + room)[above:], above


def lines(flame: Flame, width: int, height: int) -> list[Line]:
    """Return the whole screen."""
    levels, above = drawn(flame, width, height)
    rows = [_row(flame, level, width) for level in levels]
    rows += [()] * (height - HEAD_ROWS - FOOT_ROWS - len(rows))
    if not flame.profile.total:
        rows[:1] = [((fit(" no samples: the target used no CPU while this was taken", width), "dim"),)]
    return [*_head(flame, width, above), *rows, *_foot(flame, width)][:height]


def name(flame: Flame, node: Node) -> str:
    """Return a node's function in full."""
    return ALL if node.parent is None else clean(flame.profile.frames[node.frame].function)


def short(function: str) -> str:
    """Return a function without the path of its package: `http.(*conn).serve`."""
    plain, bracket, parameters = function.partition("[")
    return plain.rpartition("/")[2] + bracket + parameters


def tones_of(profile: CpuProfile, shares: dict[int, FunctionShare]) -> dict[str, Tone]:
    """Return the tone of each package: by a hash of its name, so that it is the same in most profiles.

    The heavy ones choose first, and what is taken is given again only when all are: `main` and `net/http` must
    not look the same.
    """
    own: dict[str, int] = {}
    for one in shares.values():
        origin = package(profile.frames[one.frame].function)
        own[origin] = max(own.get(origin, 0), one.total)
    tones: dict[str, Tone] = {}
    free: list[Tone] = []
    for origin in sorted(own, key=lambda name: (own[name] < HEAVY * profile.total, name)):
        if origin == "runtime" or origin.startswith(("runtime/", "internal/runtime")):
            tones[origin] = TONE_OF_RUNTIME
            continue
        wanted = TONES_OF_PACKAGES[crc32(origin.encode()) % len(TONES_OF_PACKAGES)]
        free = free or list(TONES_OF_PACKAGES)
        tones[origin] = free.pop(free.index(wanted) if wanted in free else 0)
    return tones


def amount(flame: Flame, value: int) -> str:
    """Return a value with its unit."""
    if flame.profile.unit != NANOSECONDS:
        return f"{value} {flame.profile.unit}"
    return f"{digits(value / 1e9)} s" if value >= 1e9 else f"{digits(value / 1e6)} ms"


def _row(flame: Flame, level: list[Box], width: int) -> Line:
    spans: list[Span] = []
    at = 0
    for box in level:
        spans.append((" " * (box.x - at), "text"))
        function = name(flame, box.node)
        matched = box.node.frame in flame.wanted
        tone: Tone = "badge-warn" if matched else flame.tones.get(package(function), "badge-dim")
        sign = "▸" if box.node is flame.selected else "*" if matched else " "
        if box.node is flame.selected:
            tone = "badge"
        # the last cell parts a box from its neighbour, which may well have its colour
        room = box.width - 1 if box.width > 1 else 1
        spans.append((fit(sign + (short(function) if room > 3 else ""), room).ljust(room), tone))
        spans.append((" " * (box.width - room), "text"))
        at = box.x + box.width
    return tuple(spans)


def _head(flame: Flame, width: int, above: int) -> list[Line]:
    profile = flame.profile
    lasted = "length unknown" if profile.seconds is None else f"{profile.seconds:.2f} s"
    parts = [f"at {moment(profile.at_s)}", lasted, f"{amount(flame, profile.total)} of CPU"]
    busy = cores_busy(profile)
    if busy is not None:
        parts.append(f"{busy:.2f} cores busy")
    if profile.dropped:
        parts.append(f"{share(profile.dropped, profile.total)} in {profile.dropped_stacks} stacks not kept")
    title = f" CPU profile {flame.number}".rstrip()
    first: list[Span] = [(f"{title}  ", "title"), ("   ".join(parts), "text")]
    if is_short(profile):
        first.append((f"   the target ended it early: {profile.asked_s:g} s were asked for", "warn"))
    chain: list[str] = []
    node: Node | None = flame.zoom
    while node is not None:
        chain.append(short(name(flame, node)))
        node = node.parent
    path = " → ".join(reversed(chain))
    room = width - 2
    hint = ""
    if flame.words:
        total = sum(hit.total for hit in flame.hits)
        places = f"{len(flame.hits)} place{'s' * (len(flame.hits) != 1)}"
        hint = f"/{clean(flame.words)}: {places}, {share(total, profile.total)} of all"
        room -= len(hint) + 3
    if above:
        path += f"   ({above} rows above)"
    # of a long chain the end is what is looked at
    path = path if len(path) <= room else fit("…" + path[len(path) - max(0, room - 1) :], room)
    second: list[Span] = [(" " + path.ljust(room), "dim"), (f"   {hint}" if hint else "", "warn")]
    return [tuple(first), tuple(second)]


def _foot(flame: Flame, width: int) -> list[Line]:
    node, profile = flame.selected, flame.profile
    function = name(flame, node)
    place = ""
    if node.parent is not None:
        frame = profile.frames[node.frame]
        place = clean(f"{frame.file}:{frame.line}" if frame.line else frame.file)
    figures = [
        f"total {share(node.total, flame.root.total)}, {amount(flame, node.total)}",
        f"self {share(node.own, flame.root.total)}, {amount(flame, node.own)}",
    ]
    if flame.zoom is not flame.root:
        figures.append(f"{share(node.total, flame.zoom.total)} of {fit(short(name(flame, flame.zoom)), 24)}")
    everywhere = flame.shares.get(node.frame)
    if everywhere is not None and everywhere.total != node.total:
        figures.append(f"in all places {share(everywhere.total, flame.root.total)}")
    keys = join_fitting(KEYS, width - 2) if flame.notice is None else flame.notice[0]
    tone = "dim" if flame.notice is None else flame.notice[1]
    return [
        ((f" {fit(function, width - 2)}", "strong"),),
        ((f" {place if len(place) < width - 1 else '…' + place[len(place) - width + 3 :]}", "dim"),),
        ((f" {'   '.join(figures)}", "number"),),
        ((f" {fit(keys, width - 2)}", tone),),
    ]


KEYS: Final = (
    "arrows move",
    "enter zooms",
    "esc back",
    "/ find",
    "n N next",
    "g new",
    "q close",
    "[ ] other profiles",
)
