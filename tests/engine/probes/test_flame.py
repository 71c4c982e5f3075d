"""From stacks to trees and shares: sums that must agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.looks import CpuProfile, Frame
from engine.probes import flame
from engine.probes.flame import by_function, cores_busy, found, keep, matches, package, text, tree
from engine.probes.profile import Profile, Sample, ValueType

FRAMES = tuple(Frame(name) for name in ("main.main", "net/http.serve", "main.Work", "runtime.mallocgc"))


def profile_of(*samples: tuple[tuple[int, ...], int], duration_ns: int = 2_000_000_000) -> Profile:
    """Return a profile with one column of nanoseconds."""
    return Profile(
        types=(ValueType("cpu", "nanoseconds"),),
        default="",
        frames=FRAMES,
        samples=tuple(Sample(stack, (value,)) for stack, value in samples),
        time_ns=0,
        duration_ns=duration_ns,
        period=10_000_000,
    )


def kept(*samples: tuple[tuple[int, ...], int]) -> CpuProfile:
    """Return that profile as it is kept."""
    return keep(profile_of(*samples), at_s=1.0, asked_s=2.0)


def test_equal_stacks_are_added_and_the_heaviest_come_first() -> None:
    profile = kept(((0, 1), 5), ((0, 2), 20), ((0, 1), 30))
    assert profile.total == 55
    assert [profile.frames[frame].function for frame in profile.stacks[0][1:]] == [
        "main.main",
        "net/http.serve",
    ]
    assert [stack[0] for stack in profile.stacks] == [35, 20]
    assert (profile.dropped, profile.dropped_stacks) == (0, 0)
    assert list(text(profile)) == ["main.main;net/http.serve 35", "main.main;main.Work 20"]


def test_what_is_too_light_to_matter_is_dropped_and_said() -> None:
    heavy = [((0, 1), 10_000)]
    light = [((0, 2, *([3] * depth)), 1) for depth in range(40)]
    profile = kept(*heavy, *light)
    assert (profile.total, profile.dropped, profile.dropped_stacks) == (10_040, 40, 40)
    assert [frame.function for frame in profile.frames] == ["main.main", "net/http.serve"]
    assert tree(profile).total == 10_040


def test_there_is_a_most_of_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flame, "MOST_STACKS", 3)
    profile = kept(*(((0, *([3] * depth)), 10) for depth in range(10)))
    assert (len(profile.stacks), profile.dropped, profile.dropped_stacks) == (3, 70, 7)


def test_an_idle_target_has_an_empty_profile() -> None:
    profile = kept()
    assert (profile.total, profile.stacks, profile.frames) == (0, (), ())
    assert tree(profile).children == []
    assert cores_busy(profile) == 0.0


def test_the_length_is_what_the_profile_says_and_not_what_was_asked() -> None:
    assert keep(profile_of(((0,), 1), duration_ns=1_000_000_000), at_s=0, asked_s=10).seconds == 1.0
    silent = keep(profile_of(((0,), 1), duration_ns=0), at_s=0, asked_s=10)
    assert silent.seconds is None
    assert cores_busy(silent) is None


def test_cores_busy() -> None:
    assert cores_busy(kept(((0,), 3_000_000_000))) == 1.5


def test_a_recursive_function_counts_once_in_its_total() -> None:
    shares = {one.frame: (one.own, one.total) for one in by_function(kept(((0, 2, 3, 2), 7), ((0, 2), 1)))}
    assert shares == {0: (0, 8), 1: (8, 8), 2: (0, 7)}


def test_what_is_found_is_never_counted_twice() -> None:
    profile = kept(((0, 2, 3, 2), 7), ((0, 1), 1), ((0, 3), 2))
    root = tree(profile)
    assert [node.total for node in found(root, matches(profile.frames, "WORK"))] == [7]
    assert [node.total for node in found(root, matches(profile.frames, "malloc"))] == [7, 2]
    assert found(root, matches(profile.frames, "nowhere")) == ()


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=8).map(tuple), st.integers(1, 10**9)))
)
def test_every_sum_of_the_tree_agrees(samples: list[tuple[tuple[int, ...], int]]) -> None:
    profile = keep(profile_of(*samples), at_s=0.0, asked_s=1.0)
    root = tree(profile)
    assert root.total == profile.total == sum(value for _, value in samples)
    assert profile.dropped <= 0.005 * profile.total + 1
    todo = [root]
    while todo:
        node = todo.pop()
        below = sum(child.total for child in node.children)
        assert node.total - node.own - below == (profile.dropped if node is root else 0)
        assert all(child.depth == node.depth + 1 and child.parent is node for child in node.children)
        assert [child.total for child in node.children] == sorted(
            (c.total for c in node.children), reverse=True
        )
        todo += node.children
    assert sum(one.own for one in by_function(profile)) == profile.total - profile.dropped


def test_a_stack_deeper_than_pythons_own_is_no_obstacle() -> None:
    root = tree(kept(((0, 2) * 5000, 1)))
    assert found(root, frozenset({7})) == ()


@pytest.mark.parametrize(
    ("function", "origin"),
    [
        ("main.main", "main"),
        ("net/http.(*conn).serve", "net/http"),
        ("github.com/a/b.v2.Do", "github.com/a/b"),
        ("slices.SortFunc[go.shape.[]a/b.C]", "slices"),
        ("0xbeef", ""),
        ("runtime.mallocgc", "runtime"),
    ],
)
def test_a_functions_package(function: str, origin: str) -> None:
    assert package(function) == origin
