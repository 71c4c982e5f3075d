"""Raw and calibrated p99, on samples whose p99 is known with each thing in it and without."""

from __future__ import annotations

import numpy as np
import pytest

from engine.figures import LEFT_OUT, Calibration
from engine.histogram import Ages, Histogram
from engine.stats.calibrate import Taken, calibrate

MS = 1_000_000


def histogram(*samples: tuple[int, float], censored: int = 0, ages: Ages | None = None) -> Histogram:
    """Return a histogram of (how many, milliseconds)."""
    made = Histogram()
    values = [np.full(number, round(ms * MS), np.int64) for number, ms in samples]
    made.add(np.concatenate([*values, np.empty(0, np.int64)]), censored=censored, ages=ages)
    return made


def calibrated(
    *answered: tuple[int, float],
    censored: int = 0,
    failed: Histogram | None = None,
    connect: Histogram | None = None,
    first_attempts: Histogram | None = None,
    settled: Histogram | None = None,
    open_loop: bool = False,
) -> Calibration:
    """Return the calibration of successful answers and what else there was."""
    taken = Taken(
        answered=histogram(*answered, censored=censored),
        failed=failed or Histogram(),
        connect=connect or Histogram(),
        first_attempts=first_attempts or Histogram(),
        settled=settled,
        open_loop=open_loop,
    )
    return calibrate(taken, timeout_s=10.0)


def ms(seconds: float | None) -> float:
    """Return a time that must be there in milliseconds, to a bin's half."""
    assert seconds is not None
    return round(seconds * 1e3, 1)


def test_where_nothing_is_left_out_both_are_p99_and_the_list_is_empty() -> None:
    found = calibrated((990, 1), (10, 5))
    assert (ms(found.raw_p99_s), ms(found.calibrated_p99_s), found.left_out) == (1, 1, ())
    assert ms(calibrated((989, 1), (11, 5)).calibrated_p99_s) == 5


def test_failed_answers_are_in_the_raw_one_only() -> None:
    found = calibrated((990, 1), failed=histogram((30, 8)))
    assert (ms(found.raw_p99_s), ms(found.calibrated_p99_s)) == (8, 1)
    (failed,) = found.left_out
    assert (failed.what, failed.count, failed.in_response) == ("failed answers", 30, False)
    assert ms(failed.p99_effect_s) == 7


def test_quick_failures_flatter_p99_and_the_effect_says_so_by_its_sign() -> None:
    found = calibrated((970, 1), (30, 9), failed=histogram((3000, 0.1)))
    assert (ms(found.raw_p99_s), ms(found.calibrated_p99_s)) == (1, 9)
    assert ms(found.left_out[0].p99_effect_s) == -8


def test_requests_without_an_answer_are_slower_than_all_and_counted_by_the_headline_too() -> None:
    found = calibrated((985, 1), censored=15)
    assert (found.raw_p99_s, found.raw_at_least, ms(found.calibrated_p99_s)) == (10.0, True, 1)
    (lost,) = found.left_out
    assert (lost.what, lost.count, lost.in_response, lost.at_least) == ("without an answer", 15, True, True)
    assert lost.p99_effect_s == pytest.approx(9.999)


def test_a_connection_for_every_request_is_in_the_raw_one_of_a_closed_loop() -> None:
    found = calibrated((1000, 1), connect=histogram((1000, 4)))
    assert (ms(found.raw_p99_s), ms(found.calibrated_p99_s)) == (5, 1)
    assert [(one.what, one.count, ms(one.p99_effect_s)) for one in found.left_out] == [
        ("connection set-up", 1000, 4)
    ]
    # 5 of 1000 waited: beyond p99. 20 of them: p99 is one of theirs.
    assert ms(calibrated((1000, 1), connect=histogram((5, 4))).raw_p99_s) == 1
    assert ms(calibrated((1000, 1), connect=histogram((20, 4))).raw_p99_s) == 5


def test_who_waited_for_which_connection_is_taken_as_chance() -> None:
    # 2 % are slow, 30 % had to wait for a connection: 0.6 % are both, 2 % reach 10 ms, 1 % is beyond 14.
    found = calibrated((980, 1), (20, 10), connect=histogram((300, 4)))
    assert ms(found.raw_p99_s) == 10
    found = calibrated((980, 1), (20, 10), connect=histogram((600, 4)))
    assert ms(found.raw_p99_s) == 14


def test_in_an_open_loop_waiting_for_a_connection_is_in_the_response_time_already() -> None:
    waited = {"connect": histogram((1000, 4)), "first_attempts": histogram((1000, 2))}
    found = calibrated((1000, 1), **waited, open_loop=True)  # type: ignore[arg-type]
    assert ms(found.raw_p99_s) == ms(found.calibrated_p99_s) == 1
    assert [(one.what, one.p99_effect_s, one.in_response) for one in found.left_out] == [
        ("connection set-up", 0.0, True),
        ("lost first attempts", 0.0, True),
    ]


def test_the_warm_up_is_what_is_not_in_the_settled_part() -> None:
    found = calibrated((950, 1), (50, 20), settled=histogram((600, 1)))
    assert (ms(found.raw_p99_s), ms(found.calibrated_p99_s)) == (20, 1)
    assert [(one.what, one.count, ms(one.p99_effect_s)) for one in found.left_out] == [("warm-up", 400, 19)]


def test_effects_add_up_to_the_difference_when_everything_happens_at_once() -> None:
    rng = np.random.default_rng(3)
    answered, settled = Histogram(), Histogram()
    answered.add(rng.lognormal(14, 1, 20_000).astype(np.int64), censored=120)
    settled.add(rng.lognormal(13.8, 0.8, 12_000).astype(np.int64), censored=30)
    failed, connect, first = (Histogram() for _ in range(3))
    failed.add(rng.lognormal(15, 1, 700).astype(np.int64))
    connect.add(rng.lognormal(15, 0.5, 5000).astype(np.int64))
    first.add(rng.lognormal(13, 0.5, 40).astype(np.int64))
    found = calibrate(
        Taken(answered, failed, connect, first, settled, open_loop=False),
        timeout_s=10.0,
    )
    assert tuple(one.what for one in found.left_out) == LEFT_OUT
    assert found.raw_p99_s is not None
    assert found.calibrated_p99_s == settled_p99(settled)
    assert sum(one.p99_effect_s or 0.0 for one in found.left_out) == pytest.approx(
        found.raw_p99_s - found.calibrated_p99_s
    )


def settled_p99(settled: Histogram) -> float:
    """Return p99 of the answered."""
    value = sorted(settled.bins.middle(int(i)) for i in np.repeat(np.arange(settled.bins.size), settled.counts))
    return value[int(np.ceil(0.99 * len(value))) - 1] / 1e9


def test_too_few_samples_have_no_p99_but_counts() -> None:
    found = calibrated((100, 1), failed=histogram((7, 3)))
    assert (found.raw_p99_s, found.calibrated_p99_s) == (None, None)
    assert [(one.count, one.p99_effect_s) for one in found.left_out] == [(7, None)]
