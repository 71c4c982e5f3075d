"""Intervals as a report has them, from the seconds of a segment."""

from __future__ import annotations

import numpy as np

from engine.books.batches import Batches
from engine.books.certainty import certainty, throughput_interval, unstable
from engine.figures import Latency
from engine.histogram import Histogram


def seconds(
    number: int, rate: int, *, seed: int = 1, shift: float = 0.0, censored: int = 0
) -> tuple[Histogram, Batches]:
    """Return lognormal seconds around 10 ms; the second half of them is slower by a share."""
    random = np.random.default_rng(seed)
    whole, batches = Histogram(), Batches()
    for second in range(number):
        part = Histogram()
        level = 1 + shift * (second >= number // 2)
        values = 10e6 * level * random.lognormal(0, 0.5, rate)
        part.add(values.astype(np.int64), censored=censored)
        batches.add(part.packed(), rate + second % 2)
        whole.merge(part)
    return whole, batches


def test_a_minute_has_intervals_around_its_percentiles() -> None:
    whole, batches = seconds(60, 1000)
    said = certainty(whole, batches, seconds=60, live=False)
    latency = said.on(whole.latency(longest_s=10))
    for label, value in (
        ("p50", latency.p50),
        ("p90", latency.p90),
        ("p99", latency.p99),
        ("p99.9", latency.p999),
    ):
        assert value is not None
        low, high = latency.ci95[label]
        assert low < value < high
        assert high / low < 1.5
    assert 20_000 < latency.worth["p50"] <= 60_000


def test_while_it_runs_the_band_is_wider_and_comes_later() -> None:
    whole, batches = seconds(60, 1000)
    final, live = (certainty(whole, batches, seconds=60, live=live) for live in (False, True))
    assert live.ci95["p99"][0] < final.ci95["p99"][0] < final.ci95["p99"][1] < live.ci95["p99"][1]
    whole, batches = seconds(15, 1000)
    assert certainty(whole, batches, seconds=15, live=False).ci95
    early = certainty(whole, batches, seconds=15, live=True)
    assert early.ci95 == {}
    assert early.needs_s["p50"] == 5


def test_below_the_minimum_it_says_how_much_longer_it_takes() -> None:
    whole, batches = seconds(60, 20)
    said = certainty(whole, batches, seconds=60, live=False)
    assert "p99" not in said.ci95 or said.worth["p99"] >= 368
    # 1200 samples, worth at most that many: p99.9 needs 3688.
    assert said.needs_s["p99.9"] >= 60 * (3688 / 1200 - 1)
    assert said.at_least["p99.9"] > 0.01


def test_a_percentile_among_requests_without_an_answer_has_no_upper_end() -> None:
    whole, batches = seconds(60, 1000, censored=20)
    said = certainty(whole, batches, seconds=60, live=False)
    assert "p99" not in said.ci95
    assert "p99" not in said.needs_s  # more of the same would not help
    assert "p90" in said.ci95


def test_nothing_measured_is_nothing_said() -> None:
    said = certainty(Histogram(), Batches(), seconds=0, live=True)
    assert said.on(Latency()) == Latency()


def test_two_halves_that_differ_are_no_baseline() -> None:
    assert unstable(seconds(60, 1000)[1]) == ()
    assert unstable(seconds(60, 1000, shift=0.2)[1]) == ("p50", "p99")
    assert unstable(seconds(10, 1000, shift=0.2)[1]) == ()


def test_throughput_has_an_interval_from_its_seconds() -> None:
    _, batches = seconds(60, 1000)
    interval = throughput_interval(batches)
    assert interval is not None
    assert interval[0] < 1000.5 < interval[1]
    assert interval[1] - interval[0] < 1
    assert throughput_interval(seconds(5, 100)[1]) is None
