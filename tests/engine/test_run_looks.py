"""Profiles and traces of a real Go server under a real load, beside what the server itself knows."""

from __future__ import annotations

import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic, sleep

import pytest

from engine import target
from engine.errors import LookFailed, UsageError
from engine.http_client import serialise
from engine.looks import CpuProfile
from engine.plan import Load, Plan
from engine.probes.flame import by_function
from engine.run import Run
from tests.targets.go import GoServer, go_server

pytestmark = pytest.mark.live

PATIENCE_S = 60.0


def ask(url: str) -> str:
    """Return what the server answers."""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:
        text: str = response.read().decode()
        return text


@contextmanager
def running(server: GoServer, path: str, **changes: object) -> Iterator[Run]:
    """Drive the server for as long as the block lasts, watched by nothing but what the block asks for."""
    plan = Plan(url=server.url + path, probing=False, load=Load(concurrency=2), **changes)  # type: ignore[arg-type]
    run = Run(plan, target.find(plan), serialise(plan))
    run.start()
    try:
        deadline = monotonic() + PATIENCE_S
        while run.latest().now.rps == 0:
            assert monotonic() < deadline, "no load came to be"
            sleep(0.01)
        yield run
    finally:
        run.stop(drain_s=5.0)
        run.finished.wait(PATIENCE_S)


def heaviest(profile: CpuProfile) -> str:
    """Return the function that took most by itself."""
    return profile.frames[by_function(profile)[0].frame].function


def test_a_profile_finds_what_burns_while_the_load_goes_on() -> None:
    with go_server() as server, running(server, "/burn?ms=5") as run:
        profile = run.profile(2).result(PATIENCE_S)
        assert heaviest(profile) == "main.burnCycles"
        assert profile.seconds is not None and 1.9 < profile.seconds < 10
        assert profile.stacks and profile.total >= profile.dropped
        run.stop(drain_s=5.0)
        record = run.join()
    assert list(record.looks.profiles) == [profile]
    assert len(record.segments) == 1
    begun, ended = (event.at_s for event in record.events if event.kind == "profile")
    assert begun - 0.01 <= profile.at_s < profile.at_s + profile.seconds <= ended + 0.01
    assert sum(row.done for row in record.seconds if begun <= row.t_s < ended) > 0


def test_a_trace_has_every_collection_that_the_server_did_and_lies_under_the_load() -> None:
    with go_server() as server, running(server, "/ping") as run, ThreadPoolExecutor() as pool:
        ask(f"{server.url}/quiet")
        ask(f"{server.url}/collect?n=1")
        collected = pool.submit(ask, f"{server.url}/collect?n=4&traced=1")
        asked = run.trace(1)
        trace = asked.result(PATIENCE_S)
        assert collected.result() == "4"
        run.stop()
        record = run.join()
    kinds = Counter(stop.kind for stop in trace.stw)
    assert kinds["GC sweep termination"] == kinds["GC mark termination"] == 4
    assert kinds["read mem stats"] == 2  # the server's own count, before and after
    assert len(trace.gc_cycles) == 4
    assert all(cycle.whole for cycle in trace.gc_cycles)
    assert trace.clock == "monotonic"
    begun, ended = (event.at_s for event in record.events if event.kind == "trace")
    assert begun <= trace.at_s <= min(stop.start_s for stop in trace.stw)
    assert max(stop.start_s + stop.length_s for stop in trace.stw) <= trace.at_s + trace.span_s + 1e-6 <= ended
    assert list(record.looks.traces) == [trace]


def test_what_cannot_be_had_is_said_and_the_run_goes_on() -> None:
    with go_server() as server, running(server, "/ping", probe_url="http://127.0.0.1:1") as run:
        with pytest.raises(UsageError, match="ask for 1 to 300 s"):
            run.profile(0)
        with pytest.raises(LookFailed, match="no CPU profile: no connection"):
            run.profile(1).result(PATIENCE_S)
        done = run.latest().segments[0].requests
        while run.latest().segments[0].requests <= done:
            sleep(0.01)
        run.stop()
        run.join()
        with pytest.raises(UsageError, match="the run is over"):
            run.profile(1).result(0)


def test_a_run_that_ends_does_not_wait_for_a_profile() -> None:
    with go_server() as server, running(server, "/ping") as run:
        asked = run.profile(300)
        run.stop()
        assert run.finished.wait(PATIENCE_S)
        with pytest.raises(LookFailed, match="the run ended before its CPU profile did"):
            asked.result(0)
