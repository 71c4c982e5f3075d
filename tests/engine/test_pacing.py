"""Schedules: exact where they are even, true to their law where they are random."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice, pairwise

import pytest

from engine.pacing import EXACT_COUNT, constant, count_due, due_times, poisson

S = 1_000_000_000


def test_even_gaps_do_not_drift() -> None:
    times = constant(3.0, 1000)
    assert list(islice(times, 4)) == [1000, 1000 + 333_333_333, 1000 + 666_666_667, 1000 + S]
    assert next(islice(times, 3_000_000 - 4, None)) == 1000 + 1_000_000 * S


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_the_parts_of_an_even_schedule_make_the_whole_one(parts: int) -> None:
    whole = list(islice(constant(1000.0, 5), 70))
    merged = sorted(
        time
        for part in range(parts)
        for time in islice(constant(1000.0, 5, part=part, parts=parts), 70 // parts)
    )
    assert merged == whole[: len(merged)]


def test_exponential_gaps_have_the_mean_the_spread_and_the_tail_of_their_law() -> None:
    times = [0, *islice(poisson(1000.0, 0, seed=7), 200_000)]
    gaps = [(after - before) / 1e6 for before, after in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert mean == pytest.approx(1.0, rel=0.01)
    assert spread == pytest.approx(1.0, rel=0.02)
    for multiple in (0.5, 1.0, 2.0, 4.0):
        share = sum(gap > multiple for gap in gaps) / len(gaps)
        assert share == pytest.approx(math.exp(-multiple), rel=0.05)


def test_the_parts_of_a_random_schedule_differ_and_add_up_to_its_rate() -> None:
    parts = [due_times("poisson", 3000.0, 0, part=part, parts=3, seed=42) for part in range(3)]
    counts = [sum(1 for _ in islice_until(times, 10 * S)) for times in parts]
    assert len(set(counts)) > 1
    assert sum(counts) == pytest.approx(30_000, rel=0.03)


def islice_until(times: Iterator[int], until_ns: int) -> list[int]:
    """Return what is due until then."""
    due = []
    for time in times:
        if time > until_ns:
            break
        due.append(time)
    return due


def test_a_schedule_is_the_same_again_with_the_same_seed() -> None:
    first, second = (list(islice(poisson(50.0, 0, seed=3), 100)) for _ in range(2))
    assert first == second
    assert first != list(islice(poisson(50.0, 0, seed=4), 100))


def test_what_is_due_is_counted_exactly_while_it_is_little() -> None:
    times = constant(1000.0, 0)
    assert count_due(times, next(times), 10 * S, 1000.0) == 10_001
    assert count_due(iter([]), 11, 10, 1000.0) == 0


def test_what_is_due_is_counted_at_once_when_it_is_much() -> None:
    rate = 1e6
    count = count_due(poisson(rate, 0, seed=1), 0, 60 * S, rate)
    assert count > EXACT_COUNT
    assert count == pytest.approx(60e6, rel=0.001)
