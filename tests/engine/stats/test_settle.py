"""The settle detector against the scenarios whose truth is known (measurement: one point a second, log p50)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from engine.stats.settle import Change, Detector, cut, drift, t95

RUNS = 40
SECONDS = 180


@dataclass(frozen=True)
class Outcome:
    """How a detector fared on one noisy series."""

    state: str
    settled_at: int | None
    start: int | None
    changes: list[tuple[int, Change]]


def watch(curve: Callable[[float], float], noise: float, seed: int, seconds: int = SECONDS) -> Outcome:
    """Feed a curve with AR(1) noise (correlation 0.3) to a detector."""
    random = np.random.default_rng(seed)
    detector = Detector()
    wander = 0.0
    changes: list[tuple[int, Change]] = []
    for second in range(seconds):
        wander = 0.3 * wander + random.normal(0, noise * math.sqrt(1 - 0.3**2))
        change = detector.push(curve(second) + wander)
        if change is not None:
            changes.append((second + 1, change))
    first = next((at for at, change in changes if change.kind == "settled"), None)
    return Outcome(detector.state, first, detector.start, changes)


def fare(curve: Callable[[float], float], noise: float, seconds: int = SECONDS) -> list[Outcome]:
    """Return how many runs fared."""
    return [watch(curve, noise, seed, seconds) for seed in range(RUNS)]


def share(outcomes: list[Outcome], *states: str) -> float:
    """Return the share of runs that ended in one of these states."""
    return sum(outcome.state in states for outcome in outcomes) / len(outcomes)


def bias(curve: Callable[[float], float], outcome: Outcome, seconds: int = SECONDS) -> float:
    """Return by how much the curve's mean over what was measured differs from where it ends."""
    assert outcome.start is not None
    values = [curve(second) for second in range(outcome.start, seconds)]
    return abs(sum(values) / len(values) - values[-1])


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 2.35336), (3, 2.35336), (4, 2.13185), (5, 2.01505), (8, 1.85955), (15, 1.75305), (40, 1.68385)],
)
def test_student_s_quantile_is_good_to_a_twentieth_of_a_percent(freedom: int, quantile: float) -> None:
    assert t95(freedom) == pytest.approx(quantile, rel=5e-4)


def test_a_straight_line_s_drift_is_exact() -> None:
    size, half = drift(np.arange(20, dtype=np.float64) * 0.01)
    assert size == pytest.approx(0.2)
    assert half == pytest.approx(0.0, abs=1e-9)


def test_the_cut_is_where_a_step_ends() -> None:
    series = np.r_[np.full(12, 1.0), np.zeros(40)] + np.random.default_rng(1).normal(0, 0.001, 52)
    assert cut(series) == 12


def test_flat_noise_settles_soon() -> None:
    outcomes = fare(lambda t: 0.0, 0.02)
    assert share(outcomes, "settled") >= 0.95
    assert np.median([o.settled_at or SECONDS for o in outcomes]) <= 25


def test_a_warm_up_settles_after_it_is_over_and_leaves_no_bias() -> None:
    def curve(t: float) -> float:
        return math.log(1 + math.exp(-t / 10))

    outcomes = fare(curve, 0.02)
    assert share(outcomes, "settled") >= 0.9
    assert np.median([o.settled_at or SECONDS for o in outcomes]) >= 30
    settled = [bias(curve, o) for o in outcomes if o.start is not None]
    assert np.mean(settled) <= 0.008


def test_steps_of_a_compiler_settle_on_the_last_one() -> None:
    def curve(t: float) -> float:
        return math.log(1 + 0.8 * (t < 8) + 0.3 * (t < 20) + 0.15 * (t < 45))

    outcomes = fare(curve, 0.02)
    assert share(outcomes, "settled") >= 0.9
    assert all(bias(curve, o) <= 0.02 for o in outcomes if o.start is not None)


@pytest.mark.parametrize(
    ("curve", "noise"),
    [
        (lambda t: 0.002 * t, 0.02),
        (lambda t: 0.25 * (t % 20) / 20, 0.02),
        (lambda t: math.log(1 + 0.3 * t), 0.02),
        (lambda t: 0.002 * t, 0.05),
    ],
    ids=["drift", "saw", "overload", "drift in noise"],
)
def test_what_never_settles_is_not_called_settled_at_the_end(
    curve: Callable[[float], float], noise: float
) -> None:
    assert share(fare(curve, noise), "settled") <= 0.1


@pytest.mark.parametrize("shift", [0.0953, -0.357], ids=["+10 %", "-30 %"])
def test_a_shift_is_found_within_seconds_and_settles_anew(shift: float) -> None:
    outcomes = fare(lambda t: shift * (t >= 90), 0.02)
    sizes = []
    for outcome in outcomes:
        found = [(at, change) for at, change in outcome.changes if change.kind == "shifted"]
        if outcome.settled_at is not None and outcome.settled_at < 90:
            at, change = found[0]
            assert 90 < at <= 110
            sizes.append(change.size)
    # The change point is the CUSUM's last zero, some seconds early in a run or two: the typical size counts.
    assert float(np.median(sizes)) == pytest.approx(shift, abs=0.02)
    assert share(outcomes, "settled") >= 0.9


def test_a_short_blip_rarely_shifts_anything() -> None:
    outcomes = fare(lambda t: 0.7 * (90 <= t < 93), 0.02)
    assert share(outcomes, "settled") >= 0.9
    assert sum(any(c.kind == "shifted" for _, c in o.changes) for o in outcomes) <= RUNS * 0.25


def test_a_steady_hour_raises_hardly_an_alarm() -> None:
    outcomes = [watch(lambda t: 0.0, 0.02, seed, 900) for seed in range(10)]
    assert sum(len(o.changes) - 1 for o in outcomes) <= 2


@pytest.mark.parametrize("noise", [0.01, 0.02, 0.05])
def test_a_drift_that_looks_like_a_staircase_is_not_settled_in_the_end(noise: float) -> None:
    assert share(fare(lambda t: 0.002 * t, noise), "settled") == 0


def test_a_level_that_lasted_is_no_step_of_a_staircase() -> None:
    outcomes = [watch(lambda t: 0.1 * (t >= 60) + 0.1 * (t >= 240), 0.02, seed, 300) for seed in range(10)]
    assert share(outcomes, "settled") >= 0.9


def test_progress_and_what_remains_lead_to_settling() -> None:
    random = np.random.default_rng(4)
    detector, guesses = Detector(), []
    for second in range(120):
        detector.push(random.normal(0, 0.035))
        if detector.state == "settling":
            assert 0 < detector.progress < 1
            guesses.append((second, detector.remaining))
        if detector.state == "settled":
            break
    assert detector.progress == 1.0
    assert detector.remaining == 0.0
    at, left = guesses[len(guesses) // 2]
    assert left is not None
    assert second - at == pytest.approx(left, rel=1.0, abs=10)


def test_what_drifts_beyond_the_margin_says_no_time() -> None:
    detector = Detector()
    for second in range(60):
        detector.push(0.01 * second + 0.001 * (second % 2))
    assert detector.remaining is None
