from __future__ import annotations

import math

import pytest

from engine.books.collector import Collections, p99_at_most
from engine.figures import GcFigures, PauseFigures
from engine.probes.base import Batch

LADDER = (0.001, 0.01, 0.1, math.inf)


def batch(*counts: int, stops: int = 1) -> Batch:
    """Return collections whose stops fell into the buckets of LADDER, cumulative."""
    return Batch(counts[-1] // stops, 1.0, buckets=tuple(zip(LADDER, counts, strict=True)), stops=stops)


def together(*batches: Batch) -> GcFigures:
    collections = Collections()
    for one in batches:
        collections.add_batch(one, "mean+max")
    return collections.figures()


def test_single_pauses_give_every_figure() -> None:
    collections = Collections()
    assert not collections.seen
    collections.add([1_000_000] * 98 + [3_000_000] * 300, 2)
    figures = collections.figures()
    assert (figures.count, figures.lost, figures.granularity) == (400, 2, "every")
    assert figures.pause_s.p99 == pytest.approx(0.003, rel=0.001)
    assert figures.pause_s.total == pytest.approx(0.998)


def test_sums_give_a_count_a_mean_and_a_total_and_no_percentile() -> None:
    figures = together(Batch(30, 0.25), Batch(10, 0.5))
    assert figures == GcFigures(
        count=40,
        pause_s=PauseFigures(mean=0.01875, p99=None, max=None, total=0.75),
        lost=0,
        granularity="mean+max",
    )


def test_without_times_only_the_count_is_said() -> None:
    collections = Collections()
    collections.add_batch(Batch(0), "count")
    collections.add_batch(Batch(7), "count")
    pause = collections.figures().pause_s
    assert collections.figures().count == 7
    assert (pause.mean, pause.max, pause.total, pause.p99, pause.p99_at_most) == (None,) * 5


@pytest.mark.parametrize(
    ("batches", "longest"),
    [
        ([Batch(1, 0.3, 0.3, 0.3)], 0.3),
        ([Batch(5, 0.9, None, 0.4)], None),  # the longest may be from before
        ([Batch(5, 0.9, 0.4, 0.4), Batch(5, 0.9, None, 0.4)], 0.4),
        ([Batch(5, 0.9, None, 0.3), Batch(5, 0.9, 0.4, 0.4)], 0.4),
        ([Batch(5, 0.9, None, 0.5), Batch(1, 0.4, 0.4, 0.4)], None),
        ([Batch(5, 0.9, 0.4, 0.4), Batch(300, 0.9)], None),
        ([Batch(0, 0.0), Batch(2, 0.9, 0.5, 0.5)], 0.5),
        ([Batch(0, 0.0)], 0.0),
    ],
)
def test_a_longest_pause_is_said_only_where_no_other_can_have_been_longer(
    batches: list[Batch], longest: float | None
) -> None:
    assert together(*batches).pause_s.max == longest


@pytest.mark.parametrize(
    ("counts", "stops", "bound"),
    [
        ((990, 1000, 1000, 1000), 1, 0.001),
        ((989, 1000, 1000, 1000), 1, 0.01),
        ((0, 0, 989, 1000), 1, None),
        ((1989, 2000, 2000, 2000), 2, 0.02),  # a stop in 181 is 1 % of the collections at most, if two make one
        ((1990, 2000, 2000, 2000), 2, 0.002),
        ((200, 200, 200, 200), 1, None),  # too few for a 99th percentile
    ],
)
def test_a_histogram_bounds_the_99th_percentile(
    counts: tuple[int, ...], stops: int, bound: float | None
) -> None:
    assert p99_at_most(batch(*counts, stops=stops)) == bound
    # Added up from two halves it is the same.
    if bound is not None:
        half = batch(*(count // 2 for count in counts), stops=stops)
        other = batch(*(count - count // 2 for count in counts), stops=stops)
        assert together(half, other).pause_s.p99_at_most == bound


def test_the_bound_holds_for_any_pauses() -> None:
    # The worst case: the stops beyond the bound are all of different collections.
    pauses = [(0.0004, 0.0009)] * 1980 + [(0.0001, 0.05)] * 20
    stops = [stop for pair in pauses for stop in pair]
    counts = [sum(stop <= bound for stop in stops) for bound in LADDER]
    bound = p99_at_most(batch(*counts, stops=2))
    totals = sorted(a + b for a, b in pauses)
    assert bound is not None and totals[math.ceil(0.99 * len(totals)) - 1] <= bound
