"""One HTTP/1.1 connection: the hot path.

In a closed loop a request is sent, its answer read, the times noted, and the next request sent in the same
callback; in an open loop the pool decides about the next. What
an ordinary answer costs here decides how much load a core can make, so the usual case (a whole answer in
one piece, the same as the one before) is a comparison of bytes and three appends; all else is in
`engine.connections.answers` and `engine.connections.pool`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic_ns
from typing import Protocol, cast

from engine.connections.answers import AnswerError, AnswerReader, Heads
from engine.connections.sockets import Stream
from engine.connections.tally import Tally

IDLE, AWAITING, READING = range(3)  # hot/hot.h has the same
"""No request is out; one is, and nothing of its answer is here; a part of the answer is here."""


class Owner(Protocol):
    """What a connection needs of the pool that it is in; `pool.Pool` says what each means."""

    held: bool
    bytes_in: int
    heads: Heads
    request: bytes
    tally: Tally

    def opened(self, connection: Connection) -> None: ...
    def answered(self, connection: Connection, reusable: bool, now_ns: int) -> None: ...
    def missed(self, connection: Connection) -> None: ...
    def broken(self, connection: Connection, kind: str, text: str) -> None: ...
    def gone(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """Carries one request at a time, again and again, until its pool says otherwise.

    Attributes:
        state: IDLE, AWAITING or READING.
        planned_ns: When the request that is out was due; only kept in an open loop.
        written_ns: When the request that is out was written, or 0.
        reused: Whether an answer came on it before the request that is out.
        was_made: Whether it ever was a connection; then its socket is its transport's to close.
        begun_ns: When opening the connection began.
    """

    __slots__ = (
        "_add_last",
        "_add_outcome",
        "_add_written",
        "_heads",
        "_pool",
        "_reader",
        "_request",
        "_tally",
        "_transport",
        "_whole",
        "_write",
        "begun_ns",
        "planned_ns",
        "reused",
        "state",
        "was_made",
        "written_ns",
    )

    def __init__(self, pool: Owner, begun_ns: int) -> None:
        self._pool = pool
        self._heads = pool.heads
        self._reader = AnswerReader(pool.heads)
        self._request = pool.request
        self._tally = pool.tally
        self._add_written = pool.tally.written.append
        self._add_last = pool.tally.last.append
        self._add_outcome = pool.tally.outcome.append
        self._transport: asyncio.Transport | None = None
        self._write: Callable[[bytes], int | None]
        self._whole: int | None = None
        self.state = IDLE
        self.was_made = False
        self.planned_ns = 0
        self.written_ns = 0
        self.reused = False
        self.begun_ns = begun_ns

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if isinstance(transport, Stream):
            self._write, self._whole = transport.send, len(self._request)
        else:
            self._write, self._whole = self._transport.write, None
        self.was_made = True
        self._pool.opened(self)

    def send(self, now_ns: int, planned_ns: int) -> None:
        """Send the request; the connection must be IDLE."""
        self.planned_ns = planned_ns
        self.written_ns = now_ns
        self.state = AWAITING
        self._put()

    def data_received(self, data: bytes, last_ns: int = 0) -> None:
        """Take bytes.

        Args:
            data: They.
            last_ns: When the last of them arrived; 0 where nobody knows better than now.
        """
        now_ns = monotonic_ns()
        last_ns = last_ns or now_ns
        pool = self._pool
        pool.bytes_in += len(data)
        heads = self._heads
        state = self.state
        if state == AWAITING and (data == heads.sample or heads.is_whole(data)):
            head = heads.last
            status = head.status
            reusable = head.keepalive
        elif state == IDLE:
            pool.broken(self, "protocol", "the target sent bytes that no request asked for")
            return
        else:
            try:
                status = self._reader.feed(data)
            except AnswerError as error:
                pool.broken(self, "protocol", str(error))
                return
            if not status:
                self.state = READING
                return
            reusable = self._reader.keepalive
            if state == AWAITING and not self._reader.surplus:
                heads.learn(data)
        if reusable and not pool.held:
            self._add_written(self.written_ns)
            self._add_last(last_ns)
            self._add_outcome(status)
            self.reused = True
            # One clock reading serves as the end of this request and the begin of the next: they are less
            # than a microsecond apart, and the clock costs as much as an append.
            self.written_ns = now_ns
            self.state = AWAITING
            self._put()
        else:
            self._end(status, last_ns)
            self.reused = True
            pool.answered(self, reusable, now_ns)

    def _put(self) -> None:
        """Write the request: by the socket itself, as long as that takes it whole, which is nearly always."""
        try:
            sent = self._write(self._request)
        except OSError:  # the kernel takes nothing, or the connection is broken: the stream knows what to do
            sent = 0
        if sent != self._whole:
            self.send_rest(sent or 0)

    def send_rest(self, sent: int) -> None:
        """Send what is left of the request when the kernel takes it.

        From here on in good order: what is left of one request must not be overtaken by the next.
        """
        stream = cast(Stream, self._transport)
        self._write, self._whole = stream.write, None
        stream.write(self._request[sent:])

    def _end(self, status: int, last_ns: int) -> None:
        """Note that the request that is out was answered."""
        if self._tally.is_open_loop:
            self._tally.planned.append(self.planned_ns)
        self._add_written(self.written_ns)
        self._add_last(last_ns)
        self._add_outcome(status)
        self.state = IDLE
        self.written_ns = 0

    def eof_received(self) -> bool:
        return False  # close our side too; connection_lost follows

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self.state == IDLE:
            self._pool.gone(self)
            return
        if self.state == AWAITING and self.reused:
            self._pool.missed(self)
            return
        if exc is not None:
            self._pool.broken(self, "reset", f"the target reset the connection: {exc}")
            return
        now_ns = monotonic_ns()
        try:
            status = self._reader.closed()
        except AnswerError as error:
            self._pool.broken(self, "closed", str(error))
            return
        if not status:
            self._pool.broken(self, "closed", "the target closed the connection instead of answering")
            return
        self._end(status, now_ns)
        self._pool.answered(self, False, now_ns)

    def close(self) -> None:
        """Close the connection at once, whatever is on it."""
        transport = self._transport
        self._transport = None
        if transport is not None:
            transport.abort()
