from __future__ import annotations

import math

import pytest

from engine.probes.base import Batch
from engine.probes.page_account import PageLook, account_page
from engine.probes.reading import Reading

S = 1_000_000_000
WALL = 1_800_000_000
"""Our wall clock in seconds when the monotonic one is 0."""


def look(at_s: float, **known: object) -> PageLook:
    """Return a reading that took 10 ms."""
    reading = Reading("jvm", "mean+max", **known)  # type: ignore[arg-type]
    return PageLook(reading, round(at_s * S) - 5_000_000, round(at_s * S) + 5_000_000, WALL * S)


def between(before: PageLook, now: PageLook, *, reborn: bool = False) -> Batch:
    batch = account_page(before, now, reborn=reborn).sample.batch
    assert batch is not None
    return batch


def test_the_first_look_sets_the_baseline_and_says_what_is_known() -> None:
    result = account_page(None, look(1, collections=7, pause_total_s=2.0, heap_bytes=5, goroutines=9))
    assert result.sample.batch == Batch(0, 0.0)
    assert (result.sample.gc.heap_bytes, result.sample.gc.goroutines) == (5, 9)
    assert result.sample.gc.poll_s == pytest.approx(0.01)
    assert not result.restarted


def test_what_happened_between_two_looks_is_what_the_counts_grew_by() -> None:
    before = look(
        1, collections=7, pause_total_s=2.0, longest_s=0.5, allocated_bytes=1000, gc_cpu_s=1.0, cpu_s=50.0
    )
    now = look(
        3, collections=11, pause_total_s=2.5, longest_s=0.5, allocated_bytes=5000, gc_cpu_s=1.5, cpu_s=60.0
    )
    result = account_page(before, now)
    assert result.sample.batch == Batch(4, 0.5, None, 0.5)
    gc = result.sample.gc
    assert (gc.rate_per_s, gc.alloc_bytes_per_s, gc.cpu_fraction) == (2.0, 2000.0, 0.05)
    assert (result.sample.since_ns, result.sample.at_ns) == (before.ended_ns, now.ended_ns)


def test_a_longest_pause_is_of_these_where_it_rose_or_where_there_is_but_one() -> None:
    before = look(1, collections=7, pause_total_s=2.0, longest_s=0.1)
    assert between(before, look(2, collections=10, pause_total_s=2.5, longest_s=0.3)).max_s == 0.3
    assert between(before, look(2, collections=8, pause_total_s=2.05, longest_s=0.1)).max_s == pytest.approx(
        0.05
    )
    fallen = between(before, look(2, collections=10, pause_total_s=2.1, longest_s=0.05))
    assert (fallen.max_s, fallen.at_most_s) == (None, 0.05)
    # The page's longest is of 256 collections, or of a minute: beyond that it says nothing of the others.
    assert between(before, look(2, collections=300, pause_total_s=9.0, longest_s=0.3)).at_most_s is None
    assert between(before, look(90, collections=10, pause_total_s=9.0, longest_s=0.3)).at_most_s is None


def test_buckets_give_what_came_into_them() -> None:
    before = look(1, collections=3, buckets=((0.1, 2), (math.inf, 3)))
    assert between(before, look(2, collections=8, buckets=((0.1, 6), (math.inf, 8)))).buckets == (
        (0.1, 4),
        (math.inf, 5),
    )
    assert between(before, look(2, collections=8, buckets=((0.2, 6), (math.inf, 8)))).buckets == ()
    assert between(before, look(2, collections=8, buckets=((0.1, 1), (math.inf, 8)))).buckets == ()
    first = look(1)
    assert between(first, look(2, collections=1, buckets=((0.1, 1), (math.inf, 1)))).buckets[0] == (0.1, 1)


def test_a_restarted_process_counts_from_its_beginning() -> None:
    before = look(1, collections=90, pause_total_s=2.0, born_unix_s=WALL - 500.0)
    result = account_page(before, look(2, collections=95, pause_total_s=0.4, born_unix_s=WALL + 1.5))
    assert result.restarted
    assert result.sample.batch == Batch(95, 0.4)


def test_another_process_behind_a_balancer_has_a_past_that_is_not_ours() -> None:
    before = look(1, collections=90, pause_total_s=2.0, born_unix_s=WALL - 500.0)
    result = account_page(before, look(2, collections=95, pause_total_s=0.4, born_unix_s=WALL - 400.0))
    assert result.restarted
    assert result.sample.batch == Batch(0, 0.0)


@pytest.mark.parametrize(("reborn", "count"), [(False, 0), (True, 5)])
def test_fewer_collections_than_before_are_a_restart(reborn: bool, count: int) -> None:
    result = account_page(look(1, collections=90), look(2, collections=5), reborn=reborn)
    assert result.restarted
    assert result.sample.batch is not None and result.sample.batch.count == count


def test_without_times_there_are_none() -> None:
    assert between(look(1, collections=1), look(2, collections=4)) == Batch(3, None)
