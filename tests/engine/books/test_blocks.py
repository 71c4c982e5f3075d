"""The time series: what belongs to which second, and when a second is final."""

from __future__ import annotations

import pytest

from engine import wire
from engine.books.blocks import Timeline
from engine.histogram import rank_of
from tests.engine.books.columns import MS, S, columns

TIMEOUT = wire.ERROR_CODE["timeout"]
UNFINISHED = wire.ERROR_CODE["unfinished"]
REFUSED = wire.ERROR_CODE["refused"]


def timeline(segment: int | None = 0) -> Timeline:
    """Return a time series that began at 0 with a segment."""
    series = Timeline(0, timeout_s=10.0)
    series.begin(segment, 0)
    return series


def test_a_second_is_final_when_all_requests_due_in_it_have_ended() -> None:
    series = timeline()
    series.add(columns((0, 5 * MS, 200)), bytes_in=10, at_ns=1_100 * MS)
    assert series.settle(999 * MS) == []
    (block,) = series.settle(1_000 * MS)
    assert (block.second.t_s, block.second.span_s, block.second.segment) == (0.0, 1.0, 0)
    assert series.rows == [block.second]


def test_a_stall_shows_in_the_second_that_began_it() -> None:
    series = timeline()
    stalled = [(500 * MS, 3_500 * MS, 200)] * 10
    quick = [(i * MS, (i + 1) * MS, 200) for i in range(0, 490, 10)]
    series.add(columns(*quick, *stalled), bytes_in=0, at_ns=3_600 * MS)
    rows = [block.second for block in series.settle(3_600 * MS)]
    assert [row.done for row in rows] == [49, 0, 0]
    assert rows[0].max == pytest.approx(3.0)
    assert [row.max for row in rows[1:]] == [None, None]
    assert series.pending(4_000 * MS)[0].done == 10


def test_answers_count_where_they_came_and_percentiles_where_they_were_due() -> None:
    series = timeline()
    series.add(columns((900 * MS, 1_100 * MS, 200), (950 * MS, 1_150 * MS, 200)), bytes_in=0, at_ns=2 * S)
    first, second = (block.second for block in series.settle(2 * S))
    assert (first.done, second.done) == (0, 2)
    assert first.p50 == pytest.approx(0.2, rel=0.01)
    assert second.p50 is None


def test_a_new_segment_cuts_the_second_and_begins_the_grid_anew() -> None:
    series = timeline()
    series.begin(1, 1_300 * MS)
    rows = [block.second for block in series.settle(3_300 * MS)]
    assert [(row.t_s, row.span_s, row.segment) for row in rows] == [
        (0.0, 1.0, 0),
        (1.0, 0.3, 0),
        (1.3, 1.0, 1),
        (2.3, 1.0, 1),
    ]


def test_two_changes_at_the_same_moment_leave_no_empty_row() -> None:
    series = timeline()
    series.begin(1, S)
    series.begin(2, S)
    assert [block.second.segment for block in series.settle(2 * S)] == [0, 2]


def test_requests_without_an_answer_are_errors_and_slower_than_all_answers() -> None:
    series = timeline()
    series.add(columns((0, MS, 200), (0, 10 * S, TIMEOUT), (0, 10 * S, TIMEOUT)), bytes_in=0, at_ns=10 * S)
    rows = [block.second for block in series.settle(11 * S)]
    assert rows[10].errors == 2
    assert rows[0].p50 == 10.0


def test_a_request_that_the_end_cut_off_took_longer_than_until_then() -> None:
    series = timeline()
    cut_off = (990 * MS, S, UNFINISHED)
    series.add(columns((0, 4 * MS, 200), cut_off, cut_off), bytes_in=0, at_ns=S)
    (block,) = series.settle(S)
    assert block.second.p50 == block.second.max == pytest.approx(0.01)


def test_a_refused_connection_is_an_error_but_no_slow_request() -> None:
    series = timeline()
    series.add(columns((0, MS, 200), (0, 2 * MS, 200), (0, 3 * MS, REFUSED)), bytes_in=0, at_ns=S)
    (block,) = series.settle(S)
    assert (block.second.done, block.second.errors) == (2, 1)
    assert block.histogram.censored == 0


def test_failed_answers_count_as_done_but_not_in_the_percentiles() -> None:
    series = timeline()
    series.add(columns(*[(0, 5 * MS, 200)] * 4, *[(0, MS // 10, 503)] * 90), bytes_in=0, at_ns=S)
    (block,) = series.settle(S)
    assert block.second.done == 94
    assert block.second.p50 == pytest.approx(0.005, rel=0.01)


def test_a_pause_of_the_collector_is_entered_into_the_second_in_which_it_ended() -> None:
    series = timeline()
    series.settle(3 * S)
    for end_s in (0.5, 1.0, 1.999, 1.5):
        series.add_pause(end_s, 0.001)
    assert [row.gc_count for row in series.rows] == [1, 3, 0]
    assert series.rows[1].gc_pause_s == pytest.approx(0.003)


def test_the_target_and_the_machine_are_in_every_row_after_the_look() -> None:
    series = timeline()
    series.observe(cores=(10.0, 20.0), rss_bytes=1000, target_cpu=50.0)
    series.settle(S)
    series.forget_target()
    series.settle(2 * S)
    assert [(row.cpu_pct, row.rss_bytes) for row in series.rows] == [((10.0, 20.0), 1000), ((10.0, 20.0), None)]


def test_the_end_makes_everything_final_and_keeps_the_last_part_of_a_second() -> None:
    series = timeline()
    series.add(columns((1_100 * MS, 1_200 * MS, 200)), bytes_in=0, at_ns=1_250 * MS)
    series.close(1_250 * MS)
    assert [(row.t_s, row.span_s, row.done) for row in series.rows] == [(0.0, 1.0, 0), (1.0, 0.25, 1)]


def test_a_trend_needs_a_sample_beyond_its_percentile() -> None:
    series = timeline()
    series.add(columns(*[(i, i + MS, 200) for i in range(99)]), bytes_in=0, at_ns=S)
    (block,) = series.settle(S)
    assert block.second.p90 is not None
    assert block.second.p99 is None
    assert rank_of(0.99, 99) == 99


def test_an_end_that_is_told_late_loses_nothing_that_came_after_it() -> None:
    series = timeline()
    series.add(
        columns((999 * MS, 1_001 * MS, 200), (1_000 * MS, 1_002 * MS, 200)), bytes_in=7, at_ns=1_005 * MS
    )
    series.begin(None, S)
    series.close(1_010 * MS)
    assert [(row.t_s, row.done, row.segment) for row in series.rows] == [(0.0, 0, 0), (1.0, 2, None)]
    assert series.rows[1].bytes_in == 7
