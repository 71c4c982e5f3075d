"""Seconds kept for later counting: exact whatever the threshold, bounded whatever the length."""

from __future__ import annotations

import numpy as np
import pytest

from engine.books.batches import ENOUGH, MOST, Batches
from engine.histogram import FINE, Histogram


def second(values_ms: list[float], *, censored: int = 0) -> Histogram:
    """Return a histogram of some milliseconds."""
    histogram = Histogram()
    histogram.add((np.array(values_ms) * 1e6).astype(np.int64), censored=censored)
    return histogram


def bins(*values_ms: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the bins of some milliseconds."""
    return FINE.of((np.array(values_ms) * 1e6).astype(np.int64))


def test_any_threshold_can_be_counted_in_every_second() -> None:
    batches = Batches()
    batches.add(second([1, 2, 3]).packed(), 3)
    batches.add(second([2, 2, 9], censored=1).packed(), 4)
    batches.add(second([]).packed(), 0)
    assert batches.below(bins(2, 0.5, 100)).tolist() == [[2, 2, 0], [0, 0, 0], [3, 3, 0]]
    assert batches.totals.tolist() == [3, 4, 0]
    assert batches.done.tolist() == [3, 4, 0]


@pytest.mark.parametrize("seconds", [MOST, MOST + 1, MOST + 2, 2 * MOST + 3, 5 * MOST + 7])
def test_however_long_it_takes_the_counts_of_whole_batches_are_those_of_their_seconds(seconds: int) -> None:
    random = np.random.default_rng(seconds)
    batches, samples = Batches(), []
    for number in range(seconds):
        values = random.lognormal(1, 1, int(random.integers(0, 30)))
        samples.append(values)
        batches.add(second(values.tolist()).packed(), number)
    assert batches.size <= MOST
    assert batches.size * batches.span == seconds - seconds % batches.span
    threshold = bins(3.0)
    inside = [
        int(np.count_nonzero(FINE.of((values * 1e6).astype(np.int64)) <= threshold)) for values in samples
    ]
    grouped = np.array(inside[: batches.size * batches.span]).reshape(-1, batches.span).sum(axis=1)
    assert batches.below(threshold)[0].tolist() == grouped.tolist()
    assert batches.done.sum() == sum(range(batches.size * batches.span))


def test_a_stretch_of_batches_is_a_histogram_again() -> None:
    batches = Batches()
    for number in range(10):
        batches.add(second([number + 1.0], censored=number % 2).packed(), 1)
    merged = batches.merged(2, 6)
    assert (merged.counted, merged.censored) == (4, 2)
    assert merged.counts[bins(3.0, 4.0, 5.0, 6.0)].tolist() == [1, 1, 1, 1]
    assert merged.latency(longest_s=10, minimum={}).p50 == pytest.approx(0.005, rel=1e-3)


def test_latencies_spread_over_decades_take_no_more_and_are_counted_all_the_same() -> None:
    batches = Batches()
    random = np.random.default_rng(0)
    some = [random.lognormal(3, 2, 20_000) for _ in range(20)]
    wide = [second(values.tolist()).packed() for values in some]
    assert min(one.filled.size for one in wide) > 4000
    biggest = 0
    for number in range(700):
        batches.add(wide[number % 20], 1)
        assert number < ENOUGH or batches.size >= ENOUGH // 2
        biggest = max(biggest, batches._filled)
    assert biggest < ENOUGH * FINE.size
    assert batches._keys.nbytes + batches._counts.nbytes < 7e6
    assert batches.span > 700 // MOST + 1, "paired sooner than for their number"
    whole = batches.size * batches.span
    assert int(batches.totals.sum()) == 20_000 * whole
    threshold = bins(20.0)
    below = sum(
        int(np.count_nonzero(FINE.of((some[number % 20] * 1e6).astype(np.int64)) <= threshold))
        for number in range(whole)
    )
    assert int(batches.below(threshold)[0].sum()) == below


def test_hours_take_some_megabytes() -> None:
    batches = Batches()
    random = np.random.default_rng(0)
    hour = [second(random.lognormal(0, 0.5, 200).tolist()).packed() for _ in range(50)]
    for number in range(2 * 3600):
        batches.add(hour[number % 50], 200)
    assert batches._keys.nbytes + batches._counts.nbytes < 7e6
    assert int(batches.totals.sum()) == 200 * batches.size * batches.span


def test_seconds_that_are_kept_in_few_bits_are_added_up_in_many() -> None:
    second = Histogram()
    second.add(np.full(200, 5_000_000))
    packed = second.packed()
    assert packed.counts.dtype == np.uint8
    batches = Batches()
    for _ in range(2 * MOST):
        batches.add(packed, 200)
    assert batches.span > 1
    assert batches.below(np.array([FINE.size])).sum() == batches.size * batches.span * 200
