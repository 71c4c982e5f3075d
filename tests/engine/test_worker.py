"""A worker process by itself, over its pipe: what it does when nobody reads, and when nobody is there."""

from __future__ import annotations

import asyncio
import itertools
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, monotonic_ns

import pytest

from engine import wire
from tests.engine.connections.test_pool import setup, until
from tests.targets.scripted import OK, answering, scripted

pytestmark = pytest.mark.live

PATIENCE_S = 60.0
MOST_UNREAD_S = 2.5


@contextmanager
def worker() -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """Start a worker process; yields it and our end of its pipe."""
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # what is unread is in the worker's memory
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.worker", str(theirs.fileno())], pass_fds=(theirs.fileno(),)
        )
    ours.settimeout(PATIENCE_S)
    try:
        yield process, ours
    finally:
        ours.close()
        process.wait(PATIENCE_S)


def frames_until_end(pipe: socket.socket) -> list[wire.Frame]:
    """Read everything there is until the worker's last frame."""
    splitter = wire.Splitter()
    frames: list[wire.Frame] = []
    while data := pipe.recv(1 << 20):
        frames += [wire.decode_frame(body) for body in splitter.feed(data)]
    return frames


@pytest.mark.parametrize("rate", [None, 2000.0], ids=["closed", "open"])
def test_a_slow_reader_of_frames_neither_stops_the_load_nor_shows_in_the_latency(rate: float | None) -> None:
    async def main() -> list[wire.Frame]:
        async with scripted(answering(OK)) as port:
            with worker() as (_, pipe):
                pipe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                pipe.sendall(wire.encode(setup(port)))
                splitter = wire.Splitter()
                assert list(splitter.feed(await asyncio.to_thread(pipe.recv, 1 << 20)))  # it is ready
                anchor_ns = monotonic_ns()
                schedule = rate and wire.Schedule(
                    arrivals="constant", rate=rate, anchor_ns=anchor_ns, part=0, parts=1, seed=1
                )
                pipe.sendall(wire.encode(wire.Drive(concurrency=8, schedule=schedule or None)))
                begun = monotonic()
                await until(lambda: monotonic() > begun + MOST_UNREAD_S)  # nobody reads
                pipe.sendall(wire.encode(wire.Finish(drain_ns=5_000_000_000)))
                await until(lambda: monotonic() > begun + MOST_UNREAD_S + 0.5)  # the last frame has to wait too
                return await asyncio.to_thread(frames_until_end, pipe)

    frames = asyncio.run(main())
    assert frames[-1].finished
    written = sorted(time for frame in frames for time in memoryview(frame.written).cast("q"))
    outcomes = {outcome for frame in frames for outcome in memoryview(frame.outcome).cast("H")}
    assert outcomes == {200}
    assert written[-1] - written[0] > 2_000_000_000
    gaps = [after - before for before, after in itertools.pairwise(written)]
    assert max(gaps) < 1_000_000_000  # the load went on all the while
    if rate:
        due = sorted(time for frame in frames for time in memoryview(frame.planned).cast("q"))
        assert len(set(due)) == len(due)
        assert {after - before for before, after in itertools.pairwise(due)} == {500_000}


def test_a_worker_whose_console_is_gone_ends() -> None:
    with worker() as (process, pipe):
        pipe.sendall(wire.encode(setup(1)))
        assert pipe.recv(1)
        pipe.close()
        assert process.wait(PATIENCE_S) == 0


def test_the_first_frame_says_that_the_worker_is_ready() -> None:
    with worker() as (_, pipe):
        pipe.sendall(wire.encode(setup(1)))
        splitter = wire.Splitter()
        (body,) = splitter.feed(pipe.recv(65536))
        frame = wire.decode_frame(body)
        assert (frame.open, frame.in_flight, frame.finished) == (0, 0, False)
