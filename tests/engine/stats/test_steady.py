"""Why a series is not steady."""

from __future__ import annotations

import numpy as np
import pytest

from engine.stats.steady import cycle, unsteady

SECONDS = np.arange(150)


def noise(spread: float, seed: int = 0) -> np.ndarray:
    """Return noise for every second."""
    return np.random.default_rng(seed).normal(0, spread, SECONDS.size)


@pytest.mark.parametrize("period", [7, 20, 45])
def test_a_cycle_s_period_is_found(period: int) -> None:
    saw = 0.25 * (SECONDS % period) / period
    found = unsteady(saw + noise(0.02))
    assert found.why == "cycling"
    assert found.period == pytest.approx(period, abs=1)
    assert cycle(0.1 * np.sin(2 * np.pi * SECONDS / period) + noise(0.02)) == pytest.approx(period, abs=2)


def test_a_drift_is_no_cycle() -> None:
    found = unsteady(0.002 * SECONDS + noise(0.02))
    assert (found.why, found.period) == ("drifting", None)
    assert found.drift / found.points == pytest.approx(0.002, rel=0.2)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_neither(seed: int) -> None:
    assert unsteady(noise(0.2, seed)).why == "noisy"


@pytest.mark.parametrize("seed", range(5))
def test_noise_that_wanders_does_not_come_back_and_is_no_cycle(seed: int) -> None:
    wander = np.zeros(SECONDS.size)
    for at, step in enumerate(noise(0.05, seed)[1:], 1):
        wander[at] = 0.9 * wander[at - 1] + step
    assert cycle(wander) is None


def test_a_constant_has_no_period() -> None:
    assert cycle(np.zeros(50)) is None
