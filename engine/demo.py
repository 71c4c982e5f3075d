"""The built-in target: a small HTTP/1.1 server to try loadtop on, run as a process of its own.

    python -m engine.demo --port 0      prints its address as one line on stdout

It answers `/ping` and `/json`, and shows its garbage collector like a Go service does, below `/debug/`. Its
latency is made up and says so: each answer waits for a service time of about 2 ms, now and then of 20 ms, and
five times as long when the first request arrives, as a service would whose caches are cold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from typing import Final

import uvloop

from engine.demo_http import Connection, answer
from engine.demo_runtime import Collector, as_heap, as_vars

NOTE: Final = "simulated warm-up in the first ~15 s"

MEDIAN_S: Final = 0.002
SPREAD: Final = 0.25  # sigma of the lognormal: p99 is 1.8 times the median
RARE: Final = 0.003  # above p99, below p99.9: so that the two differ
RARE_TIMES: Final = 10.0
COLD_TIMES: Final = 4.0
COLD_S: Final = 4.0
COLLECT_EVERY: Final = 5000
"""Requests between two collections: a few a second at 10,000 to 30,000 requests a second."""

_JITTERS: Final = 16381  # a prime, so that no number of connections walks in step with it
_FACTOR_EVERY_S: Final = 0.01
_TIMER_S: Final = 0.001

_JSON: Final = json.dumps(
    {
        "service": "loadtop demo",
        "items": [{"id": number, "name": f"item {number}", "price": 1.5 * number} for number in range(20)],
    }
).encode()
_INDEX: Final = (
    b"<html><head><title>/debug/pprof/</title></head><body>Python's collector in Go's formats: "
    b'<a href="cmdline">cmdline</a> <a href="heap?debug=1">heap</a> <a href="/debug/vars">vars</a></body>'
    b"</html>"
)


def service_times(count: int = _JITTERS, seed: int = 1) -> list[float]:
    """Return service times of a warm demo target, in seconds, in random order."""
    dice = random.Random(seed)
    return [
        MEDIAN_S * dice.lognormvariate(0.0, SPREAD) * (RARE_TIMES if dice.random() < RARE else 1.0)
        for _ in range(count)
    ]


def slowness(since_first_s: float) -> float:
    """Return how many times as slow the target is, a time after its first request."""
    return 1.0 + COLD_TIMES * math.exp(-since_first_s / COLD_S)


class Server:
    """What all connections share: the collector, and the answers that wait for their time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.collector = Collector(COLLECT_EVERY)
        self.known: dict[bytes, str] = {}
        self._loop = loop
        self._times = service_times()
        self._served = 0
        self._first: float | None = None
        self._factor = 1.0
        self._factor_until = 0.0
        self._waiting: list[tuple[float, int, Connection, bytes, bool]] = []
        self._order = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = math.inf
        self._plain = {
            "/ping": answer("200 OK", "text/plain", b"pong"),
            "/json": answer("200 OK", "application/json", _JSON),
        }
        self._missing = answer("404 Not Found", "text/plain", b"not found")

    def answer_to(self, target: str) -> tuple[bytes, bool]:
        """Return the answer to a request target, and whether it takes a service time."""
        path, _, query = target.partition("?")
        if path.startswith("/debug/"):
            return self._debug(path, query), False
        return self._plain.get(path, self._missing), True

    def due(self, now: float) -> float:
        """Return when the answer to a request that arrives now is to be sent."""
        if now >= self._factor_until:
            if self._first is None:
                self._first = now
            self._factor = slowness(now - self._first)
            self._factor_until = now + _FACTOR_EVERY_S
        self._served += 1
        self.collector.litter()
        return now + self._factor * self._times[self._served % _JITTERS]

    def send_at(self, due: float, connection: Connection, whole: bytes, last: bool) -> None:
        """Send an answer at its time; those of one connection whose times do not fall stay in order."""
        self._order += 1
        heappush(self._waiting, (due, self._order, connection, whole, last))
        if due < self._timer_due:
            self._arm(due)

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_due = due
        self._timer = self._loop.call_later(max(0.0, due - time.monotonic()), self._send_due)

    def _send_due(self) -> None:
        self._timer, self._timer_due = None, math.inf
        waiting = self._waiting
        # The loop rounds timers to milliseconds: waiting for the rest of one would be a busy loop.
        now = time.monotonic() + _TIMER_S / 2
        while waiting and waiting[0][0] <= now:
            _, _, connection, whole, last = heappop(waiting)
            connection.send(whole, last)
        if waiting:
            self._arm(waiting[0][0])

    def _debug(self, path: str, query: str) -> bytes:
        if path == "/debug/vars":
            return answer("200 OK", "application/json; charset=utf-8", as_vars(self.collector.memstats()))
        if path == "/debug/pprof/":
            return answer("200 OK", "text/html; charset=utf-8", _INDEX)
        if path == "/debug/pprof/cmdline":
            return answer("200 OK", "text/plain; charset=utf-8", "\0".join(sys.orig_argv).encode())
        if path == "/debug/pprof/heap" and "debug=1" in query.split("&"):
            return answer("200 OK", "text/plain; charset=utf-8", as_heap(self.collector.memstats()))
        return answer("404 Not Found", "text/plain; charset=utf-8", b"Unknown profile\n", "X-Go-Pprof: 1\r\n")


def serve(host: str, port: int, ready: Callable[[str], None], *, with_parent: bool = False) -> None:
    """Serve until SIGTERM or SIGINT. Sets up the garbage collector of the whole process.

    Args:
        host: Address to listen on.
        port: Port to listen on, 0 for a free one.
        ready: Called with the URL once connections are accepted.
        with_parent: Stop as well when standard input ends. A pipe does that when whoever holds its other end
            dies, by whatever cause.

    Raises:
        OSError: The address cannot be listened on.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(host, port, ready, with_parent))


async def _serve(host: str, port: int, ready: Callable[[str], None], with_parent: bool) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if with_parent:
        stop = partial(loop.call_soon_threadsafe, stopped.set)
        threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()
    server = Server(loop)
    listening = await loop.create_server(partial(Connection, server), host, port, backlog=4096)
    server.collector.start()
    bound = listening.sockets[0].getsockname()
    ready(f"http://[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"http://{bound[0]}:{bound[1]}")
    await stopped.wait()
    listening.close()


def _wait_for_end(stop: Callable[[], object]) -> None:
    # Reading in a thread works for whatever standard input is; not all of it can be polled.
    while os.read(0, 4096):
        pass
    stop()


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the demo target from the command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.demo", description=NOTE)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 for a free one")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    given = parser.parse_args()
    try:
        serve(given.host, given.port, _announce, with_parent=given.with_parent)
    except OSError as error:
        sys.stderr.write(
            f"cannot listen on {given.host}:{given.port}: {error.strerror or error}; give another --port\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
