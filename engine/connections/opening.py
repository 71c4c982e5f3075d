"""Opens connections to the target: a few at a time, and ever more slowly while it refuses."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from functools import partial
from time import monotonic_ns
from typing import Final

from engine import wire
from engine.connections.handshake import Handshakes
from engine.connections.http1 import Connection
from engine.connections.sockets import SocketSet
from engine.connections.tally import Tally
from engine.tls import client_context

OPENING_AT_ONCE: Final = 64
"""Connections being opened at a time: below any listener's backlog (Linux's default was 128 for long)."""

FIRST_BACKOFF_S: Final = 0.02
LONGEST_BACKOFF_S: Final = 1.0

_KINDS: Final = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EMFILE: "local-limit",
    errno.ENFILE: "local-limit",
    errno.EADDRNOTAVAIL: "local-limit",
    errno.ENOBUFS: "local-limit",
}

_HINTS: Final = {
    errno.EMFILE: "; raise the limit of open files (ulimit -Hn), or use fewer connections or more workers",
    errno.ENFILE: "; the machine's limit of open files (fs.file-max) is reached, use fewer connections",
    errno.EADDRNOTAVAIL: "; all ports to this target are taken, widen net.ipv4.ip_local_port_range, "
    "keep connections alive, or use fewer",
}


class Opener:
    """Opens the connections that are missing.

    Args:
        setup: Where the target is, and whom to trust.
        loop: The worker's event loop.
        sockets: What connections are handed to; None where there is no epoll.
        tally: Where failures are noted.
        missing: Says how many connections more there should be, those being opened counted in.
        connection: Makes a connection, given when opening it began.

    Attributes:
        connecting: Connections being opened.
    """

    def __init__(
        self,
        setup: wire.Setup,
        loop: asyncio.AbstractEventLoop,
        sockets: SocketSet | None,
        tally: Tally,
        *,
        missing: Callable[[], int],
        connection: Callable[[int], Connection],
    ) -> None:
        self.connecting = 0
        self._sockets = sockets
        self._setup = setup
        self._address = str(setup.address[0]) if setup.family == socket.AF_UNIX else setup.address
        self._handshakes = Handshakes(setup.tls, sockets) if setup.tls and sockets else None
        self._loop = loop
        self._tally = tally
        self._missing = missing
        self._connection = connection
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening: dict[Connection, socket.socket] = {}  # what the socket set connects
        self._backoff_s = 0.0
        self._pause: asyncio.TimerHandle | None = None
        self._closed = False

    def open_missing(self) -> None:
        """Open what is missing, as far as it may be opened now."""
        if self._closed or self._pause is not None:
            return
        for _ in range(min(self._missing(), OPENING_AT_ONCE - self.connecting)):
            if not self._begin():
                return

    def succeeded(self) -> None:
        """Take note that the target accepts connections."""
        self._backoff_s = 0.0

    def back_off(self) -> None:
        """Wait longer from failure to failure, so that a dead target is not hammered."""
        if self._pause is None and not self._closed:
            self._backoff_s = min(LONGEST_BACKOFF_S, self._backoff_s * 2 or FIRST_BACKOFF_S)
            self._pause = self._loop.call_later(self._backoff_s, self._go_on)

    def expire(self, now_ns: int) -> None:
        """Give up what is being opened for too long."""
        limit_ns = now_ns - self._setup.timeout_ns
        for connection in [late for late in self._opening if late.begun_ns < limit_ns]:
            self._end(connection, TimeoutError())

    def close(self) -> None:
        """Open nothing more, and give up what is being opened."""
        self._closed = True
        if self._pause is not None:
            self._pause.cancel()
        for task in list(self._tasks):
            task.cancel()
        for sock in self._opening.values():
            if self._sockets is not None:
                self._sockets.forget(sock)
            sock.close()
        self._opening.clear()

    def _go_on(self) -> None:
        self._pause = None
        self.open_missing()

    def _begin(self) -> bool:
        """Begin to open a connection; return whether that could be begun."""
        begun_ns = monotonic_ns()
        try:
            sock = socket.socket(self._setup.family, socket.SOCK_STREAM)
        except OSError as error:
            self._failed(begun_ns, error)
            return False
        sock.setblocking(False)
        self.connecting += 1
        connection = self._connection(begun_ns)
        if self._sockets is None:
            task = self._loop.create_task(self._open(sock, connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._opening[connection] = sock
            self._sockets.connect(sock, self._address, partial(self._connected, connection))
        return True

    def _connected(self, connection: Connection, error: OSError | None) -> None:
        if error is not None or self._handshakes is None:
            self._ready(connection, error)
            return
        sock = self._opening.get(connection)
        if sock is None:
            return  # given up meanwhile
        try:
            self._opening[connection] = self._handshakes.begin(sock, partial(self._ready, connection))
        except OSError as gone:
            self._end(connection, gone)

    def _ready(self, connection: Connection, error: OSError | None) -> None:
        if connection not in self._opening or self._sockets is None:
            return  # given up meanwhile
        if error is not None:
            self._end(connection, error)
            return
        sock = self._opening.pop(connection)
        self.connecting -= 1
        if isinstance(sock, ssl.SSLSocket) and self._handshakes is not None:
            self._tally.resumed += bool(sock.session_reused)
            self._sockets.adopt(sock, connection, before_close=partial(self._handshakes.remember, sock))
        else:
            self._sockets.adopt(sock, connection)
        self.open_missing()

    def _end(self, connection: Connection, error: OSError) -> None:
        sock = self._opening.pop(connection)
        if self._sockets is not None:
            self._sockets.forget(sock)
        sock.close()
        self.connecting -= 1
        self._failed(connection.begun_ns, error)

    def _failed(self, begun_ns: int, error: OSError) -> None:
        kind, self._tally.last_error = _explain(error)
        self._tally.record(begun_ns, begun_ns, monotonic_ns(), kind)
        self.back_off()

    async def _open(self, sock: socket.socket, connection: Connection) -> None:
        """Open a connection whose transport is the loop's, on a system without epoll."""
        try:
            async with asyncio.timeout(self._setup.timeout_ns / 1e9):
                await self._loop.sock_connect(sock, self._address)
                tls = self._setup.tls
                await self._loop.create_connection(
                    lambda: connection,
                    sock=sock,
                    ssl=client_context(tls) if tls else None,
                    server_hostname=tls.server_name if tls else None,
                )
        except OSError as error:  # TimeoutError and ssl.SSLError are some
            self._failed(connection.begun_ns, error)
        finally:
            if not connection.was_made:
                sock.close()
            self.connecting -= 1
            self.open_missing()


def _explain(error: OSError) -> tuple[str, str]:
    """Return the kind and the words of a connection that could not be opened."""
    if isinstance(error, TimeoutError):
        return "connect", "no connection within the time-out"
    if isinstance(error, ssl.SSLError):
        return "tls", f"TLS handshake failed: {error}"
    number = error.errno or 0
    hint = _HINTS.get(number, "")
    return _KINDS.get(number, "connect"), f"cannot connect: {error.strerror or error}{hint}"
