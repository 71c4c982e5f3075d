"""Intervals of percentiles: what samples are worth, and which ranks they allow to name."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.stats.quantiles import Worth, final_span, least, live_span, mean_half, worth


@pytest.mark.parametrize(
    ("quantile", "samples"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688), (0.9999, 36887)]
)
def test_the_fewest_samples_for_an_interval_with_two_ends(quantile: float, samples: int) -> None:
    assert least(quantile) == samples
    normal = 1.96  # as if of endless blocks, so that all samples count
    assert final_span(quantile, Worth(samples + 0.5, normal))[1] <= 1
    assert final_span(quantile, Worth(samples - 0.5, normal))[1] > 1


def blocks(share: np.ndarray[tuple[int], np.dtype[np.float64]], each: int) -> tuple[np.ndarray, np.ndarray]:
    """Return counts below a percentile, and in all, of blocks of one size."""
    return np.round(share * each).astype(np.int64), np.full(share.size, each)


def test_independent_samples_are_worth_what_they_are() -> None:
    random = np.random.default_rng(1)
    effective = []
    for _ in range(200):
        below = random.binomial(1000, 0.9, 60)
        effective.append(worth(below, np.full(60, 1000), 60_000, 0.9).effective / 60_000)
    assert 0.7 <= float(np.median(effective)) <= 1.0


def test_seconds_that_differ_make_samples_worth_less() -> None:
    # Half of the seconds have 80 % below, half 100 %: the variance of a share is 0.01, of 1000 draws 0.00009.
    below, total = blocks(np.tile([0.8, 1.0], 30), 1000)
    known = worth(below, total, 60_000, 0.9)
    assert known.effective == pytest.approx(60_000 / (0.01 * 60 / 59 * 1000 / 0.09), rel=0.01)
    assert known.trusted <= known.effective


def test_neighbours_that_are_alike_make_them_worth_still_less() -> None:
    alternating = worth(*blocks(np.tile([0.8, 1.0], 30), 1000), 60_000, 0.9)
    in_rows = worth(*blocks(np.repeat(np.tile([0.8, 1.0], 5), 6), 1000), 60_000, 0.9)
    assert in_rows.effective < alternating.effective / 4
    assert in_rows.t > alternating.t


def test_a_tail_that_came_in_few_bursts_is_trusted_less_than_one_spread_out() -> None:
    burst = np.full(60, 1000)
    burst[[10, 40]] -= 300
    spread = np.full(60, 1000) - np.tile([20, 0], 30)
    few, many = (worth(below, np.full(60, 1000), 60_000, 0.99) for below in (burst, spread))
    assert few.t > many.t


def test_equal_seconds_and_constant_values_are_no_division_by_zero() -> None:
    all_below = np.full(20, 100)
    known = worth(all_below, all_below, 2000, 0.99)
    assert known.effective == 2000


def test_the_live_band_is_wider_and_ends_where_nothing_is_known() -> None:
    known = Worth(5000.0, 2.0)
    final, live = final_span(0.9, known), live_span(0.9, known)
    assert live[0] < final[0] < 0.9 < final[1] < live[1] < 1
    assert live_span(0.999, Worth(500.0, 2.0))[1] == math.inf


def test_the_live_band_is_wilson_s() -> None:
    low, high = live_span(0.5, Worth(100.0, 1.96))
    g = 3.1**2 / 100
    half = 3.1 / (1 + g) * math.sqrt(0.25 / 100 + g / 400)
    assert low == pytest.approx(0.5 - half)
    assert high == pytest.approx(0.5 + half)


def test_the_interval_of_a_mean_is_student_s_for_independent_seconds() -> None:
    values = np.tile([9.0, 11.0, 11.0, 9.0], 10)  # neighbours are as often alike as not
    spread = math.sqrt(40 / 39)
    assert mean_half(values) == pytest.approx(2.03 * spread / math.sqrt(40), rel=0.06)
    assert mean_half(np.full(20, 5.0)) == 0
