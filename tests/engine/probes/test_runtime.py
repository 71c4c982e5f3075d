from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from engine.plan import Plan
from engine.probes import attach, find, places, runtime
from engine.probes.base import Found, Gap, Polled, RuntimeSample
from engine.probes.runtime import interval_s, wall_offset_ns
from engine.probes.scene import Scene
from tests.engine.probes.heard import Heard, one_source
from tests.engine.probes.ring import Ring
from tests.targets.hostile import Script, answer, dripping, endless, hanging_up, hostile, pages, silence

HEAP = "heap?debug=1"
PAGE = answer(b"<!doctype html><title>shop</title>" + b"<p>hello" * 10_000, kind="text/html")


@pytest.fixture(autouse=True)
def nobody_at_the_usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs on this machine, no test finds it by the usual port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(places, "PPROF_PORT", port)
    monkeypatch.setattr(attach, "PPROF_PORT", port)


@pytest.mark.parametrize(
    ("rate", "interval"), [(0, 1.0), (1, 1.0), (128, 1.0), (200, 0.64), (640, 0.2), (5000, 0.2), (0.01, 1.0)]
)
def test_looks_come_before_the_ring_is_more_than_half_full(rate: float, interval: float) -> None:
    assert interval_s(rate) == pytest.approx(interval)


def test_the_first_looks_come_fast_for_nobody_knows_yet_how_the_ring_fills() -> None:
    assert [interval_s(0.0, looks) for looks in (1, 4, 5, 6)] == [0.2, 0.2, 1.0, 1.0]


def test_the_offset_between_the_clocks_is_measured() -> None:
    assert abs(wall_offset_ns(time.monotonic_ns) - (time.time_ns() - time.monotonic_ns())) < 100_000_000


def listen(script: Script, until: Callable[[Heard], object]) -> Heard:
    """Probe a scripted target until something holds."""

    async def run() -> Heard:
        heard = Heard()
        async with hostile(script) as url:
            scene = Scene(Plan(url=f"{url}/shop"), ("127.0.0.1", 1), heard, time.monotonic_ns)
            async with one_source(runtime.watch, scene, heard):
                await heard.until(lambda: until(heard))
        return heard

    return asyncio.run(run())


def probe_words(heard: Heard) -> str:
    return heard.target.probe if heard.of(Found) else ""


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (pages({}), "no runtime at "),
        (pages({}, PAGE), "no runtime at "),
        (pages({}, answer(b"", status="302 Found", extra="Location: /debug/vars\r\n")), "no runtime at "),
        (pages({}, answer(b"", status="401 Unauthorized")), "no runtime at "),
        (pages({}, answer(b"\x1f\x8b\x08" + bytes(range(256)))), "no runtime at "),
        (pages({}, answer(b'{"memstats": {"NumGC": -5}}')), "no runtime at "),
        (pages({}, answer(b"\n# runtime.MemStats\n# NumGC = lots\n")), "no runtime at "),
        (pages({}, answer(b"", status="503 Service Unavailable")), "no answer at "),
        (pages({}, b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "no answer at "),
        (hanging_up, "no answer at "),
        (silence, "no answer at "),
        (dripping, "no answer at "),
        (endless, "no "),
    ],
)
def test_a_target_that_shows_no_runtime_is_said_so_in_one_line(script: Script, words: str) -> None:
    heard = listen(script, probe_words)
    said = probe_words(heard)
    assert said.startswith(words)
    assert said.endswith("; give --probe URL")
    assert said.isprintable()
    assert heard.of(RuntimeSample) == []
    assert not any(found.restarted for found in heard.of(Found))


def test_a_target_that_is_not_there_is_said_so() -> None:
    async def run() -> None:
        heard = Heard()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        scene = Scene(Plan(url=url), ("127.0.0.1", 1), heard, time.monotonic_ns)
        async with one_source(runtime.watch, scene, heard):
            await heard.until(lambda: heard.of(Gap))
        assert (
            heard.target.probe
            == f"no answer at {url} or port {places.PPROF_PORT} (no connection); give --probe URL"
        )
        assert heard.reasons == ["no connection"]

    asyncio.run(run())


def test_no_look_ever_starts_a_collection() -> None:
    asked: list[str] = []

    async def script(target: str, writer: asyncio.StreamWriter) -> None:
        asked.append(target)
        writer.write(answer(b"", status="404 Not Found"))

    listen(script, probe_words)
    assert asked == [
        "/debug/pprof/cmdline",
        "/debug/vars",
        f"/debug/pprof/{HEAP}",
        "/metrics",
        "/actuator/prometheus",
    ]


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other closely."""
    monkeypatch.setattr(runtime, "interval_s", lambda rate, looks: 0.01)


def at_the_usual_port(monkeypatch: pytest.MonkeyPatch, pids: dict[int, int] | None = None) -> Heard:
    """Probe a target without debug pages, where another server has them at the usual port."""
    ring = Ring()
    ring.collect(3)

    async def run() -> Heard:
        heard = Heard()
        async with hostile(pages({})) as url, hostile(pages({"/debug/vars": answer(ring.as_vars())})) as other:
            port = int(other.rpartition(":")[2])
            monkeypatch.setattr(places, "PPROF_PORT", port)
            monkeypatch.setattr(attach, "PPROF_PORT", port)
            own = int(url.rpartition(":")[2])
            if pids is not None:
                monkeypatch.setattr(find, "listening_pid", lambda host, asked: pids[asked == own])
            scene = Scene(Plan(url=f"{url}/shop"), ("127.0.0.1", own), heard, time.monotonic_ns)
            scene.tell(same_host=True)
            async with one_source(runtime.watch, scene, heard):
                await heard.until(lambda: heard.of(RuntimeSample) or probe_words(heard))
        return heard

    return asyncio.run(run())


def test_the_usual_port_is_the_targets_where_the_same_process_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = at_the_usual_port(monkeypatch)
    assert heard.target.probe == f"http://127.0.0.1:{places.PPROF_PORT}/debug/vars: every pause"


def test_the_usual_port_of_another_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = at_the_usual_port(monkeypatch, {True: 17, False: 18})
    assert heard.target.probe.startswith("no runtime at ")
    assert f"or port {places.PPROF_PORT}; give --probe URL" in heard.target.probe


def test_a_page_of_metrics_is_read_with_what_its_owner_wants_to_know() -> None:
    heads: list[bytes] = []
    page = b"go_gc_duration_seconds_count 5\ngo_gc_duration_seconds_sum 0.1\ngo_sched_gomaxprocs_threads 3\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                heads.append(head)
                allowed = b"Authorization: Basic eDp5" in head
                writer.write(answer(page) if allowed else answer(b"", status="401 Unauthorized"))
        writer.close()

    async def run() -> Heard:
        heard = Heard()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/metrics"
            plan = Plan(
                url="http://127.0.0.1:1/", probe_url=url, probe_headers=(("Authorization", "Basic eDp5"),)
            )
            scene = Scene(plan, ("127.0.0.1", 1), heard, time.monotonic_ns)
            async with one_source(runtime.watch, scene, heard):
                await heard.until(lambda: len(heard.of(RuntimeSample)) == 2)
        return heard

    heard = asyncio.run(run())
    assert heard.target.probe.endswith(
        "/metrics: mean and longest pause; every pause is only in /debug/vars or /debug/pprof: give --probe URL"
    )
    assert (heard.target.granularity, heard.target.gomaxprocs) == ("mean+max", 3)
    assert {head.split(b" ")[1] for head in heads} == {b"/metrics"}
    # Every request is told, whatever came of it.
    assert len(heard.of(Polled)) == len(heads)
    assert all(poll.began_ns < poll.at_ns for poll in heard.of(Polled))


def test_a_page_of_the_machine_is_no_runtime_and_the_target_is_looked_at_instead() -> None:
    ring = Ring()
    ring.collect(3)

    async def run() -> Heard:
        heard = Heard()
        # A real exporter is a Go program: its own collections are on the page too.
        own = b"go_gc_duration_seconds_count 7\ngo_gc_duration_seconds_sum 0.001\ngo_goroutines 8\n"
        machine = pages({"/metrics": answer(own + b'node_cpu_seconds_total{cpu="0"} 7\n')})
        async with hostile(machine) as exporter, hostile(pages({"/debug/vars": answer(ring.as_vars())})) as url:
            plan = Plan(url=f"{url}/shop", probe_url=f"{exporter}/metrics")
            scene = Scene(plan, ("127.0.0.1", 1), heard, time.monotonic_ns)
            async with one_source(runtime.watch, scene, heard):
                await heard.until(lambda: heard.of(RuntimeSample))
        assert heard.target.probe.startswith(f"{url}/debug/vars")
        return heard

    asyncio.run(run())


@pytest.mark.parametrize("index", ["/debug/pprof/", "/debug/pprof"])
def test_goroutines_are_counted_where_the_index_is(index: str) -> None:
    ring = Ring()
    ring.collect(3)
    raw = {
        "/debug/pprof/cmdline": answer(b"./service"),
        "/debug/vars": answer(ring.as_vars()),
        index: answer(b"<tr><td>42</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>"),
    }
    heard = listen(pages(raw), lambda heard: any(one.gc.goroutines for one in heard.of(RuntimeSample)))
    assert heard.of(RuntimeSample)[-1].gc.goroutines == 42


@pytest.mark.usefixtures("quickly")
def test_a_runtime_that_answers_badly_now_and_then_costs_gaps_and_no_pause() -> None:
    ring = Ring()
    ring.collect(40)
    bad = iter(
        [
            None,
            None,
            PAGE,
            None,
            answer(b"", status="500 Internal Server Error"),
            answer(b"<html>", status="404 Not Found"),
            None,
            b"garbage\r\n\r\n",
            answer(b'{"memstats": {"NumGC": 5'),
            None,
        ]
    )

    async def script(target: str, writer: asyncio.StreamWriter) -> None:
        if target != "/debug/vars":
            writer.write(answer(b"./service\0-flag", kind="text/plain"))
            return
        wrong = next(bad, None)
        if wrong is None:
            ring.collect(220)
        writer.write(wrong or answer(ring.as_vars()))

    heard = listen(script, lambda heard: len(heard.of(RuntimeSample)) == 4)
    samples = heard.of(RuntimeSample)
    assert heard.target.command == "./service -flag"
    assert heard.target.runtime == "go"
    assert len(heard.reasons) == 5
    # The page was first read to be chosen, at 260 collections; then for the baseline.
    baseline = 40 + 2 * 220
    told = [pause for _, pause in heard.pauses]
    assert told == [cycle.pause_ns for cycle in ring.truth[baseline : baseline + 3 * 220]]
    assert sum(sample.lost for sample in samples) == 0
    assert all(samples[0].poll_ns <= end <= samples[-1].at_ns for end, _ in heard.pauses)


@pytest.mark.usefixtures("quickly")
def test_an_endpoint_that_goes_away_is_replaced_and_nothing_is_lost_in_between() -> None:
    ring = Ring()
    gone = False

    async def script(target: str, writer: asyncio.StreamWriter) -> None:
        nonlocal gone
        if target == "/debug/vars" and not gone:
            ring.collect(230)
            gone = ring.num_gc >= 3 * 230
            writer.write(answer(ring.as_vars()))
        elif target == f"/debug/pprof/{HEAP}":
            ring.collect(10)
            rows = (
                f"# PauseNs = {json.dumps(ring.pause_ns).replace(',', '')}",
                f"# PauseEnd = {json.dumps(ring.pause_end).replace(',', '')}",
                f"# NumGC = {ring.num_gc}",
            )
            head = b"heap profile: 1: 2 [3: 4] @ heap/1048576\n1: 2 [3: 4] @ 0x1\n#\t0x1\tmain\n" * 3000
            writer.write(answer(head + b"\n# runtime.MemStats\n" + "\n".join(rows).encode() + b"\n"))
        else:
            writer.write(answer(b"", status="404 Not Found"))

    heard = listen(script, lambda heard: len(heard.of(RuntimeSample)) == 3)
    assert heard.target.probe.endswith(f"/debug/pprof/{HEAP}: every pause, placed by the target's clock")
    assert heard.reasons == ["status 404"] * 3
    told = [pause for _, pause in heard.pauses]
    assert told == [cycle.pause_ns for cycle in ring.truth[2 * 230 : 2 * 230 + len(told)]]
    assert len(told) == 230 + 20
    assert heard.of(RuntimeSample)[-1].lost == 0
