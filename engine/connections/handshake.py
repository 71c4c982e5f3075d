"""TLS for a worker's sockets: handshakes that nobody waits for, and sessions that are resumed.

The socket stays a socket: in the hot path in C it is read and written as without TLS, with OpenSSL in between
(`hot/tls.c`); in Python's, OpenSSL reads and writes it by itself, one call of Python's an answer. Going through
memory, as event loops do, costs three and two copies.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Final

from engine.connections.sockets import SocketSet
from engine.plan import Tls
from engine.tls import client_context

_IN: Final = getattr(select, "EPOLLIN", 0)
_OUT: Final = getattr(select, "EPOLLOUT", 0)


class Handshakes:
    """Shakes hands with one target, over and over.

    Args:
        tls: Whom to trust, and who we are.
        sockets: The set that the sockets are watched in.

    Raises:
        OSError: A file of `tls` cannot be read, or is no certificate or key.
    """

    def __init__(self, tls: Tls, sockets: SocketSet) -> None:
        self._context = client_context(tls)
        self._server_name = tls.server_name
        self._sockets = sockets
        self._session: ssl.SSLSession | None = None

    def begin(self, sock: socket.socket, done: Callable[[OSError | None], None]) -> ssl.SSLSocket:
        """Begin a handshake on a connected, non-blocking socket.

        Args:
            sock: It; what is returned takes its place.
            done: Called, always later, with what went wrong or None.

        Raises:
            OSError: The connection is gone already.
        """
        secured = self._context.wrap_socket(
            sock,
            do_handshake_on_connect=False,
            server_hostname=self._server_name,
            session=self._session,
        )
        self._sockets.wait(secured.fileno(), _OUT, partial(self._go_on, secured, done))
        return secured

    def remember(self, sock: ssl.SSLSocket) -> None:
        """Keep the session of a connection that is about to be closed, for the next one to resume.

        Tickets of TLS 1.3 come after the handshake, some time before the first answer ends.
        """
        self._session = sock.session or self._session

    def _go_on(self, sock: ssl.SSLSocket, done: Callable[[OSError | None], None]) -> None:
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            self._sockets.wait(sock.fileno(), _IN, partial(self._go_on, sock, done))
        except ssl.SSLWantWriteError:
            self._sockets.wait(sock.fileno(), _OUT, partial(self._go_on, sock, done))
        except OSError as error:
            self._sockets.forget(sock)
            done(error)
        else:
            self._sockets.forget(sock)
            done(None)
