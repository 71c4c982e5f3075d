from __future__ import annotations

import math
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest

from engine.probes.dialects import runtime_reader
from engine.probes.reading import Reading

PAGES = Path(__file__).parent / "pages"
"""Recorded from servers of our own: Node 20 with prom-client 15, Java 17 with Micrometer and client_java."""


def read(text: str | bytes) -> Reading:
    reading = runtime_reader()(text if isinstance(text, bytes) else text.encode())
    assert reading is not None
    return reading


GO = """# TYPE go_gc_duration_seconds summary
go_gc_duration_seconds{quantile="0"} 1.8e-05
go_gc_duration_seconds{quantile="1"} 0.000912
go_gc_duration_seconds_sum 0.0443
go_gc_duration_seconds_count 731
go_goroutines 27
go_info{version="go1.22.10"} 1
go_memstats_alloc_bytes_total 3.1e+09
go_memstats_heap_alloc_bytes 2.5e+06
go_memstats_next_gc_bytes 4.194304e+06
go_sched_gomaxprocs_threads 2
process_start_time_seconds 1.79e+09
"""


def test_go_shows_exact_sums_and_the_longest_of_the_last_256() -> None:
    assert read(GO) == Reading(
        "go1.22.10",
        "mean+max",
        collections=731,
        pause_total_s=0.0443,
        longest_s=0.000912,
        stops=2,
        allocated_bytes=3_100_000_000,
        heap_bytes=2_500_000,
        goal_bytes=4_194_304,
        goroutines=27,
        gomaxprocs=2,
        born_unix_s=1.79e9,
    )


def test_go_with_its_histogram_of_stops_tells_more() -> None:
    text = GO + "".join(
        f'go_sched_pauses_total_gc_seconds_bucket{{le="{bound}"}} {count}\n'
        for bound, count in (("6.4e-08", 0), ("8.192e-05", 1400), ("0.000917504", 1460), ("+Inf", 1462))
    )
    text += "go_cpu_classes_gc_total_cpu_seconds_total 3\ngo_cpu_classes_total_cpu_seconds_total 100\n"
    reading = read(text)
    assert reading.granularity == "histogram"
    assert reading.buckets == ((6.4e-8, 0), (8.192e-5, 1400), (0.000917504, 1460), (math.inf, 1462))
    assert (reading.stops, reading.gc_cpu_s, reading.cpu_s) == (2, 3, 100)


def test_a_collector_that_is_off_has_no_goal() -> None:
    assert read(GO.replace("4.194304e+06", "1.8446744073709552e+19")).goal_bytes is None


def test_node_has_a_histogram_over_all_kinds_of_collections() -> None:
    reading = read((PAGES / "node.txt").read_bytes())
    assert (reading.runtime, reading.granularity) == ("node", "histogram")
    assert reading.collections > 10
    assert reading.pause_total_s is not None and 0 < reading.pause_total_s < 60
    assert [bound for bound, _ in reading.buckets] == [0.001, 0.01, 0.1, 1, 2, 5, math.inf]
    assert reading.buckets[-1][1] == reading.collections
    assert reading.heap_bytes is not None and reading.heap_bytes > 1 << 20
    assert reading.born_unix_s is not None


def test_micrometer_has_sums_and_a_maximum_of_some_minutes() -> None:
    reading = read((PAGES / "micrometer.txt").read_bytes())
    assert (reading.runtime, reading.granularity, reading.collections) == ("jvm", "mean+max", 4)
    assert (reading.pause_total_s, reading.longest_s) == (0.166, 0.063)
    assert reading.goal_bytes == 128 << 20
    assert reading.heap_bytes is not None and 0 < reading.heap_bytes < 128 << 20
    assert reading.gc_share == pytest.approx(0.00568946)
    assert reading.allocated_bytes == 47_185_920


def test_a_timer_that_has_not_run_yet_is_no_other_runtime() -> None:
    page = (PAGES / "micrometer.txt").read_bytes().splitlines(keepends=True)
    reading = read(b"".join(line for line in page if b"jvm_gc_pause" not in line))
    assert (reading.runtime, reading.granularity, reading.collections) == ("jvm", "mean+max", 0)
    assert reading.pause_total_s == 0


def test_client_java_has_sums_of_which_concurrent_work_is_no_part() -> None:
    page = (PAGES / "client_java.txt").read_bytes()
    assert (read(page).collections, read(page).pause_total_s) == (4, 0.164)
    page += b'jvm_gc_collection_seconds_count{gc="ZGC Cycles"} 5\n'
    page += b'jvm_gc_collection_seconds_sum{gc="ZGC Cycles"} 9.5\n'
    reading = read(page)
    assert (reading.granularity, reading.collections, reading.pause_total_s) == ("mean", 4, 0.164)
    assert reading.goal_bytes == 128 << 20


def test_python_tells_collections_and_no_times() -> None:
    registry = CollectorRegistry()
    GCCollector(registry)
    PlatformCollector(registry)
    ProcessCollector(registry=registry)
    reading = read(generate_latest(registry))
    assert (reading.runtime, reading.granularity) == ("python", "count")
    assert reading.collections > 0
    assert reading.pause_total_s is None


@pytest.mark.parametrize(
    ("text", "granularity", "collections", "total"),
    [
        (
            'dotnet_gc_collections_total{gc_heap_generation="gen0"} 9\n'
            'dotnet_gc_collections_total{gc_heap_generation="gen1"} 2\n'
            "dotnet_gc_pause_time_seconds_total 0.5\n",
            "mean",
            11,
            0.5,
        ),
        (
            'dotnet_collection_count_total{generation="0"} 9\n'
            'dotnet_collection_count_total{generation="1"} 2\n',
            "count",
            9,
            None,
        ),
    ],
)
def test_dotnet_counts_generations_in_two_ways(
    text: str, granularity: str, collections: int, total: float | None
) -> None:
    reading = read(text)
    assert (reading.runtime, reading.granularity) == (".net", granularity)
    assert (reading.collections, reading.pause_total_s) == (collections, total)


def test_java_by_opentelemetry_has_a_histogram() -> None:
    text = "".join(
        f'jvm_gc_duration_seconds_bucket{{jvm_gc_name="{name}",le="{bound}"}} {count}\n'
        for name in ("G1 Young", "G1 Old")
        for bound, count in (("0.01", 3), ("+Inf", 4))
    )
    text += 'jvm_gc_duration_seconds_count{jvm_gc_name="G1 Young"} 8\njvm_gc_duration_seconds_sum 0.1\n'
    reading = read(text)
    assert reading.buckets == ((0.01, 6), (math.inf, 8))
    assert (reading.collections, reading.granularity) == (8, "histogram")


@pytest.mark.parametrize(
    "text", ["", "<html></html>", 'node_cpu_seconds_total{cpu="0",mode="idle"} 7\n', '{"memstats": {}}']
)
def test_a_page_of_something_else_is_no_runtime(text: str) -> None:
    assert runtime_reader()(text.encode()) is None


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "1e300"])
def test_a_number_that_cannot_be_is_not_there(value: str) -> None:
    lying = "".join(f"{line.rpartition(' ')[0]} {value}\n" for line in GO.splitlines() if line[0] != "#")
    assert read(lying) == Reading("go1.22.10", "mean+max", stops=2)


def test_escape_sequences_do_not_become_the_runtimes_name() -> None:
    assert read(GO.replace("go1.22.10", "go1.22\x1b[31m")).runtime == "go"


def test_client_golang_is_read_as_it_writes_by_default_and_with_all_its_metrics() -> None:
    usual, all_of_it = (read((PAGES / name).read_bytes()) for name in ("go_default.txt", "go_all.txt"))
    assert (usual.runtime, usual.granularity, usual.collections) == ("go1.26.8", "mean+max", 557)
    assert (usual.pause_total_s, usual.longest_s) == (0.338821518, 0.00099804)
    assert usual.gomaxprocs == 2 and usual.goroutines and usual.heap_bytes and usual.allocated_bytes
    assert (all_of_it.granularity, all_of_it.collections) == ("histogram", 194)
    # Two stops a collection; one was under way.
    assert all_of_it.buckets[-1][1] in (2 * 194, 2 * 194 + 1)
    assert all_of_it.gc_cpu_s and all_of_it.cpu_s and all_of_it.gc_cpu_s < all_of_it.cpu_s
