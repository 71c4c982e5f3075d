"""Whole runs against the real Go server: counts that must agree, changes, deaths, ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import pytest

from engine import target
from engine.errors import TargetUnreachable, UsageError
from engine.http_client import serialise
from engine.plan import Load, Plan
from engine.record import Record
from engine.run import Run
from engine.snapshot import RunState, Snapshot
from engine.states import TRANSITIONS, Step
from tests.targets.go import GoServer, go_server

pytestmark = pytest.mark.live

PATIENCE_S = 60.0


def read(url: str) -> dict[str, int]:
    """Return a JSON object from the server."""
    with urllib.request.urlopen(url, timeout=10) as response:
        document: dict[str, int] = json.load(response)
        return document


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    deadline = monotonic() + PATIENCE_S
    while not condition():
        assert monotonic() < deadline, f"it did not come to be: {what}"
        sleep(0.01)


@contextmanager
def running(server: GoServer, path: str = "/ping", **changes: object) -> Iterator[Run]:
    """Start a run against the server; stop and join it at the end of the block."""
    plan = Plan(url=server.url + path, **changes)  # type: ignore[arg-type]
    run = Run(plan, target.find(plan), serialise(plan))
    run.start()
    try:
        yield run
    finally:
        run.stop(drain_s=5.0)
        run.finished.wait(PATIENCE_S)


def whole(server: GoServer, path: str = "/ping", **changes: object) -> Record:
    """Run to the end and return the record."""
    with running(server, path, **changes) as run:
        assert run.finished.wait(PATIENCE_S)
        return run.join()


@pytest.mark.parametrize("workers", [1, 3])
def test_the_server_counted_what_the_report_says(workers: int) -> None:
    with go_server() as server:
        before = read(server.url + "/count")["served"]
        record = whole(server, load=Load(concurrency=20), duration_s=1.5, workers=workers)
        served = read(server.url + "/count")["served"] - before
    (segment,) = record.segments
    assert segment.requests > 200
    assert served == segment.requests + segment.errors.get("unfinished", 0)
    assert segment.statuses == {"200": segment.requests}
    assert record.state == RunState.DONE
    assert segment.latency_s.response.count == segment.requests + segment.errors.get("unfinished", 0)
    assert sum(row.done for row in record.seconds) == segment.requests
    assert segment.latency_s.connect is not None
    assert segment.latency_s.connect.count == 20


@pytest.mark.parametrize(("requests", "workers", "concurrency"), [(1, 1, 1), (1000, 1, 7), (1001, 3, 64)])
def test_a_number_of_requests_is_met_exactly(requests: int, workers: int, concurrency: int) -> None:
    with go_server() as server:
        before = read(server.url + "/count")["served"]
        record = whole(server, requests=requests, workers=workers, load=Load(concurrency=concurrency))
        served = read(server.url + "/count")["served"] - before
    assert sum(segment.requests for segment in record.segments) == requests == served


def test_an_open_loop_begins_with_the_connections_that_it_is_likely_to_need() -> None:
    with go_server() as server:
        load = Load(mode="open", concurrency=100, rate=800.0, arrivals="constant")
        record = whole(server, load=load, requests=80)
    connect = record.segments[0].latency_s.connect
    assert connect is not None
    assert 40 <= connect.count <= 100  # so many are out at once where answers take 50 ms


def test_a_change_of_concurrency_reaches_the_server_and_opens_a_segment() -> None:
    with go_server() as server, running(server, load=Load(concurrency=10), workers=2) as run:
        until(lambda: read(server.url + "/count")["open"] >= 10, "10 connections")
        run.change(Load(concurrency=50))
        until(lambda: run.latest().load.concurrency == 50, "the change in the snapshot")
        until(lambda: run.latest().now.connections == 50, "50 connections")
        assert read(server.url + "/count")["open"] >= 50
        run.change(Load(concurrency=5))
        until(lambda: run.latest().now.connections == 5, "5 connections")
        run.stop()
        record = run.join()
    assert [segment.load.concurrency for segment in record.segments] == [10, 50, 5]
    assert [event.kind for event in record.events if event.kind != "probe-gap"] == [
        "start",
        "load",
        "load",
        "end",
    ]
    assert all(not segment.errors for segment in record.segments)


def test_a_pause_stops_the_load_and_resuming_goes_on() -> None:
    with go_server() as server, running(server, load=Load(concurrency=10)) as run:
        until(lambda: run.latest().now.rps > 0, "some load")
        run.pause()
        until(lambda: run.latest().state == RunState.PAUSED and run.latest().now.in_flight == 0, "quiet")
        held = read(server.url + "/count")["served"]
        assert read(server.url + "/count")["served"] == held
        assert read(server.url + "/count")["open"] >= 10
        run.resume()
        until(lambda: read(server.url + "/count")["served"] > held + 100, "load again")
        run.stop()
        record = run.join()
    assert len(record.segments) == 2
    assert record.segments[0].end_s < record.segments[1].start_s


def test_a_mark_is_an_event_and_anew_a_segment_with_the_same_load() -> None:
    with go_server() as server, running(server, load=Load(concurrency=4)) as run:
        until(lambda: run.latest().at_s > 1.2, "a second has passed")
        run.mark("pool=64", 0.5)
        run.anew()
        until(lambda: len(run.latest().segments) == 2, "the second segment")
        until(lambda: len(run.series()) >= 2, "two rows of the series")
        run.stop()
        record = run.join()
    first, second = record.segments
    assert first.load == second.load == Load(concurrency=4)
    assert first.end_s == second.start_s
    assert first.requests and second.requests
    assert [(event.kind, event.text, event.at_s) for event in record.events if event.kind == "mark"] == [
        ("mark", "pool=64", 0.5)
    ]
    assert [event.at_s for event in record.events] == sorted(event.at_s for event in record.events)
    assert any(row.spectrum for row in record.seconds)


def test_every_collection_of_the_target_is_recovered() -> None:
    with go_server() as server:

        def collections() -> int:
            memstats: dict[str, int] = read(server.url + "/debug/vars")["memstats"]  # type: ignore[assignment]
            return memstats["NumGC"]

        load = Load(mode="open", concurrency=8, rate=2000.0, arrivals="constant")
        with running(server, "/alloc?kb=64", load=load) as run:
            until(lambda: run.latest().gc is not None, "the collector seen")
            first = collections()
            until(lambda: collections() > first + 20, "20 collections")
            run.pause()
            until(lambda: run.latest().now.in_flight == 0, "quiet")
            last = collections()
            until(lambda: len(run.latest().pauses) >= last - first, "all of them")
            assert run.latest().target.pid == server.pid
            until(lambda: run.latest().process is not None, "the process seen")
            run.stop()
            record = run.join()
    gc = record.segments[0].target.gc
    assert gc is not None
    assert gc.lost == 0
    assert last - first <= len(record.pauses) <= last
    assert gc.pause_s.max is not None and gc.pause_s.max > 0


def test_a_worker_that_is_killed_is_replaced_and_the_run_goes_on() -> None:
    with go_server() as server, running(server, load=Load(concurrency=12), workers=2) as run:
        until(lambda: run.latest().now.connections == 12, "all connections")
        victim = _workers()[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: any(event.kind == "worker-lost" for event in run.latest().events), "the loss told")
        until(lambda: run.latest().now.connections == 12 and victim not in _workers(), "all connections again")
        run.stop()
        record = run.join()
    (lost,) = (event for event in record.events if event.kind == "worker-lost")
    assert "signal 9" in lost.text
    assert len(record.segments) == 1
    assert record.segments[0].errors.get("worker-lost", 0) <= 6


def test_workers_end_when_the_process_that_started_them_is_killed() -> None:
    with go_server() as server:
        code = (
            "import sys, time; from engine import target; from engine.http_client import serialise\n"
            "from engine.plan import *; from engine.run import Run\n"
            f"plan = Plan(url='{server.url}/ping', load=Load(concurrency=4), workers=2)\n"
            "run = Run(plan, target.find(plan), serialise(plan)); run.start()\n"
            "while run.latest().now.connections < 4: time.sleep(0.01)\n"
            "print('up', flush=True); time.sleep(600)"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            workers = _workers(process.pid)
            assert len(workers) == 2
            process.kill()
        until(lambda: not any(_alive(pid) for pid in workers), "no worker left")


def test_a_target_that_dies_and_returns_leaves_a_gap_and_no_end() -> None:
    with go_server() as server:
        port = server.port
        plan = Plan(url=server.url + "/ping", load=Load(concurrency=4))
        run = Run(plan, target.find(plan), serialise(plan))
        run.start()
        until(lambda: run.latest().now.rps > 0, "load")
    try:
        until(lambda: bool(_errors(run.latest())), "errors")
        with go_server(port=port) as server:
            until(lambda: read(server.url + "/count")["served"] > 100, "load again")
            run.stop()
            record = run.join()
    finally:
        run.stop()
    assert set(record.segments[0].errors) <= {"reset", "closed", "refused"}
    assert record.segments[0].errors.get("refused", 0) > 0


def test_answers_of_a_failing_status_are_answers() -> None:
    with go_server() as server:
        record = whole(server, "/status?code=503", requests=50, load=Load(concurrency=5))
    assert record.segments[0].statuses == {"503": 50}
    assert record.segments[0].latency_s.response.count == 0
    assert record.segments[0].latency_s.failed is not None


def test_method_headers_and_body_arrive_as_given() -> None:
    with go_server() as server:
        plan = Plan(
            url=server.url + "/echo?a=b%20c",
            method="PUT",
            headers=(("X-One", "1"), ("x-two", "zwei")),
            body=b'{"k": 1}',
        )
        import http.client

        connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
        connection.connect()
        connection.sock.sendall(serialise(plan))
        response = http.client.HTTPResponse(connection.sock, method="PUT")
        response.begin()
        seen = json.loads(response.read())
        connection.close()
    assert seen["method"] == "PUT"
    assert json.dumps(seen).count("zwei") == 1
    assert "loadtop/" in json.dumps(seen)


def test_a_stop_before_the_workers_are_up_ends_the_run() -> None:
    with go_server() as server:
        plan = Plan(url=server.url + "/ping")
        run = Run(plan, target.find(plan), serialise(plan))
        run.start()
        run.stop()
        record = run.join()
    assert record.state == RunState.DONE
    assert record.result is None


def test_a_record_can_be_taken_at_any_time() -> None:
    with go_server() as server, running(server) as run:
        until(lambda: run.latest().now.rps > 0, "load")
        early = run.record()
        assert early.state == RunState.RUNNING
        assert early.segments[0].histogram.keys() == {"response", "connect"}
        run.stop()
        assert run.join().segments[0].requests >= early.segments[0].requests
        assert run.record().state == RunState.DONE


def test_more_connections_than_files_are_refused_while_the_run_goes_on() -> None:
    with go_server() as server, running(server) as run:
        with pytest.raises(UsageError, match=r"open-file limit|ports"):
            run.change(Load(concurrency=10_000_000))
        assert run.latest().load.concurrency == 64


def test_a_refused_port_is_told_at_once() -> None:
    with pytest.raises(TargetUnreachable, match="is the service running"):
        target.find(Plan(url="http://127.0.0.1:1/"))


def test_every_state_can_be_reached_and_can_end() -> None:
    reached = {RunState.STARTING} | {to for steps in TRANSITIONS.values() for to in steps.values()}
    assert reached == set(RunState) == set(TRANSITIONS)
    for state, steps in TRANSITIONS.items():
        if state not in (RunState.DONE, RunState.FAILED):
            assert steps[Step.FAIL] == RunState.FAILED


def _errors(snapshot: Snapshot) -> dict[str, int]:
    return snapshot.segments[0].errors if snapshot.segments else {}


def _workers(parent: int | None = None) -> list[int]:
    import psutil

    children = psutil.Process(parent).children()
    return sorted(child.pid for child in children if "engine.worker" in " ".join(child.cmdline()))


def _alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
