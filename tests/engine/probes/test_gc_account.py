from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from engine.probes.gc_account import Look, account, place
from engine.probes.memstats import MemStats
from tests.engine.probes.ring import Ring

OFFSET_NS = 1_700_000_000_000_000_000


def look(ring: Ring, *, offset_ns: int = OFFSET_NS, started_unix_s: float | None = None) -> Look:
    """Look at a ring right after its last collection, in a round trip of 2 ms."""
    at_ns = ring.now_ns - OFFSET_NS
    return Look(ring.stats(), at_ns, at_ns + 2_000_000, offset_ns, started_unix_s)


def later(ring: Ring, seconds: float) -> None:
    ring.now_ns += round(seconds * 1e9)


def test_the_first_look_is_a_baseline_without_pauses() -> None:
    ring = Ring()
    ring.collect(40)
    result = account(None, look(ring))
    assert result.sample.pauses == ()
    assert (result.sample.lost, result.sample.gc.rate_per_s, result.restarted) == (0, 0.0, False)
    assert (result.sample.gc.heap_bytes, result.sample.gc.goal_bytes) == (1 << 20, 4 << 20)
    assert result.sample.gc.poll_s == pytest.approx(0.002)


def test_pauses_are_put_on_our_monotonic_clock() -> None:
    ring = Ring()
    ring.collect(3)
    before = look(ring)
    ring.collect(5)
    later(ring, 0.1)
    sample = account(before, look(ring)).sample
    assert sample.pauses == tuple((cycle.end_ns - OFFSET_NS, cycle.pause_ns) for cycle in ring.truth[3:])
    assert sample.poll_ns < sample.at_ns


def test_rates_are_per_second_between_the_middles_of_the_looks() -> None:
    ring = Ring()
    before = replace(look(ring), ended_ns=look(ring).began_ns)
    now_ns = before.began_ns + 1_990_000_000
    allocated = ring.total_alloc
    ring.collect(10)
    now = Look(ring.stats(), now_ns, now_ns + 20_000_000, OFFSET_NS)
    gc = account(before, now).sample.gc
    assert gc.rate_per_s == pytest.approx(5.0)
    assert gc.alloc_bytes_per_s == pytest.approx((ring.total_alloc - allocated) / 2)


def test_lost_collections_add_up_and_count_in_the_rate() -> None:
    ring = Ring()
    before = look(ring)
    ring.collect(300)
    sample = account(before, look(ring), lost=7).sample
    assert (len(sample.pauses), sample.lost, sample.gc.lost) == (256, 44, 51)
    assert sample.gc.rate_per_s == pytest.approx(300 / ((look(ring).began_ns - before.began_ns) / 1e9))


def test_the_collectors_share_is_of_the_time_between_the_looks() -> None:
    ring = Ring()
    ring.collect(1)
    started = ring.now_ns / 1e9 - 100.0
    before = look(ring, started_unix_s=started)
    before = replace(before, stats=replace(before.stats, gc_cpu_fraction=0.10))
    later(ring, 100.0)
    ring.collect(1)
    now = look(ring, started_unix_s=started)
    now = replace(now, stats=replace(now.stats, gc_cpu_fraction=0.15))
    # A tenth of the first 100 s, then 15 % of 200 s: 20 s in the second hundred.
    assert account(before, now).sample.gc.cpu_fraction == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize("started", [None, 1_000.0])
def test_without_a_collection_or_a_start_the_share_is_unknown(started: float | None) -> None:
    ring = Ring()
    ring.collect(1)
    before = look(ring, started_unix_s=started)
    later(ring, 1.0)
    if started is None:
        ring.collect(1)
    assert account(before, look(ring, started_unix_s=started)).sample.gc.cpu_fraction is None


def test_with_the_collector_off_there_is_no_goal() -> None:
    stats = MemStats(num_gc=0, next_gc=2**64 - 1)
    assert account(None, Look(stats, 1, 2, 0)).sample.gc.goal_bytes is None


def test_after_a_restart_all_collections_of_the_new_process_count() -> None:
    old = Ring()
    old.collect(50)
    before = look(old)
    new = Ring(now_ns=old.now_ns, dice=random.Random(8))
    new.collect(9)
    result = account(before, look(new))
    assert result.restarted
    assert [pause for _, pause in result.sample.pauses] == [cycle.pause_ns for cycle in new.truth]
    assert result.sample.lost == 0


def test_a_restart_that_the_counts_do_not_show_is_believed_to_who_knows_the_process() -> None:
    old = Ring()
    old.collect(2)
    before = look(old)
    new = Ring(now_ns=old.now_ns, dice=random.Random(8))
    new.collect(9)
    result = account(before, look(new), reborn=True)
    assert result.restarted
    assert len(result.sample.pauses) == 9


def test_the_past_of_another_process_that_ran_already_is_not_ours() -> None:
    other = Ring(dice=random.Random(8))
    other.collect(600)
    old = Ring(now_ns=other.now_ns)
    old.collect(1000)
    before = look(old)
    other.now_ns = old.now_ns
    other.collect(3)
    result = account(before, look(other))
    assert result.restarted
    assert [pause for _, pause in result.sample.pauses] == [cycle.pause_ns for cycle in other.truth[-3:]]
    assert result.sample.lost == 0


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((), ()),
        ((120, 150), (120, 150)),
        ((20, 50), (100, 130)),
        ((320, 350), (170, 200)),
        ((90, 190), (100, 200)),
        ((0, 500), (100, 200)),
        ((110, 500), (100, 200)),
    ],
)
def test_pauses_of_a_clock_that_is_off_are_moved_together_to_between_the_looks(
    ends: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    assert place(ends, 100, 200) == expected


def test_a_target_whose_clock_is_minutes_off_keeps_the_distances_of_its_pauses() -> None:
    ring = Ring()
    before = look(ring, offset_ns=OFFSET_NS - 300_000_000_000)
    ring.collect(5)
    now = look(ring, offset_ns=OFFSET_NS - 300_000_000_000)
    ends = [end for end, _ in account(before, now).sample.pauses]
    truth = [cycle.end_ns for cycle in ring.truth]
    assert [end - ends[0] for end in ends] == [end - truth[0] for end in truth]
    assert before.began_ns <= ends[0] <= ends[-1] <= now.ended_ns
