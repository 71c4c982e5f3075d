from __future__ import annotations

import math

import pytest

from engine.machine import CoreNow, affinity_stability, cpu_skew_ratio


@pytest.mark.parametrize(
    ("cpu_s", "allowed", "ratio"),
    [
        ({0: 3.0, 1: 3.0}, (0, 1), 1.0),
        ({0: 3.0}, (0, 1), 0.0),
        ({0: 1.0, 1: 1.0}, (0, 1, 2, 3), 0.5),  # ln 2 / ln 4
        ({0: 3.0, 1: 1.0}, (0, 1), -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(2)),
        ({0: 1.0, 1: 1.0, 2: 1.0}, (0, 1), 1.0),  # the set was narrowed meanwhile
    ],
)
def test_evenness_is_the_entropy_over_that_of_an_even_spread(
    cpu_s: dict[int, float], allowed: tuple[int, ...], ratio: float
) -> None:
    assert cpu_skew_ratio(cpu_s, allowed) == pytest.approx(ratio, abs=1e-12)


@pytest.mark.parametrize(
    ("cpu_s", "allowed"), [({}, (0, 1)), ({0: 0.0}, (0, 1)), ({0: 1.0}, (0,)), ({0: 1.0}, None)]
)
def test_where_nothing_can_be_uneven_nothing_is_said(
    cpu_s: dict[int, float], allowed: tuple[int, ...] | None
) -> None:
    assert cpu_skew_ratio(cpu_s, allowed) is None


@pytest.mark.parametrize(
    ("moves", "slices", "stability"),
    [(5, 100, 0.05), (0, 100, 0.0), (5, 0, None), (None, 9, None), (5, None, None)],
)
def test_moves_per_timeslice(moves: float | None, slices: float | None, stability: float | None) -> None:
    assert affinity_stability(moves, slices) == stability


def test_a_core_is_busy_with_all_that_it_does() -> None:
    assert CoreNow(0, user_pct=1, system_pct=2, softirq_pct=3, steal_pct=4).busy_pct == 10
