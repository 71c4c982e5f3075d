from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from engine.demo import MEDIAN_S, NOTE, service_times, slowness
from engine.demo_runtime import Collector, as_heap, as_vars
from engine.http_client import Fetcher
from engine.probes.memstats import TRAILER, parse_trailer, parse_vars
from tests.targets.demo import DemoTarget, demo_target

pytestmark = pytest.mark.live

PATIENCE_S = 20.0
LABEL = b"X-Loadtop-Demo: simulated warm-up\r\n"


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoTarget]:
    with demo_target() as target:
        yield target


class Wire:
    """A raw connection."""

    def __init__(self, target: DemoTarget) -> None:
        self._socket = socket.create_connection((target.host, target.port), timeout=PATIENCE_S)
        self._rest = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self, *, body: bool = True) -> tuple[int, bytes, bytes]:
        """Read one answer: status, head, body."""
        while b"\r\n\r\n" not in self._rest:
            self._receive()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) if body else 0
        while len(self._rest) < length:
            self._receive()
        content, self._rest = self._rest[:length], self._rest[length:]
        return int(head.split(b" ")[1]), head + b"\r\n", content

    def is_closed(self) -> bool:
        """Wait for the end of the connection."""
        try:
            return self._rest == b"" and self._socket.recv(1) == b""
        except ConnectionResetError:  # it did not read all that we sent
            return True

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        assert data, f"closed after {self._rest!r}"
        self._rest += data


def get(target: str) -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: demo\r\n\r\n" % target.encode()


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/ping", 200, b"pong"),
        ("/ping?a=b", 200, b"pong"),
        ("/", 404, b"not found"),
        ("/other", 404, b"not found"),
    ],
)
def test_paths_are_answered_and_labelled(demo: DemoTarget, target: str, status: int, body: bytes) -> None:
    with Wire(demo) as wire:
        for _ in range(3):  # the second time it is known by its bytes
            wire.send(get(target))
            found, head, content = wire.answer()
            assert (found, content) == (status, body)
            assert LABEL in head


def test_json_is_about_a_kilobyte(demo: DemoTarget) -> None:
    with Wire(demo) as wire:
        wire.send(get("/json"))
        _, head, body = wire.answer()
    assert b"Content-Type: application/json\r\n" in head
    assert len(json.loads(body)["items"]) == 20
    assert 800 < len(body) < 1400


def test_answers_to_pipelined_requests_come_in_their_order(demo: DemoTarget) -> None:
    targets = ["/ping", "/json", "/none", "/debug/pprof/cmdline", "/ping"] * 300
    with Wire(demo) as wire:
        wire.send(b"".join(map(get, targets)))
        seen = [wire.answer() for _ in targets]
    expected = [b"pong", seen[1][2], b"not found", seen[3][2], b"pong"] * 300
    assert [content for _, _, content in seen] == expected


def test_head_has_the_length_and_no_body(demo: DemoTarget) -> None:
    with Wire(demo) as wire:
        wire.send(b"HEAD /json HTTP/1.1\r\nHost: demo\r\n\r\n" + get("/ping"))
        status, head, _ = wire.answer(body=False)
        assert status == 200 and b"Content-Length: 4\r\n" not in head
        assert wire.answer()[2] == b"pong"


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Content-Length: 0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000,
        # A body that looks like a request must not become one.
        b"Content-Length: 34\r\n\r\nGET /json HTTP/1.1\r\nHost: demo\r\n\r\n",
    ],
)
def test_bodies_are_accepted_and_dropped(demo: DemoTarget, body: bytes) -> None:
    with Wire(demo) as wire:
        for _ in range(2):
            wire.send(b"POST /ping HTTP/1.1\r\nHost: demo\r\n" + body)
            assert wire.answer()[2] == b"pong"


def test_a_request_may_arrive_byte_by_byte(demo: DemoTarget) -> None:
    with Wire(demo) as wire:
        for byte in get("/ping"):
            wire.send(bytes([byte]))
        assert wire.answer()[2] == b"pong"


def test_the_end_of_one_request_is_never_learned_as_another(demo: DemoTarget) -> None:
    with Wire(demo) as wire, Wire(demo) as other:
        wire.send(b"GET /ping HTTP/1.1\r\nX: ")
        other.send(get("/none"))
        other.answer()  # what was sent before has arrived, alone
        wire.send(get("/json"))
        assert wire.answer()[2] == b"pong"
        other.send(get("/json"))
        assert other.answer()[2] != b"pong"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET /ping HTTP/9.9\r\n\r\n", 400),
        (b"POST /ping HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /ping HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnothex\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nX: " + b"y" * 70_000, 431),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(
    demo: DemoTarget, request_bytes: bytes, status: int
) -> None:
    with Wire(demo) as wire:
        wire.send(request_bytes)
        assert wire.answer()[0] == status
        assert wire.is_closed()


@pytest.mark.parametrize(
    "head", [b"GET /ping HTTP/1.0\r\n\r\n", b"GET /ping HTTP/1.1\r\nConnection: close\r\n\r\n"]
)
def test_a_connection_is_closed_where_that_is_asked_for(demo: DemoTarget, head: bytes) -> None:
    with Wire(demo) as wire:
        wire.send(head)
        assert wire.answer()[2] == b"pong"
        assert wire.is_closed()


def test_an_upgrade_is_answered_in_http_and_closed(demo: DemoTarget) -> None:
    with Wire(demo) as wire:
        wire.send(b"GET /ping HTTP/1.1\r\nHost: demo\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert wire.answer()[0] == 200
        assert wire.is_closed()


def test_its_slowness_begins_at_five_times_and_fades() -> None:
    assert slowness(0.0) == 5.0
    assert slowness(4.0) == pytest.approx(1 + 4 / math.e)
    assert slowness(15.0) < 1.1
    assert "15 s" in NOTE and "simulated" in NOTE


def test_service_times_have_a_tail_between_p99_and_p999() -> None:
    times = sorted(service_times())
    assert times[len(times) // 2] == pytest.approx(MEDIAN_S, rel=0.05)
    assert times[int(len(times) * 0.99)] < 2 * MEDIAN_S
    assert times[int(len(times) * 0.999)] > 7 * MEDIAN_S


def test_an_answer_takes_its_service_time_and_debug_pages_take_none(demo: DemoTarget) -> None:
    async def run() -> None:
        async with Fetcher(timeout_s=PATIENCE_S) as fetcher:
            await fetcher.get(f"{demo.url}/ping")
            load = min([(await fetcher.get(f"{demo.url}/ping")).took_ns for _ in range(20)])
            debug = min([(await fetcher.get(f"{demo.url}/debug/pprof/")).took_ns for _ in range(20)])
        # The fastest of many is close to the truth even where the machine is busy.
        assert load > MEDIAN_S / 3 * 1e9
        assert debug < load

    asyncio.run(run())


def test_its_collector_is_shown_in_both_of_gos_formats() -> None:
    with demo_target() as target, Wire(target) as wire:
        batch = get("/ping") * 500
        for _ in range(24):
            wire.send(batch)
            for _ in range(500):
                wire.answer()
        wire.send(get("/debug/vars"))
        of_vars = parse_vars(wire.answer()[2])
        wire.send(get("/debug/pprof/heap?debug=1"))
        of_heap = parse_trailer(wire.answer()[2].rpartition(TRAILER)[2])
        wire.send(get("/debug/pprof/cmdline"))
        assert b"\0-m\0engine.demo\0" in wire.answer()[2]
        wire.send(get("/debug/pprof/nothing"))
        assert wire.answer()[0] == 404
    assert of_vars is not None and of_heap is not None
    assert of_vars.num_gc == of_heap.num_gc >= 2
    assert of_vars.pause_ns is not None and of_vars.pause_ns == of_heap.pause_ns
    assert of_vars.pause_end == of_heap.pause_end
    assert of_vars.pause_total_ns == sum(of_vars.pause_ns)
    assert all(pause > 0 for pause in of_vars.pause_ns[: of_vars.num_gc])
    assert of_heap.total_alloc == of_vars.total_alloc and of_vars.next_gc


def test_a_collector_before_its_first_collection_is_well_formed() -> None:
    memstats = Collector(1000).memstats()
    assert b"# GCCPUFraction = 0\n" in as_heap(memstats)
    for stats in (parse_vars(as_vars(memstats)), parse_trailer(as_heap(memstats))):
        assert stats is not None
        assert (stats.num_gc, stats.last_gc, stats.total_alloc, stats.heap_alloc) == (0, 0, 0, 0)


def test_garbage_fills_the_heap_until_it_is_collected() -> None:
    collector = Collector(1000)
    thresholds = gc.get_threshold()
    try:
        collector.start()
        for _ in range(900):
            collector.litter()
        filled = collector.memstats()
        heap = filled["HeapAlloc"]
        assert heap == filled["TotalAlloc"]
        assert isinstance(heap, int) and heap > 900 * 600
        gc.collect()
        emptied = collector.memstats()
        assert (emptied["HeapAlloc"], emptied["NumGC"], emptied["TotalAlloc"]) == (0, 1, filled["TotalAlloc"])
    finally:
        gc.callbacks.remove(collector._on_collection)
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_when_asked_to(number: signal.Signals) -> None:
    with demo_target() as target:
        target.process.send_signal(number)
        assert target.process.wait(PATIENCE_S) == 0


def test_it_ends_with_whoever_holds_its_input() -> None:
    with demo_target() as target:
        assert target.process.stdin is not None
        target.process.stdin.close()
        assert target.process.wait(PATIENCE_S) == 0


def test_it_ends_when_its_parent_is_killed() -> None:
    code = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", "engine.demo", "--with-parent"], stdin=subprocess.PIPE)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith("http://")
        parent.kill()
        # The demo target holds the other end of this pipe: it ends as that process does.
        assert parent.stdout.read() == ""


def test_an_address_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "engine.demo", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            env={**os.environ},
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"cannot listen on 127.0.0.1:{port}: ")
    assert done.stderr.count("\n") == 1
