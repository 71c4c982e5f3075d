from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable

import pytest

from engine.plan import Plan
from engine.probes import attach, places, runtime
from engine.probes.base import Found, Gap, RuntimeSample
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
    monkeypatch.setattr(runtime, "interval_s", lambda rate: 0.01)


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
