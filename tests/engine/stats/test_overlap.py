"""Overlaps of requests with what happened, against counting one by one and against chance itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stats.overlap import Times, by_chance, merged, overlapping

intervals = st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30)), max_size=12)


def arrays(pairs: list[tuple[int, int]]) -> tuple[Times, Times]:
    """Return begins and ends of (begin, length)."""
    both = np.array([(begin, begin + length) for begin, length in pairs], np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


@given(intervals)
def test_merged_intervals_cover_the_same_moments_and_are_apart(given_intervals: list[tuple[int, int]]) -> None:
    begins, ends = arrays(given_intervals)
    first, last = merged(begins, ends)
    moments = {moment for begin, end in zip(begins, ends, strict=True) for moment in range(begin, end)}
    assert moments == {moment for begin, end in zip(first, last, strict=True) for moment in range(begin, end)}
    assert (first[1:] > last[:-1]).all()


@given(intervals, intervals)
def test_overlaps_are_those_of_counting_one_by_one(
    requests: list[tuple[int, int]], given_intervals: list[tuple[int, int]]
) -> None:
    starts, stops = arrays(requests)
    begins, ends = arrays(given_intervals)
    expected = [
        any(begin < stop and end > start for begin, end in zip(begins, ends, strict=True))
        for start, stop in zip(starts, stops, strict=True)
    ]
    assert overlapping(starts, stops, *merged(begins, ends)).tolist() == expected


@pytest.mark.parametrize("length", [1, 20, 150, 5000])
def test_chance_is_what_random_begins_give(length: int) -> None:
    span = 10_000
    begins, ends = merged(*arrays([(100, 50), (400, 10), (3000, 700), (9000, 5)]))
    random = np.random.default_rng(1).integers(0, span, 200_000)
    # On a ring: what reaches over the end of the stretch goes on at its begin.
    twice = np.concatenate((begins, begins + span)), np.concatenate((ends, ends + span))
    share = overlapping(random, random + length, *twice).mean()
    assert by_chance(np.array([length]), begins, ends, 0, span) == pytest.approx(share, abs=0.005)


def test_what_lies_outside_of_the_stretch_is_not_in_it() -> None:
    begins, ends = merged(*arrays([(0, 100), (950, 100), (3000, 10)]))
    # 50 of the 1000 are covered, and 10 before.
    assert by_chance(np.array([10]), begins, ends, 100, 1000) == pytest.approx(60 / 900)
    assert by_chance(np.array([10]), begins, ends, 200, 900) == 0
    assert by_chance(np.array([10]), *merged(*arrays([])), 0, 900) == 0
    assert by_chance(np.array([10]), begins, ends, 900, 900) == 0
