"""Short forms of `python -m benchmarks statistics`: what is said against what is true, with few runs."""

from __future__ import annotations

import pytest

from benchmarks import judgement, virtual
from benchmarks.judgement import CURVES


@pytest.mark.parametrize("curved", CURVES, ids=lambda curved: curved.name)
def test_what_settles_is_settled_without_bias_and_what_does_not_is_not(curved: judgement.Curved) -> None:
    found = judgement.watch(curved, 1)
    if curved.steady:
        assert max(found.bias, default=0.0) <= 0.015
        assert found.share("settled") == 1
    else:
        assert found.share("settled") == 0


@pytest.mark.parametrize("even", [False, True], ids=["M/M/1", "D/M/1"])
def test_intervals_of_a_queue_hold_the_closed_form(even: bool) -> None:
    truth = judgement.queue_truth(0.7, even=even)
    found = judgement.cover(judgement.queue(0.7, 500, 60, even=even), truth, 60, 40)
    assert all(coverage.held >= 0.85 for coverage in found.values())
    assert found["p99"].half_pct < 30
    assert found["p50"].open_ended == 0


def test_equal_stretches_are_not_called_different_and_a_tenth_is_found() -> None:
    given = judgement.mix(
        lambda random: virtual.lognormal(random, 1000, 60, median_s=0.01, sigma=1.0), (0.0, 0.10), 20
    )
    assert given["p50", 0.0]["same"] == 20
    assert given["p99", 0.0]["real"] == 0
    assert given["p50", 0.10]["real"] >= 18


def test_turns_do_not_cry_wolf_in_slow_noise() -> None:
    paired, _ = judgement.turns(20.0, 0.0, 40, rate=50)
    assert paired["real"] + paired["changed"] <= 10


def test_an_overload_is_found_soon_and_a_busy_queue_is_none() -> None:
    over = judgement.overloads(1.2, 20, 5)
    assert max(over.found_s) <= 15
    assert max(abs(error) for error in over.capacity_error) <= 0.05
    assert judgement.overloads(0.9, 60, 3).capacity_error == []


def test_the_statistics_of_a_second_are_cheap() -> None:
    # 5 ms is the bar, on a machine that does nothing else; here it shares one.
    assert judgement.cost_ms(history=0, seconds=300) < 25
