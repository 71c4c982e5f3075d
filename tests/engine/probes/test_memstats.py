from __future__ import annotations

import json
import random

import pytest
from msgspec.structs import replace

from engine.probes.memstats import BIRTH, SLOTS, TRAILER, Cycle, MemStats, parse_trailer, parse_vars, recover
from tests.engine.probes.ring import Ring

PAUSES = " ".join(str(1000 + slot) for slot in range(SLOTS))
ENDS = " ".join(str(1_800_000_000_000_000_000 + slot) for slot in range(SLOTS))
FULL = f"""# Alloc = 2512784
# TotalAlloc = 104231288
# Sys = 15289616
# Lookups = 0
# Mallocs = 801523
# Frees = 790011
# HeapAlloc = 2512784
# HeapSys = 7700480
# HeapIdle = 3710976
# HeapInuse = 3989504
# HeapReleased = 2170880
# HeapObjects = 11512
# Stack = 688128 / 688128
# MSpan = 68640 / 97920
# MCache = 2416 / 15704
# BuckHashSys = 1444277
# GCSys = 3119776
# OtherSys = 2223331
# NextGC = 4194304
# LastGC = 1800000000000000255
# PauseNs = [{PAUSES}]
# PauseEnd = [{ENDS}]
# NumGC = 47
# NumForcedGC = 0
# GCCPUFraction = 0.00012
# DebugGC = false
# MaxRSS = 17104896
"""
PARSED = MemStats(
    num_gc=47,
    pause_ns=tuple(range(1000, 1000 + SLOTS)),
    pause_end=tuple(range(1_800_000_000_000_000_000, 1_800_000_000_000_000_000 + SLOTS)),
    last_gc=1_800_000_000_000_000_255,
    total_alloc=104231288,
    heap_alloc=2512784,
    next_gc=4194304,
    gc_cpu_fraction=0.00012,
)


def without(name: str) -> str:
    return "".join(line for line in FULL.splitlines(keepends=True) if not line.startswith(f"# {name} ="))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FULL, PARSED),
        (without("MaxRSS"), PARSED),
        (without("PauseEnd"), replace(PARSED, pause_end=None)),
        (without("LastGC"), replace(PARSED, last_gc=None)),
        (FULL.replace("0.00012", "1.2e-05"), replace(PARSED, gc_cpu_fraction=1.2e-05)),
        (FULL.replace("0.00012", "0"), replace(PARSED, gc_cpu_fraction=0.0)),
        (FULL.replace("0.00012", "NaN"), replace(PARSED, gc_cpu_fraction=None)),
        (FULL.replace("0.00012", "+Inf"), replace(PARSED, gc_cpu_fraction=None)),
        (FULL.replace("[1000 ", "["), replace(PARSED, pause_ns=None)),
        (FULL.replace("[1000 ", "[-5 "), replace(PARSED, pause_ns=None)),
        (
            FULL.replace("TotalAlloc = 104231288", f"TotalAlloc = {'9' * 5000}"),
            replace(PARSED, total_alloc=None),
        ),
        (FULL.replace("NextGC = 4194304", "NextGC = 4194304 / 12"), replace(PARSED, next_gc=None)),
        (without("NumGC"), None),
        (FULL.replace("NumGC = 47", "NumGC = many"), None),
        ("", None),
        ("<html># NumGC is what?</html>", None),
    ],
)
def test_the_trailer_of_a_heap_profile_is_read_by_name(text: str, expected: MemStats | None) -> None:
    assert parse_trailer(text.encode()) == expected


def test_a_trailer_of_other_bytes_is_nothing() -> None:
    assert parse_trailer(random.Random(3).randbytes(10_000)) is None


def test_expvar_gives_the_same_figures_and_the_total_of_pauses() -> None:
    ring = Ring()
    ring.collect(300)
    assert parse_vars(ring.as_vars()) == ring.stats()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><p>hello",
        b"null",
        b"[1, 2]",
        b'{"memstats": 5}',
        b'{"memstats": {}}',
        b'{"memstats": {"NumGC": "12"}}',
        b'{"memstats": {"NumGC": true}}',
        b'{"memstats": {"NumGC": -1}}',
        b'{"memstats": {"NumGC": 1e400}}',
        b'{"memstats": {"NumGC": 12}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_expvar_page_with_memstats_is_nothing(body: bytes) -> None:
    assert parse_vars(body) is None


def test_expvar_fields_with_nonsense_in_them_are_missing() -> None:
    memstats = {"NumGC": 3, "PauseNs": [1, None], "PauseEnd": 5, "HeapAlloc": 10**40, "GCCPUFraction": "0.5"}
    assert parse_vars(json.dumps({"memstats": memstats}).encode()) == MemStats(num_gc=3)


def test_the_marker_is_what_go_prints() -> None:
    assert TRAILER == b"\n# runtime.MemStats\n"


def test_every_collection_is_recovered_once_or_counted_as_lost() -> None:
    ring = Ring()
    dice = random.Random(11)
    before = ring.stats()
    recovered: list[Cycle] = []
    lost = 0
    for _ in range(400):
        ring.collect(dice.choice([0, 0, 1, 2, 5, 40, 255, 256, 257, 700]))
        now = ring.stats()
        found = recover(before, now)
        assert not found.restarted
        assert found.lost == max(0, now.num_gc - before.num_gc - SLOTS)
        # The total is exact, so the lost ones are known together even where they are not one by one.
        assert found.lost_ns == sum(cycle.pause_ns for cycle in ring.truth[before.num_gc :][: found.lost])
        recovered += found.cycles
        lost += found.lost
        before = now
    assert len(recovered) + lost == ring.num_gc > 30_000
    assert lost > 0
    assert len({cycle.number for cycle in recovered}) == len(recovered)
    assert set(recovered) <= set(ring.truth)
    assert recovered == sorted(recovered, key=lambda cycle: cycle.number)


@pytest.mark.parametrize("collections", [0, 1, 17, 256, 300])
def test_a_restart_with_fewer_collections_counts_from_its_beginning(collections: int) -> None:
    old, new = Ring(), Ring(dice=random.Random(8))
    old.collect(301)
    new.collect(collections)
    found = recover(old.stats(), new.stats())
    assert found.restarted
    assert list(found.cycles) == new.truth[-SLOTS:]
    assert found.lost == max(0, collections - SLOTS)
    assert found.lost_ns == sum(cycle.pause_ns for cycle in new.truth[: found.lost])


def test_a_restart_with_more_collections_is_seen_by_the_bytes_allocated() -> None:
    old, new = Ring(), Ring(dice=random.Random(8))
    old.collect(5)
    new.collect(9)
    found = recover(old.stats(), replace(new.stats(), total_alloc=500))
    assert found.restarted
    assert list(found.cycles) == new.truth


def test_without_the_total_the_time_of_the_lost_is_unknown() -> None:
    ring = Ring()
    before = replace(ring.stats(), pause_total_ns=None)
    ring.collect(300)
    found = recover(before, replace(ring.stats(), pause_total_ns=None))
    assert (found.lost, found.lost_ns) == (44, None)


@pytest.mark.parametrize("missing", ["pause_ns", "pause_end"])
def test_without_both_rings_collections_are_only_counted(missing: str) -> None:
    ring = Ring()
    ring.collect(3)
    stats = ring.stats()
    now = replace(stats, pause_ns=None) if missing == "pause_ns" else replace(stats, pause_end=None)
    found = recover(BIRTH, now)
    assert (found.cycles, found.lost, found.lost_ns) == ((), 3, None)


def python_page(collections: int, kept: int) -> bytes:
    pauses = [[1_800_000_000_000_000_000 + n, 1000 + n, n % 3] for n in range(collections)][-kept:]
    return json.dumps({"memstats": {"NumGC": collections, "PauseTotalNs": 5, "Pauses": pauses}}).encode()


@pytest.mark.parametrize("collections", [0, 3, 256, 700])
def test_a_list_of_pauses_as_python_services_show_them_gives_every_one(collections: int) -> None:
    stats = parse_vars(python_page(collections, 256) if collections else python_page(0, 1))
    assert stats is not None and stats.runtime == "python"
    known = recover(BIRTH, stats)
    assert [cycle.pause_ns for cycle in known.cycles] == [1000 + n for n in range(collections)][-256:]
    assert known.lost == max(0, collections - 256)


@pytest.mark.parametrize("page", [python_page(10, 4), b'{"memstats": {"NumGC": 1, "Pauses": [["x", 1]]}}'])
def test_a_list_that_does_not_fit_its_count_is_not_believed(page: bytes) -> None:
    stats = parse_vars(page)
    assert stats is not None and stats.pause_ns is None and stats.runtime == "python"
