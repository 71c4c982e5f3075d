"""The books of a run: segments, their figures, and what is never blended."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from engine import wire
from engine.books.ledger import Ledger
from engine.books.selfcheck import OwnLook
from engine.figures import ThreadFigures
from engine.machine import ContainerNow, CoreNow, HostNow, ThreadsNow, Throttle
from engine.plan import Load
from engine.probes.base import (
    Batch,
    ContainerSample,
    Found,
    Gap,
    Held,
    HostSample,
    ProcessSample,
    RuntimeSample,
    ThreadsSample,
)
from engine.snapshot import GcNow, ProcessNow, Target
from tests.engine.books.columns import MS, S, frame

C64, C128 = Load(concurrency=64), Load(concurrency=128)
TIMEOUT = wire.ERROR_CODE["timeout"]
UNFINISHED = wire.ERROR_CODE["unfinished"]


def ledger() -> Ledger:
    """Return books that were opened at 0, with a segment."""
    books = Ledger(0, timeout_s=10.0, target=Target(url="http://127.0.0.1/"))
    books.begin(C64, 0)
    return books


def test_a_request_belongs_to_the_segment_in_which_it_was_due() -> None:
    books = ledger()
    books.begin(C128, 2 * S)
    late = (1_999 * MS, 2_500 * MS, 200)
    books.add_frame(frame(late, (2 * S, 2_100 * MS, 200), (2 * S, 2_200 * MS, 404), at_ns=3 * S))
    first, second = books.figures(3 * S)
    assert (first.requests, second.requests) == (1, 2)
    assert first.latency_s.response.max == pytest.approx(0.501)
    assert (first.load, second.load) == (C64, C128)
    assert (first.start_s, first.end_s, second.end_s) == (0.0, 2.0, 3.0)
    assert second.statuses == {"200": 1, "404": 1}
    assert books.answered == 3


def test_failed_answers_have_latencies_of_their_own() -> None:
    books = ledger()
    books.add_frame(frame(*[(0, 10 * MS, 200)] * 10, *[(0, MS, 500)] * 10, at_ns=S))
    (figures,) = books.figures(S)
    assert figures.latency_s.response.count == 10
    assert figures.latency_s.response.p50 == pytest.approx(0.010, rel=0.001)
    assert figures.latency_s.failed is not None
    assert figures.latency_s.failed.p50 == pytest.approx(0.001, rel=0.001)


def test_requests_without_an_answer_are_counted_by_kind_and_censor_the_tail() -> None:
    books = ledger()
    books.add_frame(frame(*[(0, MS, 200)] * 90, *[(0, 10 * S, TIMEOUT)] * 10, at_ns=10 * S))
    (figures,) = books.figures(10 * S)
    assert (figures.requests, figures.errors) == (90, {"timeout": 10})
    assert (figures.latency_s.response.censored, figures.latency_s.response.p95) == (10, 10.0)


def test_what_the_end_cut_off_bounds_the_tail_by_its_age() -> None:
    books = ledger()
    books.add_frame(frame(*[(0, MS, 200)] * 90, (S - 3 * MS, S, UNFINISHED), (0, S, UNFINISHED), at_ns=S))
    latency = books.figures(S)[0].latency_s.response
    assert (latency.censored, latency.bound, latency.max) == (2, 0.003, 1.0)


def test_what_a_schedule_left_unsent_is_at_most_as_old_as_the_schedule() -> None:
    books = ledger()
    entry = frame(*[(0, 5 * MS, 200)] * 90, at_ns=S)
    books.add_frame(replace(entry, unsent=(wire.Unsent(S, 3 * S, 100),)))
    figures = books.figures(3 * S)[0]
    latency = figures.latency_s.response
    assert figures.errors == {"unsent": 100}
    assert (latency.censored, latency.bound, latency.p95, latency.max) == (100, 0.005, 0.005, 2.0)


def steady(*, took_ns: int, status: int = 200, connect_ns: int = 0) -> Ledger:
    """Return the books of a closed loop of two connections, 200 requests a second, that settled."""
    books = Ledger(0, timeout_s=10.0, target=Target(url="u"))
    books.begin(Load(concurrency=2), 0)
    for second in range(40):
        at = second * S
        due = [(at + i * 10 * MS, at + i * 10 * MS + took_ns + i, 200) for i in range(100)] * 2
        entry = frame(*due, (at, at + MS, status), at_ns=at + S)
        books.add_frame(replace(entry, connect=wire.pack_times([connect_ns] * 2)))
        books.look_at_ourselves(OwnLook(span_s=1.0, cpu_pct=(85.0, 40.0)))
        books.settle(at + S)
    return books


@pytest.mark.parametrize(
    ("books", "verdict"),
    [
        ({"took_ns": 5 * MS}, "client-bound"),
        ({"took_ns": 9_900_000}, "tight"),
        ({"took_ns": 5 * MS, "status": 503}, "tight"),
        ({"took_ns": 5 * MS, "status": TIMEOUT}, "tight"),
        ({"took_ns": 5 * MS, "connect_ns": 300 * MS}, "tight"),
    ],
)
def test_connections_that_sit_idle_betray_a_generator_only_where_nothing_else_keeps_them(
    books: dict[str, int], verdict: str
) -> None:
    figures = steady(**books).figures(40 * S)[0]
    assert figures.state == "settled"
    assert (figures.client.verdict, figures.client.cpu_pct) == (verdict, 85.0)
    assert "85 %" in figures.client.reasons[0]


def test_before_it_is_settled_or_looked_at_nothing_is_said_of_the_generator() -> None:
    books = ledger()
    books.add_frame(frame(*[(0, MS, 200)] * 90, at_ns=S))
    assert books.figures(S)[0].client.verdict == "not-judged"


@pytest.mark.parametrize(("spin", "verdict"), [(False, "client-bound"), (True, "not-judged")])
def test_a_worker_that_polls_for_the_next_send_is_not_judged_by_its_cpu(spin: bool, verdict: str) -> None:
    books = Ledger(0, timeout_s=10.0, target=Target(url="u"), spin=spin)
    books.begin(Load(mode="open", rate=100.0, arrivals="constant"), 0)
    books.look_at_ourselves(OwnLook(span_s=1.0, cpu_pct=(100.0,)))
    client = books.figures(S)[0].client
    assert (client.verdict, client.cpu_pct) == (verdict, 100.0)


def test_throughput_leaves_out_the_time_without_load() -> None:
    books = ledger()
    books.rest(S)
    books.begin(C64, 9 * S)
    books.add_frame(frame(*[(i, i + MS, 200) for i in range(500)], at_ns=S))
    books.add_frame(frame(*[(9 * S + i, 9 * S + i + MS, 200) for i in range(700)], at_ns=10 * S))
    before, after = books.figures(10 * S)
    assert (before.throughput_rps, after.throughput_rps) == (500.0, 700.0)
    assert books.history(10 * S)[4].segment is None


def test_a_segment_that_is_over_still_takes_what_comes_late() -> None:
    books = ledger()
    books.begin(C128, S)
    assert books.figures(2 * S)[0].requests == 0
    books.add_frame(frame((500 * MS, 3 * S, 200), at_ns=3 * S))
    assert books.figures(3 * S)[0].requests == 1


def test_every_pause_goes_to_the_segment_in_which_it_ended() -> None:
    books = ledger()
    books.begin(C128, 2 * S)
    pauses = ((1_200 * MS, 100_000), (1_500 * MS, 300_000), (2_500 * MS, 200_000))
    books.seen.add(RuntimeSample(at_ns=3 * S, gc=GcNow(), pauses=pauses, lost=4, since_ns=S))
    first, second = books.figures(3 * S)
    assert first.target.gc is not None
    assert second.target.gc is not None
    # The lost ones are the oldest: they came before the first that is known.
    assert (first.target.gc.count, first.target.gc.lost) == (6, 4)
    assert first.target.gc.pause_s.total == pytest.approx(0.0004)
    assert first.target.gc.pause_s.p99 is None  # two pauses have no 99th percentile
    assert first.target.gc.pause_s.max == pytest.approx(0.0003)
    assert (second.target.gc.count, second.target.gc.lost) == (1, 0)
    assert [round(pause.end_s, 3) for pause in books.seen.pauses()] == [1.2, 1.5, 2.5]
    assert len(books.seen.pauses(since_s=1.3)) == 2


def test_a_collector_that_can_be_read_and_did_not_run_is_told_from_one_that_cannot() -> None:
    books = ledger()
    assert books.figures(S)[0].target.gc is None
    books.seen.add(RuntimeSample(at_ns=S, gc=GcNow()))
    gc = books.figures(S)[0].target.gc
    assert gc is not None
    assert gc.count == 0


def test_the_target_s_process_is_averaged_over_the_segment() -> None:
    books = ledger()
    for cpu, rss in ((100.0, 10), (200.0, 30)):
        books.seen.add(ProcessSample(S, ProcessNow(cpu_pct=cpu, rss_bytes=rss, rss_peak_bytes=rss)))
    target = books.figures(S)[0].target
    assert target.cpu_pct == 150.0
    assert target.rss_bytes is not None
    assert (target.rss_bytes.mean, target.rss_bytes.max) == (20.0, 30)


def test_a_restarted_target_is_an_event_and_its_old_process_is_forgotten() -> None:
    books = ledger()
    books.seen.add(ProcessSample(S, ProcessNow(cpu_pct=1.0, rss_bytes=1, rss_peak_bytes=1)))
    books.seen.add(Found(2 * S, Target(url="u", pid=7), restarted=True))
    assert books.seen.process is None
    assert [(event.kind, event.at_s) for event in books.events] == [("target-restarted", 2.0)]


def test_of_a_process_that_is_gone_nothing_more_is_said() -> None:
    books = ledger()
    books.seen.add(Found(0, Target(url="u", pid=7)))
    books.seen.add(ProcessSample(S, ProcessNow(cpu_pct=1.0, rss_bytes=1, rss_peak_bytes=1)))
    books.seen.add(ThreadsSample(S, ThreadsNow(4)))
    books.seen.add(Found(2 * S, Target(url="u")))
    books.settle(3 * S)
    assert (books.seen.process, books.seen.threads, books.seen.container) == (None, None, None)
    assert (books.series()[-1].rss_bytes, books.series()[-1].threads) == (None, None)
    assert books.events == []


def test_a_source_that_keeps_failing_is_mentioned_once_a_minute() -> None:
    books = ledger()
    for second in range(130):
        books.seen.add(Gap(second * S, "go runtime", "no answer within 1 s"))
    assert [event.at_s for event in books.events] == [0.0, 61.0, 122.0]


def test_a_lost_worker_is_an_event_and_its_requests_have_no_answer() -> None:
    books = ledger()
    books.add_loss(S, worker=1, requests=32, why="signal 9")
    assert books.figures(S)[0].errors == {"worker-lost": 32}
    assert "signal 9" in books.events[0].text


def test_the_last_segment_that_measured_anything_speaks_for_the_run() -> None:
    books = ledger()
    assert books.result() is None
    books.add_frame(frame((0, MS, 200), at_ns=S))
    books.begin(C128, 2 * S)
    assert books.result() == 0


def test_connections_and_bytes_are_counted_in_the_current_segment() -> None:
    books = ledger()
    books.seen.add(HostSample(S, HostNow((CoreNow(0, user_pct=50.0),))))
    entry = frame((0, MS, 200), at_ns=S, bytes_in=100)
    took = np.array([2 * MS, 3 * MS], np.int64).tobytes()
    books.add_frame(wire.Frame(**{f: getattr(entry, f) for f in entry.__struct_fields__} | {"connect": took}))
    (figures,) = books.figures(S)
    assert figures.bytes_in == 100
    assert figures.latency_s.connect is not None
    assert figures.latency_s.connect.count == 2


def test_whole_figures_carry_histograms_and_live_ones_do_not() -> None:
    books = ledger()
    books.add_frame(frame((0, MS, 200), at_ns=S))
    assert books.figures(S)[0].histogram == {}
    assert set(books.whole_figures(S)[0].histogram) == {"response"}


def test_time_that_a_quota_held_is_in_the_row_and_the_segment_in_which_it_was_seen() -> None:
    books = ledger()
    now = ContainerNow(version="v2", cpu_limit=0.5, throttled_share=0.25, memory_bytes=100)
    held = (Held(S // 4, S // 2, 30 * MS, 1), Held(3 * S // 2, 2 * S - 1, 20 * MS, 2))
    books.seen.add(ContainerSample(2 * S - 1, now, held[:1]))
    books.settle(S)
    books.begin(C128, 3 * S // 2)
    books.seen.add(ContainerSample(2 * S, replace(now, throttled_share=0.75), held[1:]))
    books.settle(4 * S)
    assert [(row.t_s, row.throttled_s, row.throttled_periods) for row in books.series()] == [
        (0.0, 0.03, 1),
        (1.0, None, 0),
        (1.5, 0.02, 2),
        (2.5, None, 0),
    ]
    assert books.seen.throttles == [Throttle(0.25, 0.5, 0.03, 1), Throttle(1.5, 2 - 1e-9, 0.02, 2)]
    first, second = (figures.target.container for figures in books.figures(4 * S))
    assert first is not None and second is not None
    assert (first.throttled_s, first.throttled_share, first.cpu_limit) == (0.03, 0.25, 0.5)
    assert (second.throttled_s, second.throttled_share) == (0.02, 0.75)


def test_held_time_that_is_told_late_reaches_a_row_that_is_final() -> None:
    books = ledger()
    books.settle(5 * S)
    books.seen.add(
        ContainerSample(5 * S, ContainerNow("v1", cpu_limit=1.0), (Held(0, 3 * S // 2, 10 * MS, 1),))
    )
    assert [row.throttled_s for row in books.series()] == [None, 0.01, None, None, None]


def test_threads_are_averaged_and_the_cores_they_used_are_summed() -> None:
    books = ledger()
    looks = (
        ThreadsNow(4, 3, 10.0, 20.0, 0.5, 20.0, 6.0, "proc", 100.0, {0: 1.0}, (0, 1)),
        ThreadsNow(9, 5, 30.0, 40.0, 1.5, 40.0, 4.0, "proc", 300.0, {1: 1.0}, (0, 1)),
    )
    for look in looks:
        books.seen.add(ThreadsSample(S, look))
    threads = books.figures(S)[0].target.threads
    assert threads == ThreadFigures(
        max=9,
        voluntary_switches_per_s=20.0,
        involuntary_switches_per_s=30.0,
        runqueue_wait_s_per_s=1.0,
        runqueue_wait_pct=30.0,
        migrations_per_s=5.0,
        migrations_by="proc",
        affinity_stability=5 / 200,
        cpu_skew_ratio=1.0,  # in each look all on one core, but on both in the end
        allowed_cpus=(0, 1),
    )
    books.settle(2 * S)
    assert [row.threads for row in books.series()] == [9, 9]
    books.seen.add(Found(2 * S, Target(url="u", pid=7), restarted=True))
    books.settle(3 * S)
    assert books.seen.threads is None
    assert books.series()[-1].threads is None


@pytest.mark.parametrize(("same_host", "name", "kept"), [(True, "", 1), (False, "", 0), (False, "far:9100", 1)])
def test_the_machine_that_counts_is_the_target_s(same_host: bool, name: str, kept: int) -> None:
    books = ledger()
    books.seen.add(Found(0, Target(url="u", same_host=same_host)))
    cores = (CoreNow(0, user_pct=40.0, steal_pct=10.0), CoreNow(1, softirq_pct=20.0))
    books.seen.add(HostSample(S, HostNow(cores, name, available_bytes=70)))
    host = books.figures(S)[0].target.host
    assert (books.seen.remote is None) == (name == "")
    assert (books.seen.cores == (50.0, 20.0)) == (name == "")
    if not kept:
        assert host is None
        return
    assert host is not None
    assert (host.cores, host.busy_pct, host.user_pct, host.softirq_pct, host.steal_pct) == (2, 35, 20, 10, 5)
    assert (host.available_bytes_min, host.cpu_pressure_pct) == (70, None)


def test_sums_of_a_page_go_to_the_segment_of_the_middle_of_their_time() -> None:
    books = ledger()
    books.seen.add(Found(S, Target(url="http://h/", granularity="mean+max")))
    books.begin(C128, 2 * S)
    books.add_frame(frame((1500 * MS, 2500 * MS, 200), at_ns=3 * S))
    now = GcNow(heap_bytes=7, goal_bytes=9, goroutines=5)
    books.seen.add(RuntimeSample(at_ns=2_200 * MS, since_ns=1_200 * MS, gc=now, batch=Batch(4, 0.5)))
    books.seen.add(RuntimeSample(at_ns=3_200 * MS, since_ns=2_200 * MS, gc=now, batch=Batch(2, 0.25)))
    first, second = (segment.target.gc for segment in books.figures(4 * S))
    assert first is not None and second is not None
    assert (first.count, first.pause_s.total, first.granularity) == (4, 0.5, "mean+max")
    assert (second.count, second.pause_s.total, second.lost) == (2, 0.25, 0)


def test_a_runtime_that_does_not_answer_leaves_no_heap_in_the_rows_and_soon_none_on_the_screen() -> None:
    books = ledger()
    books.seen.add(RuntimeSample(at_ns=S, gc=GcNow(heap_bytes=7, goroutines=3)))
    known = []
    for at_s, source in ((2, "runtime"), (5, "series http://h/"), (5, "runtime")):
        books.seen.add(Gap(at_s * S, source, "no connection"))
        known.append(books.seen.gc is not None)
    assert known == [True, True, False]
    books.settle(20 * S)
    rows = books.series()
    assert rows and all(row.heap_bytes is None for row in rows[5:])
