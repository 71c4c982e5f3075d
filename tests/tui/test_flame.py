"""The picture of a profile, without a console: boxes, names and figures."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.looks import CpuProfile, Frame
from engine.probes.flame import Node, tree
from tests.tui import looks
from tui.panels.flame import TONE_OF_RUNTIME, Flame, boxes, drawn, flame_of, lines, searched, short
from tui.panels.line import TONES, plain
from tui.panels.moment import moment

SIZES = [(20, 6), (40, 10), (80, 24), (120, 40), (200, 50)]
HOSTILE = CpuProfile(
    at_s=0.0,
    asked_s=1.0,
    seconds=None,
    total=100,
    frames=(Frame("日本語\x1b[2J" * 40, "/" + "x" * 400, 3), Frame(""), Frame("[[", "", 0)),
    stacks=((60, 0, 1, 2), (40, *[2] * 60)),
)


def text(flame: Flame, width: int = 80, height: int = 24) -> str:
    """Return the picture as text."""
    return "\n".join(plain(line) for line in lines(flame, width, height))


def node(flame: Flame, function: str) -> Node:
    """Return the heaviest node of a function."""
    return searched(flame.profile, flame.root, function)[1][0]


def test_the_functions_stand_below_their_callers() -> None:
    rows = text(flame_of(looks.profile())).splitlines()
    names = ["all", "http.(*conn).serve", "main.burn ", "main.burnCycles"]
    places = [next(index for index, row in enumerate(rows) if name in row) for name in names]
    assert places == sorted(places)
    assert "main.litter" in rows[places[2]]
    assert rows[0].startswith(" CPU profile  at 1:01.20   2.00 s   860 ms of CPU   0.43 cores busy")


def test_what_is_selected_is_named_in_full_with_its_place_and_shares() -> None:
    flame = flame_of(looks.profile())
    burn = node(flame, "burnCycles")
    shown = text(replace(flame, selected=burn))
    assert "▸main.burnCycles" in shown
    assert "\n loadtop/goserver/work.go:26" in shown
    assert "total 67 %, 580 ms   self 60 %, 520 ms" in shown
    zoomed = text(replace(flame, selected=burn, zoom=burn))
    assert "100 % of main.burnCycles" in zoomed
    assert "→ main.burn → main.burnCycles" in zoomed


def test_a_function_that_is_elsewhere_too_says_what_it_takes_in_all_places() -> None:
    flame = flame_of(looks.profile())
    once = next(one for one in flame.root.children[0].children if "serverHandler" in short(name_of(flame, one)))
    handler = once.children[0]
    assert name_of(flame, handler) == "net/http.HandlerFunc.ServeHTTP"
    assert "in all places" not in text(replace(flame, selected=handler))
    inner = searched(flame.profile, flame.root, "systemstack")[1][0]
    assert "in all places" in text(replace(flame, selected=inner))


def name_of(flame: Flame, one: Node) -> str:
    """Return a node's function."""
    return flame.profile.frames[one.frame].function


def test_matches_are_marked_and_their_share_is_said() -> None:
    flame = flame_of(looks.profile())
    wanted, hits = searched(flame.profile, flame.root, "MALLOCGC")
    shown = text(replace(flame, words="MALLOCGC", wanted=wanted, hits=hits))
    assert "/MALLOCGC: 1 place, 28 % of all" in shown
    assert "*runtime.mallocgc" in shown
    none = replace(flame, words="xyz", wanted=frozenset(), hits=())
    assert "/xyz: 0 places, 0 % of all" in text(none)


def test_a_profile_that_was_cut_short_or_has_dropped_stacks_says_so() -> None:
    assert "the target ended it early: 10 s were asked for" in text(flame_of(looks.profile(asked_s=10.0)), 120)
    some = replace(looks.profile(), total=1_000_000_000, dropped=4_000_000, dropped_stacks=17)
    assert "0.40 % in 17 stacks not kept" in text(flame_of(some), 120)
    assert "length unknown" in text(flame_of(HOSTILE))


def test_an_idle_target_is_said_to_be_idle() -> None:
    assert "the target used no CPU" in text(flame_of(CpuProfile(at_s=0.0, asked_s=1.0, seconds=1.0)))


@pytest.mark.parametrize("profile", [looks.profile(), HOSTILE, CpuProfile(at_s=0.0, asked_s=1.0)])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_every_size_wherever_one_looks(profile: CpuProfile, width: int, height: int) -> None:
    flame = flame_of(profile)
    todo = [flame.root]
    while todo:
        here = todo.pop()
        for zoom in {here, flame.root}:
            look = replace(flame, selected=here, zoom=zoom)
            made = lines(look, width, height)
            assert len(made) == height
            assert all(plain(line).isprintable() and tone in TONES for line in made for _, tone in line)
            levels, above = drawn(look, width, height)
            assert all(box.x + box.width <= width for level in levels for box in level)
            assert 0 <= here.depth - zoom.depth - above < max(1, len(levels))
        todo += here.children[:2]


stacks = st.lists(
    st.tuples(st.integers(1, 10**6), st.lists(st.integers(0, 4), min_size=1, max_size=6)), min_size=1
)


@given(stacks, st.integers(1, 120))
def test_boxes_never_overlap_nor_leave_their_parents(made: list[tuple[int, list[int]]], width: int) -> None:
    profile = CpuProfile(
        at_s=0.0,
        asked_s=1.0,
        total=sum(value for value, _ in made),
        frames=tuple(Frame(f"p{index}.f") for index in range(5)),
        stacks=tuple((value, *stack) for value, stack in made),
    )
    root = tree(profile)
    levels = boxes(root, width, 10)
    assert [(box.x, box.width) for box in levels[0]] == [(0, width)]
    for above, below in pairwise(levels):
        spans = {id(box.node): (box.x, box.x + box.width) for box in above}
        edge = 0
        for box in below:
            left, right = spans[id(box.node.parent)]
            assert left <= box.x and box.x + box.width <= right
            assert box.x >= edge and box.width > 0
            edge = box.x + box.width
            # within a cell of its true share, give or take that of each caller above
            assert abs(box.width - width * box.node.total / root.total) <= box.node.depth + 1


def test_packages_are_told_apart_and_the_runtime_is_always_the_same() -> None:
    flame = flame_of(looks.profile())
    assert flame.tones["main"] != flame.tones["net/http"]
    assert {flame.tones["runtime"], flame.tones["internal/runtime/syscall/linux"]} == {TONE_OF_RUNTIME}
    assert flame_of(looks.profile(version="1.22")).tones["main"] == flame.tones["main"]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("net/http.(*conn).serve", "http.(*conn).serve"),
        ("slices.SortFunc[go.shape.[]a/b.C]", "slices.SortFunc[go.shape.[]a/b.C]"),
        ("0xbeef", "0xbeef"),
    ],
)
def test_names_lose_the_path_of_their_package(function: str, name: str) -> None:
    assert short(function) == name


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "0:00.00"), (61.204, "1:01.20"), (59.999, "1:00.00"), (3723.5, "1:02:03.50")]
)
def test_moments(seconds: float, words: str) -> None:
    assert moment(seconds) == words
