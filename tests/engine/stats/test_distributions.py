"""Quantiles of Student's t and of the binomial, against printed tables and exact sums."""

from __future__ import annotations

import math

import pytest

from engine.stats.distributions import binomial, student_t


@pytest.mark.parametrize(
    ("freedom", "quantile", "printed"),
    [
        (1, 0.975, 12.7062),
        (2, 0.975, 4.30265),
        (2, 0.95, 2.91999),
        (3, 0.975, 3.18245),
        (5, 0.975, 2.57058),
        (9, 0.975, 2.26216),
        (10, 0.995, 3.16927),
        (30, 0.975, 2.04227),
        (120, 0.975, 1.97993),
        (1e6, 0.975, 1.95997),
        (4.5, 0.975, 2.65891),
    ],
)
def test_student_s_t_is_that_of_the_tables(freedom: float, quantile: float, printed: float) -> None:
    assert student_t(freedom, quantile) == pytest.approx(printed, rel=3e-6)


def exact(quantile: float, trials: int, probability: float) -> int:
    """Return the binomial's quantile by summing integers' own probabilities."""
    total = 0.0
    for successes in range(trials + 1):
        total += (
            math.comb(trials, successes) * probability**successes * (1 - probability) ** (trials - successes)
        )
        if total >= quantile:
            return successes
    return trials


@pytest.mark.parametrize("trials", [1, 2, 5, 36, 72, 368, 900])
@pytest.mark.parametrize("probability", [0.5, 0.9, 0.99, 0.999])
def test_the_binomial_is_exact_where_it_can_be_summed(trials: int, probability: float) -> None:
    for quantile in (0.025, 0.05, 0.5, 0.95, 0.975):
        assert binomial(quantile, trials, probability) == exact(quantile, trials, probability)


def test_the_expansion_for_many_trials_goes_on_where_the_sums_end() -> None:
    # Variance 9,999.9 is summed, 10,000.1 is not: the same ranks, one trial apart.
    for quantile in (0.025, 0.975):
        summed, expanded = binomial(quantile, 1_010_090, 0.99), binomial(quantile, 1_010_112, 0.99)
        assert abs(expanded - summed - 22 * 0.99) <= 1


def test_a_certain_rank_is_never_beyond_the_trials() -> None:
    assert binomial(0.975, 100, 0.999) == 100
    assert binomial(0.025, 3, 0.5) == 0
