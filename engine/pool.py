"""The connections of one worker: how many there are, which may send, and what becomes of broken ones.

A change of concurrency never stops the load. More connections are opened a few at a time, each sending as
soon as it is there; fewer means that the next ones to get their answer close instead of sending again.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Coroutine
from time import monotonic_ns
from typing import Any, Final

from engine import wire
from engine.answers import Heads
from engine.http1 import IDLE, Connection
from engine.tls import client_context

OPENING_AT_ONCE: Final = 64
"""Connections being opened at a time: below any listener's backlog (Linux's default was 128 for long)."""

FIRST_BACKOFF_S: Final = 0.02
LONGEST_BACKOFF_S: Final = 1.0

_CONNECT_ERRORS: Final = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EMFILE: "local-limit",
    errno.ENFILE: "local-limit",
    errno.EADDRNOTAVAIL: "local-limit",
    errno.ENOBUFS: "local-limit",
}


def _explain(error: OSError) -> tuple[str, str]:
    """Return the kind and the words of a connection that could not be opened."""
    if isinstance(error, TimeoutError):
        return "connect", "no connection within the time-out"
    if isinstance(error, ssl.SSLError):
        return "tls", f"TLS handshake failed: {error}"
    return _CONNECT_ERRORS.get(error.errno or 0, "connect"), f"cannot connect: {error}"


class Tally:
    """What happened since the last frame: the columns of a `engine.wire.Frame`.

    The arrays are emptied, never replaced: connections hold their `append`.
    """

    __slots__ = ("connect", "last", "last_error", "outcome", "written")

    def __init__(self) -> None:
        self.written = wire.times()
        self.last = wire.times()
        self.outcome = wire.outcomes()
        self.connect = wire.times()
        self.last_error = ""

    def clear(self) -> None:
        """Forget everything; called once it is in a frame."""
        for column in (self.written, self.last, self.outcome, self.connect):
            del column[:]
        self.last_error = ""


class Pool:
    """Keeps as many connections busy as it is told to.

    Attributes:
        held: Whether a connection must ask (`answered`) before it sends again; False in the hot path.
        bytes_in: Bytes received since the last frame.
        connecting: Connections being opened.
    """

    def __init__(self, setup: wire.Setup, loop: asyncio.AbstractEventLoop) -> None:
        self.heads = Heads(head_only=setup.head_only)
        self.request = setup.request
        self.tally = Tally()
        self.held = False
        self.bytes_in = 0
        self.connecting = 0
        self._setup = setup
        self._tls = client_context(setup.tls) if setup.tls else None
        self._server_name = setup.tls.server_name if setup.tls else None
        self._loop = loop
        self._alive: set[Connection] = set()
        self._idle: dict[Connection, None] = {}  # in the order in which they fell idle
        self._opening: set[asyncio.Task[None]] = set()
        self._wanted = 0
        self._paused = False
        self._finishing = False
        self._requests_left = setup.answers
        self._backoff_s = 0.0
        self._resume_opening: asyncio.TimerHandle | None = None

    # What the console wants.

    def drive(self, concurrency: int, *, paused: bool) -> None:
        """Have this many connections from now on."""
        self._wanted = concurrency
        self._paused = paused
        self._adjust()

    def finish(self) -> None:
        """Send nothing more."""
        self._finishing = True
        self._adjust()

    def abandon(self, now_ns: int) -> None:
        """Note every request that is still out as unfinished, and close everything."""
        for connection in list(self._alive):
            self._note_error(connection, "unfinished", now_ns)
            self._drop(connection)
        for task in list(self._opening):
            task.cancel()

    # What connections report.

    def opened(self, connection: Connection) -> None:
        """A connection is there."""
        now_ns = monotonic_ns()
        self.tally.connect.append(now_ns - connection.begun_ns)
        self._backoff_s = 0.0
        self._alive.add(connection)
        self._next(connection, now_ns)

    def answered(self, connection: Connection, reusable: bool, now_ns: int) -> None:
        """An answer is whole and the connection idle; only called where `held`, or not `reusable`."""
        if not reusable or not self._setup.keepalive:
            self._drop(connection)
            self._adjust()
        else:
            self._next(connection, now_ns)

    def broken(self, connection: Connection, kind: str, text: str) -> None:
        """A request, or an idle connection, ended in an error."""
        self.tally.last_error = text
        self._note_error(connection, kind, monotonic_ns())
        self._drop(connection)
        self._back_off()
        self._adjust()

    def gone(self, connection: Connection) -> None:
        """An idle connection was closed, by us or by the target."""
        if connection in self._alive:
            self._drop(connection)
            self._adjust()

    # What the clock brings.

    def check_time_outs(self, now_ns: int) -> int:
        """End the requests that are out for too long.

        Returns:
            When the oldest request that is still out was written; `now_ns` if none is.
        """
        oldest = now_ns
        limit = now_ns - self._setup.timeout_ns
        late: list[Connection] = []
        for connection in self._alive:
            written = connection.written_ns
            if written and written < oldest:
                if written <= limit:
                    late.append(connection)
                else:
                    oldest = written
        for connection in late:
            self.tally.last_error = f"no answer within {self._setup.timeout_ns / 1e9:g} s"
            self._note_error(connection, "timeout", now_ns)
            self._drop(connection)
        if late:
            self._adjust()
        return oldest

    @property
    def open(self) -> int:
        """Connections that are open."""
        return len(self._alive)

    @property
    def in_flight(self) -> int:
        """Requests that are out."""
        return sum(1 for connection in self._alive if connection.written_ns)

    # How it is done.

    def _may_send(self) -> bool:
        if self._paused or self._finishing:
            return False
        return self._requests_left is None or self._requests_left > 0

    def _next(self, connection: Connection, now_ns: int) -> None:
        """Let an idle connection send, wait or go."""
        if len(self._alive) > self._wanted or self._finishing:
            self._drop(connection)
            self._set_held()
        elif self._may_send():
            self._send(connection, now_ns)
        else:
            self._idle[connection] = None

    def _send(self, connection: Connection, now_ns: int) -> None:
        if self._requests_left is not None:
            self._requests_left -= 1
        connection.send(now_ns)

    def _adjust(self) -> None:
        """Bring connections and their number in line with what is wanted."""
        if self._finishing:
            for task in list(self._opening):
                task.cancel()
        while self._idle and (len(self._alive) > self._wanted or self._finishing):
            self._drop(next(iter(self._idle)))
        while self._idle and self._may_send():
            self._send(self._idle.popitem()[0], monotonic_ns())
        self._set_held()
        self._open_more()

    def _set_held(self) -> None:
        self.held = (
            self._paused
            or self._finishing
            or self._requests_left is not None
            or not self._setup.keepalive
            or len(self._alive) > self._wanted
        )

    def _open_more(self) -> None:
        if self._finishing or self._resume_opening is not None:
            return
        missing = self._wanted - len(self._alive) - self.connecting
        for _ in range(min(missing, OPENING_AT_ONCE - self.connecting)):
            self._spawn(self._open())

    def _spawn(self, opening: Coroutine[Any, Any, None]) -> None:
        self.connecting += 1
        task = self._loop.create_task(opening)
        self._opening.add(task)
        task.add_done_callback(self._opened_or_not)

    def _opened_or_not(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        self.connecting -= 1
        self._open_more()

    async def _open(self) -> None:
        begun_ns = monotonic_ns()
        connection = Connection(self, begun_ns)
        sock: socket.socket | None = None
        try:
            sock = socket.socket(self._setup.family, socket.SOCK_STREAM)
            sock.setblocking(False)
            async with asyncio.timeout(self._setup.timeout_ns / 1e9):
                await self._loop.sock_connect(sock, self._setup.address)
                await self._loop.create_connection(
                    lambda: connection, sock=sock, ssl=self._tls, server_hostname=self._server_name
                )
        except OSError as error:  # TimeoutError and ssl.SSLError are some
            kind, self.tally.last_error = _explain(error)
            self._record(begun_ns, monotonic_ns(), kind)
            self._back_off()
        finally:
            if sock is not None and connection not in self._alive:
                sock.close()

    def _back_off(self) -> None:
        """Wait longer from failure to failure, so that a dead target is not hammered."""
        if self._resume_opening is not None or self._finishing:
            return
        self._backoff_s = min(LONGEST_BACKOFF_S, self._backoff_s * 2 or FIRST_BACKOFF_S)
        self._resume_opening = self._loop.call_later(self._backoff_s, self._open_again)

    def _open_again(self) -> None:
        self._resume_opening = None
        self._open_more()

    def _note_error(self, connection: Connection, kind: str, now_ns: int) -> None:
        if connection.written_ns:
            self._record(connection.written_ns, now_ns, kind)
            if self._requests_left is not None and not self._finishing:
                self._requests_left += 1  # another request is to get the answer that this one did not

    def _record(self, written_ns: int, last_ns: int, kind: str) -> None:
        self.tally.written.append(written_ns)
        self.tally.last.append(last_ns)
        self.tally.outcome.append(wire.ERROR_CODE[kind])

    def _drop(self, connection: Connection) -> None:
        self._alive.discard(connection)
        self._idle.pop(connection, None)
        connection.state = IDLE
        connection.written_ns = 0
        connection.close()
