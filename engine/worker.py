"""One worker process: an event loop of its own, its connections; Commands in, Frames out.

It makes load and notes raw times; whoever reads its frames does the arithmetic. It never waits for its
reader: while the reader is slow it goes on noting, and ships more at once later. It ends when its pipe
closes, and only the console decides about signals.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from time import monotonic_ns, process_time_ns
from typing import Final, cast

import uvloop

from engine import wire
from engine.connections.pool import Pool
from engine.promptness import be_prompt

FRAME_S: Final = 0.1
MOST_UNREAD_BYTES: Final = 1 << 20  # the reader is behind: keep noting, ship later
DRAIN_LOOK_S: Final = 0.005
CANARY_S: Final = 0.01
STOOD_NS: Final = 5_000_000
"""A tick that is later than this is told: answers that came meanwhile were seen late too."""


class Worker(asyncio.Protocol):
    """The worker's end of its pipe."""

    def __init__(self, loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
        self._loop = loop
        self._done = done
        self._splitter = wire.Splitter()
        self._pipe: asyncio.Transport | None = None
        self._pool: Pool | None = None
        self._number = 0
        self._drain_until_ns = 0
        self._stood: list[int] = []
        self._ticks_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._pipe = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for body in self._splitter.feed(data):
            self._obey(wire.decode_command(body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._pipe = None
        self._done.set()

    def _obey(self, command: wire.Command) -> None:
        match command:
            case wire.Setup():
                self._set_up(command)
            case wire.Drive():
                if self._pool is not None:
                    if (command.schedule is None) != (self._pool.schedule is None):
                        # A frame is of one kind of loop: only an open one says when requests were due.
                        now_ns = monotonic_ns()
                        self._ship(self._pool, now_ns, self._pool.check_time_outs(now_ns), finished=False)
                    self._pool.drive(command)
            case wire.Finish(drain_ns):
                if self._pool is not None and not self._drain_until_ns:
                    self._drain_until_ns = monotonic_ns() + drain_ns
                    self._pool.finish()
                    self._drain(self._pool)

    def _set_up(self, setup: wire.Setup) -> None:
        if setup.cpu is not None:
            with contextlib.suppress(OSError):  # not allowed in here: run unpinned
                os.sched_setaffinity(0, {setup.cpu})
        self._number = setup.worker
        self._pool = Pool(setup, self._loop)
        # A collection in the middle of the load would be a pause of ours in the target's latency. Whatever
        # connections leave behind is freed by reference counting.
        gc.collect()
        gc.freeze()
        gc.disable()
        self._ticks_ns = monotonic_ns() + round(CANARY_S * 1e9)
        self._loop.call_later(CANARY_S, self._sing)
        self._tick(self._pool)  # the first frame says that this worker is ready

    def _tick(self, pool: Pool) -> None:
        if self._pipe is None or self._done.is_set():
            return
        now_ns = monotonic_ns()
        settled_ns = pool.check_time_outs(now_ns)
        if self._pipe.get_write_buffer_size() <= MOST_UNREAD_BYTES:
            self._ship(pool, now_ns, settled_ns, finished=False)
        self._loop.call_later(FRAME_S, self._tick, pool)

    def _sing(self) -> None:
        """Note by how much this tick is late: a loop that comes round in time does so within a millisecond."""
        now_ns = monotonic_ns()
        if now_ns - self._ticks_ns > STOOD_NS:
            self._stood.append(now_ns - self._ticks_ns)
        self._ticks_ns = now_ns + round(CANARY_S * 1e9)
        if not self._done.is_set():
            self._loop.call_later(CANARY_S, self._sing)

    def _drain(self, pool: Pool) -> None:
        now_ns = monotonic_ns()
        if pool.busy and now_ns < self._drain_until_ns:
            self._loop.call_later(DRAIN_LOOK_S, self._drain, pool)
            return
        pool.abandon(now_ns)
        self._ship(pool, now_ns, now_ns, finished=True)
        if self._pipe is not None:
            self._pipe.close()  # sends what is buffered first; connection_lost ends the worker
            self._pipe = None  # while the reader is slow, no tick may put a frame behind the last

    def _ship(self, pool: Pool, now_ns: int, settled_ns: int, *, finished: bool) -> None:
        tally = pool.tally
        ended = tally.take()
        frame = wire.Frame(
            worker=self._number,
            at_ns=now_ns,
            settled_ns=settled_ns,
            written=ended.written,
            last=ended.last,
            outcome=ended.outcome,
            planned=ended.planned,
            lag=ended.lag,
            unsent=tuple(tally.unsent),
            retried=tally.retried,
            first_attempts=wire.pack_times(tally.first_attempts),
            resumed=tally.resumed,
            stood=wire.pack_times(self._stood),
            connect=wire.pack_times(tally.connect),
            bytes_in=pool.take_bytes_in(),
            open=pool.open,
            connecting=pool.connecting,
            in_flight=pool.in_flight,
            cpu_ns=process_time_ns(),
            stamped=pool.stamped,
            last_error=tally.last_error,
            finished=finished,
        )
        tally.clear()
        self._stood.clear()
        if self._pipe is not None:
            self._pipe.write(wire.encode(frame))


async def _serve(pipe: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    await loop.create_unix_connection(lambda: Worker(loop, done), sock=pipe)
    await done.wait()


def main(pipe_fd: int) -> None:
    """Run a worker whose pipe is an inherited file descriptor; returns when the pipe closes."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    be_prompt()
    uvloop.run(_serve(socket.socket(fileno=pipe_fd)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
