"""A worker's sockets and connections where the hot path is the one in C: what of them is not ordinary."""

from __future__ import annotations

import asyncio
import ctypes
import os
import select
import socket
import ssl
from collections.abc import Callable
from time import monotonic_ns
from typing import Final, cast

from engine import wire
from engine.connections.answers import Head, Heads
from engine.connections.hot import library, path, tls
from engine.connections.hot.path import HotPath
from engine.connections.http1 import READING, Connection, Owner
from engine.connections.sockets import SocketSet, Stream

BODY: Final = READING + 1
"""Beside the states of `http1`: a part of the answer is here, and the rest of it is read in C."""


class HotConnection(Connection):
    """A connection whose state is in the table of a hot path, from when it has a socket until it is closed."""

    __slots__ = ("_fd", "_hot")

    def __init__(self, pool: Owner, begun_ns: int, hot: HotPath) -> None:
        self._hot = hot
        self._fd = hot.nowhere
        super().__init__(pool, begun_ns)

    @property
    def state(self) -> int:
        return self._hot.byte(self._fd, path.STATE)

    @state.setter
    def state(self, state: int) -> None:
        self._hot.set_byte(self._fd, path.STATE, state)

    @property
    def written_ns(self) -> int:
        return self._hot.word(self._fd, path.WRITTEN)

    @written_ns.setter
    def written_ns(self, written_ns: int) -> None:
        self._hot.set_word(self._fd, path.WRITTEN, written_ns)

    @property
    def planned_ns(self) -> int:
        return self._hot.word(self._fd, path.PLANNED)

    @planned_ns.setter
    def planned_ns(self, planned_ns: int) -> None:
        self._hot.set_word(self._fd, path.PLANNED, planned_ns)

    @property
    def reused(self) -> bool:
        return bool(self._hot.byte(self._fd, path.REUSED))

    @reused.setter
    def reused(self, reused: bool) -> None:
        self._hot.set_byte(self._fd, path.REUSED, reused)

    @property
    def fd(self) -> int:
        """Its socket's descriptor, or what stands for none."""
        return self._fd

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._fd = cast(Stream, transport).fd
        super().connection_made(transport)

    def send(self, now_ns: int, planned_ns: int) -> None:
        if self._whole is None:
            super().send(now_ns, planned_ns)
            return
        sent = self._hot.send(self._fd, now_ns, planned_ns)
        if sent < 0:
            super().send_rest(0)  # it fails again, and then the stream knows what to do
        elif sent != self._whole:
            self.send_rest(sent)

    def send_rest(self, sent: int) -> None:
        self._hot.be_careful(self._fd)
        super().send_rest(sent)

    def answered(self, now_ns: int) -> None:
        """An answer was noted, and the pool is to decide what follows."""
        self._pool.answered(self, True, now_ns)

    def received_too_much(self, status: int, last_ns: int) -> None:
        """The body is longer than its head said: the answer counts, the connection is of no more use."""
        self._end(status, last_ns)
        self._pool.answered(self, False, monotonic_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        if self.state == BODY and exc is None:
            self._transport = None
            self._pool.broken(self, "closed", "the target closed the connection in the middle of an answer")
        else:
            super().connection_lost(exc)

    def close(self) -> None:
        super().close()
        self._fd = self._hot.nowhere


class HotSockets(SocketSet):
    """The sockets of a worker, of which Python sees what is not ordinary.

    Args:
        loop: The worker's event loop.
        found: What `library.load` found.
        request: What is sent.
        heads: The heads of answers; the one seen last makes an answer ordinary.

    Attributes:
        hot: The table of the connections, and what became of their requests.
        on_used_up: Called when the hot path needs more due times.
        on_wanted: Called when a request is due and no connection is free.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, found: ctypes.CDLL, request: bytes, heads: Heads
    ) -> None:
        super().__init__(loop)
        self.hot = HotPath(found, self._epoll.fileno(), request)
        self._heads = heads
        self._told: tuple[Head, bytes] = (heads.last, heads.sample)
        self.on_used_up: Callable[[], None] = lambda: None
        self.on_wanted: Callable[[], None] = lambda: None
        self._do: dict[int, Callable[[Stream, HotConnection], None]] = {
            path.DATA: self._on_data,
            path.SURPLUS: self._on_surplus,
            path.ANSWERED: lambda _, connection: connection.answered(self.hot.event.at_ns),
            path.CUT_SHORT: self._on_cut_short,
            path.CLOSED: lambda stream, _: self.lose_soon(stream, None),
            path.FAILED: self._on_failure,
            path.BROKEN: self._on_broken,
            path.OTHER: lambda stream, _: stream.write_more(),  # the kernel takes more
        }

    def _prepare(self, sock: socket.socket) -> None:
        super()._prepare(sock)
        self.hot.take_over(sock.fileno())
        if sock.family != socket.AF_UNIX:
            self.hot.stamp(sock.fileno())
        if isinstance(sock, ssl.SSLSocket):
            self.hot.secure(sock.fileno(), tls.handed_over(sock))

    def lose_soon(self, stream: Stream, error: Exception | None) -> None:
        if stream.fd in self._ready:
            self.hot.give_back(stream.fd)
        super().lose_soon(stream, error)

    def connection(self, fd: int) -> HotConnection:
        """Return the connection that has this descriptor."""
        return cast(HotConnection, self._ready[fd][2].protocol)

    def look(self, limit_ns: int, oldest_ns: int) -> tuple[int, int, list[HotConnection]]:
        """Look at every request that is out; see `HotPath.look`."""
        out, oldest_ns, late = self.hot.look(limit_ns, oldest_ns)
        return out, oldest_ns, [self.connection(fd) for fd in late]

    def _drain(self) -> None:
        is_time = False
        happened = self.hot.drain(may_wait=True)
        while happened != path.DONE:
            fd = self.hot.event.fd
            entry = self._ready.get(fd)
            if happened == path.USED_UP:
                self.on_used_up()
            elif happened == path.WANTED:
                self.on_wanted()
            elif entry is not None:
                self._do[happened](entry[2], cast(HotConnection, entry[2].protocol))
            else:
                is_time |= self._wake(fd)
            happened = self.hot.drain(may_wait=False)
        if is_time:
            self._on_timer()

    def _on_data(self, stream: Stream, connection: HotConnection) -> None:
        connection.data_received(self.hot.data(), self.hot.event.at_ns)
        told = (self._heads.last, self._heads.sample)
        if told[0] is not self._told[0] or told[1] is not self._told[1]:
            self._told = told
            self._expect(*told)

    def _on_surplus(self, stream: Stream, connection: HotConnection) -> None:
        connection.received_too_much(self.hot.event.size, self.hot.event.at_ns)

    def _on_cut_short(self, stream: Stream, connection: HotConnection) -> None:
        connection.send_rest(self.hot.event.size)
        self._on_timer()  # from now on, what is due is Python's to send

    def _on_failure(self, stream: Stream, connection: HotConnection) -> None:
        number = self.hot.event.size
        self.lose_soon(stream, OSError(number, os.strerror(number)))

    def _on_broken(self, stream: Stream, connection: HotConnection) -> None:
        self.lose_soon(stream, ssl.SSLError(1, self.hot.data().decode("ascii", "replace")))

    def _expect(self, head: Head, sample: bytes) -> None:
        if head.keepalive and head.total:
            self.hot.expect(head.raw, head.total, head.status)
        elif head.keepalive and sample:  # where the head does not tell the length, all must be the same
            self.hot.expect(sample, len(sample), head.status)
        else:
            self.hot.expect(b"", 0, 0)


def open_sockets(loop: asyncio.AbstractEventLoop, setup: wire.Setup, heads: Heads) -> SocketSet | None:
    """Return what a worker's connections are handed to: the fastest that there is; None without epoll."""
    if not hasattr(select, "epoll"):
        return None
    found = library.load()
    if found is None or (setup.tls is not None and not tls.use_openssl(found)):
        return SocketSet(loop)
    return HotSockets(loop, found, setup.request, heads)
