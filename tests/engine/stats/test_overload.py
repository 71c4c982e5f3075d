"""A backlog that grows, told from one that wanders."""

from __future__ import annotations

import numpy as np
import pytest

from engine.stats.overload import HOLD, SHORTEST, overload


def flow(random: np.random.Generator, seconds: int, due: float, left: float) -> tuple[np.ndarray, np.ndarray]:
    """Return Poisson numbers of requests due and answered."""
    return random.poisson(due, seconds).astype(float), random.poisson(left, seconds).astype(float)


def test_a_growing_backlog_is_found_with_its_growth_and_the_capacity() -> None:
    due, left = flow(np.random.default_rng(1), 20, 600, 500)
    growth = overload(due, left)
    assert growth is not None
    assert growth.growth_rps == pytest.approx(100, rel=0.2)
    assert growth.capacity_rps == pytest.approx(500, rel=0.03)
    assert growth.backlog == pytest.approx(2000, rel=0.2)
    assert growth.seconds == pytest.approx(20, abs=3)


def test_it_takes_some_seconds_and_no_more() -> None:
    due, left = np.full(40, 600.0), np.full(40, 500.0)
    assert overload(due[: SHORTEST + HOLD - 2], left[: SHORTEST + HOLD - 2]) is None
    assert overload(due[: SHORTEST + HOLD - 1], left[: SHORTEST + HOLD - 1]) is not None


def test_one_that_begins_late_is_found_and_counted_from_its_begin() -> None:
    random = np.random.default_rng(2)
    due, left = flow(random, 60, 500, 500)
    due[40:] += 100
    growth = overload(due, left)
    assert growth is not None
    assert growth.growth_rps == pytest.approx(100, rel=0.4)
    assert growth.seconds <= 45


@pytest.mark.parametrize("seed", range(5))
def test_a_backlog_that_only_wanders_is_no_overload(seed: int) -> None:
    due, left = flow(np.random.default_rng(seed), 60, 500, 500)
    assert not any(overload(due[:end], left[:end]) for end in range(12, 61))


def test_a_stall_of_some_seconds_is_no_overload() -> None:
    due = np.full(40, 500.0)
    left = due.copy()
    left[20:23], left[23] = 0, 2000
    assert not any(overload(due[:end], left[:end]) for end in range(12, 41))


def test_it_is_over_as_soon_as_the_backlog_shrinks() -> None:
    due = np.full(40, 600.0)
    left = np.r_[np.full(30, 500.0), np.full(10, 900.0)]
    assert overload(due[:30], left[:30]) is not None
    assert overload(due, left) is None
