"""What a series turned out to be, seen from its end."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.virtual import wander
from engine.figures import Course
from engine.stats.hindsight import FEWEST, SHORTEST, changes, look_back

SECONDS = 180


def series(curve: Callable[[float], float], noise: float, seed: int, seconds: int = SECONDS) -> np.ndarray:
    """Return a curve with noise whose neighbours are alike."""
    level = np.array([curve(second) for second in range(seconds)])
    return level + wander(np.random.default_rng(seed), seconds, spread=noise, lasting_s=2.0)


@pytest.mark.parametrize(
    ("curve", "course", "since"),
    [
        (lambda t: 0.0, "flat", 0),
        (lambda t: math.log(1 + math.exp(-t / 10)), "warm-up", 30),
        (lambda t: math.log(1 + 0.8 * (t < 8) + 0.3 * (t < 20) + 0.15 * (t < 45)), "warm-up", 45),
        (lambda t: math.log(1 - 0.3 * math.exp(-t / 10)), "slow-down", 20),
        (lambda t: 0.0953 * (t >= 90), "slow-down", 90),
        (lambda t: -0.357 * (t >= 90), "warm-up", 90),
        (lambda t: 0.7 * (90 <= t < 93), "warm-up", 94),
        (lambda t: 0.25 * (t % 20) / 20, "no-steady-state", None),
        (lambda t: math.log(1 + 0.3 * t), "no-steady-state", None),
    ],
)
def test_a_course_is_called_what_it_was(
    curve: Callable[[float], float], course: Course, since: int | None
) -> None:
    found = [look_back(series(curve, 0.02, seed)) for seed in range(12)]
    assert Counter(one.course for one in found if one)[course] >= 11
    begins = [one.since for one in found if one and one.course == course]
    assert since is None or np.median(begins) == pytest.approx(since, abs=12)


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.1])
def test_noise_is_flat(noise: float) -> None:
    found = [look_back(series(lambda t: 0.0, noise, seed)) for seed in range(12)]
    assert {(one.course, one.since) for one in found if one} == {("flat", 0)}


def test_a_slow_drift_is_no_level_that_was_kept_from_the_begin() -> None:
    found = [look_back(series(lambda t: 0.002 * t, 0.02, seed)) for seed in range(12)]
    assert all(one and one.since > SECONDS / 3 for one in found)
    assert "flat" not in {one.course for one in found if one}


def test_the_begins_of_levels_are_found_exactly_where_they_are_plain() -> None:
    level = np.repeat([1.0, 0.5, 0.8], [20, 31, 49]) + np.random.default_rng(1).normal(0, 0.01, 100)
    assert changes(level) == [0, 20, 51]


def test_a_change_of_variance_is_a_change() -> None:
    random = np.random.default_rng(2)
    found = changes(np.r_[random.normal(0, 0.01, 60), random.normal(0, 0.1, 60)])
    assert len(found) == 2
    assert found[1] == pytest.approx(60, abs=3)


def test_a_level_is_no_shorter_than_it_takes_to_have_a_variance() -> None:
    random = np.random.default_rng(3)
    for _ in range(20):
        begins = [*changes(np.cumsum(random.normal(0, 1, 60))), 60]
        assert min(np.diff(begins)) >= SHORTEST


def test_the_cheapest_of_all_ways_to_cut_a_short_series_is_found() -> None:
    random = np.random.default_rng(4)
    for _ in range(10):
        values = np.r_[random.normal(0, 0.05, 8), random.normal(0.6, 0.05, 9), random.normal(0.3, 0.05, 8)]
        assert changes(values) == cheapest(values)


def cheapest(values: np.ndarray) -> list[int]:
    """Return the begins of levels by trying everything, as their definition has it."""
    n = values.size
    nothing: list[int] = []
    best = [(0.0, nothing)] + [(math.inf, nothing)] * n
    for end in range(SHORTEST, n + 1):
        for begin in range(end - SHORTEST + 1):
            variance = max(float(np.var(values[begin:end])), 1e-6)
            cost = best[begin][0] + (end - begin) * (math.log(variance) + 1) + 15 * math.log(n)
            if cost < best[end][0]:
                best[end] = cost, [*best[begin][1], begin]
    return best[n][1]


def test_of_few_points_nothing_is_said() -> None:
    assert look_back(np.zeros(FEWEST - 1)) is None
    assert look_back(np.zeros(FEWEST)) is not None


def test_a_series_of_hours_is_looked_at_in_means_of_neighbours() -> None:
    found = look_back(series(lambda t: 0.3 * (t < 3000), 0.02, 1, 9000))
    assert found is not None
    assert found.course == "warm-up"
    assert found.since == pytest.approx(3000, abs=9)
