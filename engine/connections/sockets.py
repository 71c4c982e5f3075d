"""A worker's sockets: all in one epoll set, which its event loop watches as a single reader.

An event loop that watches each socket calls back once a socket, through a handle, a context and a protocol.
Here one call drains everything that is ready: `benchmarks/README.md` has what that is worth. Where there is
no epoll, `opening.py` uses the loop's own transports; to a `Connection` they are the same, but that it may
use a `Stream`'s own `send`.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, Final

FIRST_READ_BYTES: Final = 4096
MOST_READ_BYTES: Final = 65536
"""Read at once. The buffer of a read is made anew each time; answers are short until one is not."""

READY_AT_ONCE: Final = 512
"""Sockets drained before the loop gets its turn: some 2 ms of work, within which a timer can be late."""

_OUT: Final = select.EPOLLOUT if hasattr(select, "EPOLLOUT") else 0
_NOT_NOW: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Stream(asyncio.Transport):
    """One socket, as much of a transport as a `Connection` needs.

    Attributes:
        send: The socket's own; whoever uses it must see to what it does not take, by `write`.
    """

    __slots__ = ("_before_close", "_fd", "_protocol", "_set", "_sock", "_unsent", "send")

    def __init__(
        self,
        owner: SocketSet,
        sock: socket.socket,
        protocol: asyncio.Protocol,
        send: Callable[[bytes], int],
        before_close: Callable[[], None] | None,
    ) -> None:
        self._set = owner
        self._sock = sock
        self._fd = sock.fileno()
        self._protocol = protocol
        self._before_close = before_close
        self.send = send
        self._unsent = b""

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send what the kernel takes now, and the rest when it takes more."""
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self.send(data)  # type: ignore[arg-type]
        except _NOT_NOW:
            sent = 0
        except OSError as error:
            self._set.lose_soon(self, error)
            return
        if sent != len(data):
            self._unsent = bytes(data[sent:])
            self._set.watch(self._fd, writing=True)

    def write_more(self) -> None:
        """Send more of what is left, now that the kernel takes it."""
        left, self._unsent = self._unsent, b""
        if left:
            self.write(left)
        if not self._unsent:
            self._set.watch(self._fd, writing=False)

    def abort(self) -> None:
        """Close at once; `connection_lost` follows, as with any transport."""
        self._set.lose_soon(self, None)

    def close(self) -> None:
        """Close at once: nothing is ever waiting here that is worth sending."""
        self.abort()

    def shut(self, error: Exception | None) -> None:
        """Close the socket and tell the protocol."""
        if self._before_close is not None:
            self._before_close()
        self._sock.close()
        self._protocol.connection_lost(error)

    def holds_more(self) -> bool:
        """Whether bytes were decrypted that nobody read yet."""
        return isinstance(self._sock, ssl.SSLSocket) and bool(self._sock.pending())

    @property
    def fd(self) -> int:
        """The socket's file descriptor."""
        return self._fd

    @property
    def protocol(self) -> asyncio.Protocol:
        """Who takes what is received."""
        return self._protocol


class SocketSet:
    """The sockets of a worker.

    Args:
        loop: The worker's event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._read_bytes = FIRST_READ_BYTES
        self._epoll = select.epoll()
        self._poll = self._epoll.poll
        # What a ready socket needs, by its number: its recv, who takes the data, and the stream.
        self._ready: dict[int, tuple[Callable[[int], bytes], Callable[[bytes], None], Stream]] = {}
        self._waiting: dict[int, Callable[[], None]] = {}  # sockets that are no streams yet
        self._timer_fd = -1
        self._on_timer: Callable[[], None] = lambda: None
        loop.add_reader(self._epoll.fileno(), self._drain)

    def watch_timer(self, fd: int, on_timer: Callable[[], None]) -> None:
        """Call back after a round in which a timer's time had come."""
        self._timer_fd, self._on_timer = fd, on_timer
        self._epoll.register(fd, select.EPOLLIN | select.EPOLLET)

    def connect(self, sock: socket.socket, address: Any, done: Callable[[OSError | None], None]) -> None:
        """Connect a non-blocking socket.

        Args:
            sock: It.
            address: Where to, as the socket module wants it.
            done: Called, always later, with what went wrong or None; the socket stays the caller's.
        """
        number = sock.connect_ex(address)
        if number in (0, errno.EINPROGRESS):
            self.wait(sock.fileno(), _OUT, partial(self._connected, sock, done))
        else:
            self._loop.call_soon(done, OSError(number, os.strerror(number)))

    def wait(self, fd: int, events: int, on_ready: Callable[[], None]) -> None:
        """Call back when a socket that is no stream yet is ready, until it is forgotten."""
        if fd in self._waiting:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
        self._waiting[fd] = on_ready

    def forget(self, sock: socket.socket) -> None:
        """Wait no longer for a socket, without a word."""
        if self._waiting.pop(sock.fileno(), None) is not None:
            self._epoll.unregister(sock.fileno())

    def adopt(
        self,
        sock: socket.socket,
        protocol: asyncio.Protocol,
        *,
        before_close: Callable[[], None] | None = None,
    ) -> None:
        """Take over a connected, non-blocking socket; the protocol is told that its connection is made.

        Args:
            sock: It; over TLS, with its handshake done.
            protocol: Who takes what is received.
            before_close: Called when the socket is about to be closed.
        """
        self._prepare(sock)
        recv, send = _calls(sock)
        stream = Stream(self, sock, protocol, send, before_close)
        self._ready[stream.fd] = (recv, protocol.data_received, stream)
        self._epoll.register(stream.fd, select.EPOLLIN)
        protocol.connection_made(stream)

    def _prepare(self, sock: socket.socket) -> None:
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def watch(self, fd: int, *, writing: bool) -> None:
        """Watch a socket for room to write, or no longer."""
        if fd in self._ready:
            self._epoll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if writing else 0))

    def lose_soon(self, stream: Stream, error: Exception | None) -> None:
        """Take a socket out, and close it when the callback that is running has returned."""
        if self._ready.pop(stream.fd, None) is not None:
            self._epoll.unregister(stream.fd)
            self._loop.call_soon(stream.shut, error)

    def _drain(self) -> None:
        ready = self._ready
        is_time = False
        read_bytes = self._read_bytes
        for fd, events in self._poll(0, READY_AT_ONCE):
            entry = ready.get(fd)
            if entry is None:
                is_time |= self._wake(fd)
                continue
            recv, received, stream = entry
            if events & _OUT:
                stream.write_more()
                if events == _OUT:
                    continue
            try:
                data = recv(read_bytes)
            except _NOT_NOW:
                continue
            except ssl.SSLEOFError:
                data = b""  # closed without a word of TLS's; whether the answer was whole, HTTP says
            except OSError as error:
                self.lose_soon(stream, error)
                continue
            if data:
                received(data)
                if len(data) == read_bytes:
                    if read_bytes != MOST_READ_BYTES:
                        self._read_bytes = read_bytes = MOST_READ_BYTES
                    # Of TLS, a whole record was decrypted: what was not asked for shows in no epoll.
                    if stream.holds_more() and fd in ready:
                        received(recv(read_bytes))
            else:
                stream.protocol.eof_received()
                self.lose_soon(stream, None)
        if is_time:
            self._on_timer()

    def _wake(self, fd: int) -> bool:
        """Call who waits for a descriptor that is no stream, if anybody does; return whether it is the timer's.

        It is nobody's where what another socket of the same round brought has closed it.
        """
        if fd in self._waiting:
            self._waiting[fd]()
        return fd == self._timer_fd

    def _connected(self, sock: socket.socket, done: Callable[[OSError | None], None]) -> None:
        self.forget(sock)
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        done(OSError(number, os.strerror(number)) if number else None)


def _calls(sock: socket.socket) -> tuple[Callable[[int], bytes], Callable[[bytes], int]]:
    """Return what reads and what writes a socket.

    What `SSLSocket.recv` and `send` do around OpenSSL's calls (is it closed, is it a server's, which flags)
    costs more than to decrypt a short answer.
    """
    if isinstance(sock, ssl.SSLSocket):
        secured = sock._sslobj  # type: ignore[attr-defined]
        return secured.read, secured.write
    return sock.recv, sock.send
