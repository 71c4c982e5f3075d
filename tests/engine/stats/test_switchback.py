"""Two settings in turn: order, verdict, gap."""

from __future__ import annotations

import math

import pytest

from engine.stats import switchback

SCATTER = (0.01, -0.02, 0.015, -0.01, 0.02, -0.015)


def test_of_every_two_pairs_one_is_turned_round() -> None:
    for seed in range(20):
        order = switchback.order(8, seed)
        assert all({order[i], order[i + 1]} == {"AB", "BA"} for i in range(0, 8, 2))
    assert {switchback.order(1, seed) for seed in range(20)} == {("AB",), ("BA",)}
    assert switchback.order(7, 5) == switchback.order(7, 5)


def test_a_difference_in_every_pair_is_real_and_caused_by_the_setting() -> None:
    found = switchback.verdict([0.1 + scatter for scatter in SCATTER])
    assert found.kind == "real"
    assert found.ratio == pytest.approx(math.exp(0.1))
    # t of 5 degrees of freedom, s = 0.017, six pairs.
    assert math.log(found.high) - 0.1 == pytest.approx(2.5706 * 0.017029 / math.sqrt(6), rel=1e-3)
    assert "caused by the setting" in found.reasons[0]


def test_no_difference_is_the_same() -> None:
    assert switchback.verdict(SCATTER).kind == "same"


def test_too_few_pairs_are_no_verdict() -> None:
    found = switchback.verdict([0.1, 0.1, 0.1])
    assert found.kind == "cannot-tell"
    assert "3 of at least 6 pairs" in found.words
    assert switchback.verdict([]).kind == "cannot-tell"


def test_what_cannot_be_told_says_how_many_pairs_more_would_tell() -> None:
    noisy = [8 * scatter for scatter in SCATTER]
    found = switchback.verdict(noisy)
    assert found.kind == "cannot-tell"
    more = switchback.more_pairs(noisy)
    assert more is not None
    assert f"needs about {more} pairs more" in found.reasons[0]
    assert switchback.more_pairs([100 * scatter for scatter in SCATTER]) is None


def test_the_gap_is_as_long_as_the_way_to_the_new_level() -> None:
    assert switchback.gap_s([1.0] * 10) == switchback.GAP_S
    assert switchback.gap_s([1.5, 1.4, 1.3, 1.2, *[1.0] * 8]) == 4.0
    assert switchback.gap_s([]) == switchback.GAP_S


def test_a_baseline_that_moved_is_noticed() -> None:
    assert switchback.baseline_moved(0.0, 0.06)
    assert not switchback.baseline_moved(0.0, -0.04)
