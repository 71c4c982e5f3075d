"""Several runs: their median, their band, and what they could prove."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.stats.repeat import resolution, summarise


def test_the_band_of_three_is_two_and_a_half_times_their_spread() -> None:
    values = [22.9, 23.1, 23.3]
    spread = float(np.std(np.log(values), ddof=1))
    found = summarise(values)
    assert found.median == pytest.approx(23.1)
    assert found.half_pct == pytest.approx(100 * math.expm1(2.4841 * spread), rel=1e-4)
    assert found.low is not None and found.half_pct is not None
    assert found.low == pytest.approx(23.1 / (1 + found.half_pct / 100))
    assert found.words == "median of 3, ±2.2 %"


@pytest.mark.parametrize(("runs", "times"), [(3, 2.27), (5, 1.46), (6, 1.29), (10, 0.94)])
def test_the_smallest_difference_that_can_be_proved(runs: int, times: float) -> None:
    assert resolution(runs, 1.0) == pytest.approx(times, abs=0.005)


@pytest.mark.parametrize("runs", [1, 2])
def test_two_runs_have_a_median_and_no_band(runs: int) -> None:
    found = summarise([2.0, 8.0][:runs])
    assert (found.low, found.high, found.half_pct, found.resolution_pct) == (None, None, None, None)
    assert found.median == pytest.approx(2.0 if runs == 1 else 4.0)
    assert "no band" in found.words


def test_runs_that_agree_by_luck_are_no_better_than_their_own_intervals() -> None:
    lucky = summarise([5.0, 5.0, 5.0], within=[0.02, 0.02, 0.02])
    assert lucky.half_pct == pytest.approx(100 * math.expm1(2.4841 * 0.02), rel=1e-3)


def test_the_band_covers_the_true_median_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(2000):
        found = summarise([float(value) for value in np.exp(random.normal(0, 0.02, 3))])
        assert found.low is not None and found.high is not None
        covered += found.low <= 1.0 <= found.high
    assert 0.93 <= covered / 2000 <= 0.97


@pytest.mark.parametrize("values", [[], [1.0, 0.0], [1.0, -2.0]])
def test_values_that_have_no_logarithm_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        summarise(values)
