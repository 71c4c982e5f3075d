"""Histograms against HdrHistogram's own arithmetic and against sorted samples."""

from __future__ import annotations

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.histogram import (
    FINE,
    LONGEST_NS,
    MINIMUM_SAMPLES,
    QUANTILES,
    Ages,
    Bins,
    Histogram,
    decode_hdr,
    encode_hdr,
    rank_of,
)

COARSE = Bins(2)
VALUES = st.one_of(st.integers(0, 5000), st.integers(0, LONGEST_NS), st.sampled_from([2**i for i in range(41)]))
ANY_COUNT = dict.fromkeys(QUANTILES, 1)


@given(VALUES)
@pytest.mark.parametrize("bins", [FINE, COARSE], ids=["three digits", "two digits"])
def test_bins_are_those_of_hdrhistogram(bins: Bins, value: int) -> None:
    hdr = HdrHistogram(1, LONGEST_NS, bins.digits)
    index = int(bins.of(np.array([value]))[0])
    assert index == hdr._counts_index_for(value)
    assert bins.lowest(index) == hdr.get_lowest_equivalent_value(value)
    assert bins.highest(index) == hdr.get_highest_equivalent_value(value)


def test_bins_touch_and_are_as_narrow_as_promised() -> None:
    for bins, error in ((FINE, 0.001), (COARSE, 0.008)):
        indexes = range(bins.size - 1)
        assert all(bins.highest(i) + 1 == bins.lowest(i + 1) for i in indexes)
        widest = max((bins.highest(i) - bins.lowest(i)) / max(bins.lowest(i), 1) for i in indexes)
        assert widest <= error


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=200))
def test_percentiles_are_those_of_the_sorted_samples(values: list[int]) -> None:
    histogram = Histogram(FINE)
    histogram.add(np.array(values, np.int64))
    latency = histogram.latency(longest_s=1.0, minimum=ANY_COUNT)
    ordered = sorted(values)
    for name, quantile in QUANTILES.items():
        exact = ordered[rank_of(quantile, len(values)) - 1] / 1e9
        assert getattr(latency, name) == pytest.approx(exact, rel=0.001, abs=1e-9)
    assert (latency.min, latency.max) == (ordered[0] / 1e9, ordered[-1] / 1e9)
    assert latency.mean == pytest.approx(sum(values) / len(values) / 1e9)


@pytest.mark.parametrize(
    ("quantile", "total", "rank"),
    [
        (0.5, 1, 1),
        (0.5, 2, 1),
        (0.5, 3, 2),
        (0.99, 100, 99),
        (0.99, 101, 100),
        (0.999, 1000, 999),
        (0.9, 10, 9),
    ],
)
def test_a_rank_is_not_one_too_high_for_a_rounding_error(quantile: float, total: int, rank: int) -> None:
    assert rank_of(quantile, total) == rank


def test_a_percentile_needs_the_samples_of_the_handbook() -> None:
    assert MINIMUM_SAMPLES == {"p50": 5, "p90": 29, "p95": 59, "p99": 299, "p999": 2995, "p9999": 29956}
    histogram = Histogram()
    histogram.add(np.full(298, 1_000_000))
    assert histogram.latency(longest_s=1.0).p99 is None
    histogram.add(np.full(1, 1_000_000))
    assert histogram.latency(longest_s=1.0).p99 == pytest.approx(0.001)
    assert histogram.latency(longest_s=1.0).p999 is None


def test_requests_without_an_answer_are_slower_than_all_answers() -> None:
    histogram = Histogram()
    histogram.add(np.full(98, 1_000_000), censored=2)
    latency = histogram.latency(longest_s=10.0, minimum=ANY_COUNT)
    assert (latency.count, latency.censored) == (100, 2)
    assert latency.p95 == pytest.approx(0.001)
    assert latency.p99 == latency.p9999 == latency.max == latency.bound == 10.0


@pytest.mark.parametrize(
    ("censored", "ages_ms", "bound_ms", "longest_ms"),
    [
        (2, (3, 3), 5, 5),
        (2, (3, 40), 5, 40),
        (2, (30, 40), 30, 40),
        (3, (30, 40), 30, 100),  # and one that failed
        (3, (300, 400), 100, 400),
    ],
)
def test_what_was_given_up_took_longer_than_its_age_and_no_more_is_said(
    censored: int, ages_ms: tuple[int, int], bound_ms: float, longest_ms: float
) -> None:
    histogram = Histogram()
    ages = Ages(2, ages_ms[0] * 1_000_000, ages_ms[1] * 1_000_000)
    histogram.add(np.full(97, 5_000_000), censored=censored, ages=ages)
    latency = histogram.latency(longest_s=0.1, minimum=ANY_COUNT)
    assert latency.p95 == pytest.approx(0.005)
    assert latency.p99 == latency.bound == pytest.approx(bound_ms / 1e3)
    assert latency.max == pytest.approx(longest_ms / 1e3)


def test_bounds_are_kept_when_histograms_are_packed_and_merged() -> None:
    young, old, failed = Histogram(), Histogram(), Histogram()
    young.add(np.full(9, 1_000_000), censored=1, ages=Ages(1, 2_000_000, 2_000_000))
    old.add(np.empty(0, np.int64), censored=1, ages=Ages(1, 90_000_000, 90_000_000))
    failed.add(np.full(9, 1_000_000), censored=1)
    both = Histogram()
    both.merge(young)
    both.merge(old.packed())
    both.merge(Histogram())
    latency = both.latency(longest_s=1.0)
    assert (latency.censored, latency.bound, latency.max) == (2, 0.002, 0.09)
    both.merge(failed.packed())
    latency = both.latency(longest_s=1.0)
    assert (latency.censored, latency.bound, latency.max) == (3, 0.002, 1.0)


def test_nothing_censored_has_no_bound() -> None:
    histogram = Histogram()
    histogram.add(np.full(9, 1_000_000))
    assert histogram.latency(longest_s=1.0).bound is None


def test_nothing_counted_says_nothing() -> None:
    latency = Histogram().latency(longest_s=10.0)
    assert latency.count == 0
    assert latency.min is latency.mean is latency.p50 is latency.max is None


def test_values_outside_of_the_bins_count_as_the_nearest() -> None:
    assert FINE.of(np.array([-5, LONGEST_NS * 9])).tolist() == [0, FINE.size - 1]


@settings(max_examples=25)  # the library takes some 100 ms for a text
@given(st.lists(VALUES, max_size=60))
def test_the_interchange_format_keeps_every_count(values: list[int]) -> None:
    histogram = Histogram()
    histogram.add(np.array(values, np.int64))
    assert (decode_hdr(encode_hdr(histogram)).counts == histogram.counts).all()


@pytest.mark.parametrize(
    "text", ["", "HISTFAAA", "no histogram at all", "HISTFAAAAB542pNpmSzMwMDAxQABzFCaEUzOmrHJf"]
)
def test_a_text_that_is_no_histogram_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no HdrHistogram"):
        decode_hdr(text)


def test_a_histogram_of_another_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="3 digits is needed"):
        decode_hdr(encode_hdr(Histogram(COARSE)))


def test_histograms_without_a_sample_share_their_counts_and_give_them_up_for_the_first() -> None:
    empty, filled = Histogram(), Histogram()
    assert empty.counts is filled.counts
    empty.merge(Histogram())
    empty.add(np.array([], np.int64), censored=1)
    lost = Histogram()
    lost.merge(empty)
    lost.merge(empty.packed())
    assert (lost.censored, lost.counts is filled.counts) == (2, True)
    assert empty.counts is filled.counts
    filled.add(np.array([1000]))
    assert (filled.counts.sum(), empty.counts.sum()) == (1, 0)
    empty.merge(filled)
    assert empty.counts is not filled.counts and (empty.counts == filled.counts).all()
