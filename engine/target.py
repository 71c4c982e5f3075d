"""Where the target listens: its name resolved and its port tried, before anything else is started."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from engine.errors import TargetUnreachable, UsageError
from engine.plan import Plan, Tls, port_of
from engine.tls import client_context

TRY_S: Final = 3.0
"""For each address of a name; a live service accepts within milliseconds, a firewall never answers."""


class Address(Struct, frozen=True):
    """Where to connect.

    Attributes:
        family: `socket.AF_INET` or `socket.AF_INET6`.
        sockaddr: As the socket module wants it.
        is_local: Whether it is on this machine.
        pid: The process that listens there, where the connection itself tells: on a Unix socket.
    """

    family: int
    sockaddr: tuple[str | int, ...]
    is_local: bool
    pid: int | None = None

    @property
    def host_port(self) -> tuple[str, int]:
        """IP address and port; a Unix socket has none, and counts as this machine's port 0."""
        if self.family == socket.AF_UNIX:
            return "127.0.0.1", 0
        return str(self.sockaddr[0]), int(self.sockaddr[1])


def _find_unix(plan: Plan, path: str) -> Address:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(min(TRY_S, plan.timeout_s))
            sock.connect(path)
            pid = _peer(sock)
            if plan.tls is not None:
                _shake_hands(sock, plan.tls)
    except OSError as error:
        words = error.strerror or str(error)
        raise TargetUnreachable(f"cannot connect to the Unix socket '{path}': {words}") from error
    return Address(socket.AF_UNIX, (path,), is_local=True, pid=pid)


def _peer(sock: socket.socket) -> int | None:
    """Return the process at the other end of a Unix socket; unix(7), SO_PEERCRED."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    pid, _, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid) or None


def _shake_hands(sock: socket.socket, tls: Tls) -> None:
    try:
        context = client_context(tls)
    except OSError as error:
        files = ", ".join(name for name in (tls.ca_file, tls.certificate_file, tls.key_file) if name)
        raise UsageError(f"cannot use the certificate files ({files}): {error}") from error
    with context.wrap_socket(sock, server_hostname=tls.server_name):
        pass


def find(plan: Plan) -> Address:
    """Return the first address of the target that accepts a connection.

    Raises:
        TargetUnreachable: Its name cannot be resolved, or nobody accepts.
    """
    if plan.unix_socket is not None:
        return _find_unix(plan, plan.unix_socket)
    host = urlsplit(plan.url).hostname or ""
    port = port_of(plan.url)
    try:
        candidates = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TargetUnreachable(f"cannot find host '{host}': {words}; check the name in the URL") from error
    reasons: list[str] = []
    for family, kind, protocol, _, sockaddr in candidates:
        if not isinstance(sockaddr[0], str) or len(sockaddr) not in (2, 4):
            continue  # an address family that Python was built without
        try:
            with socket.socket(family, kind, protocol) as sock:
                sock.settimeout(min(TRY_S, plan.timeout_s))
                sock.connect(sockaddr)
                is_local = sock.getsockname()[0] == sockaddr[0]
                if plan.tls is not None:
                    _shake_hands(sock, plan.tls)
        except ssl.SSLCertVerificationError as error:
            raise TargetUnreachable(
                f"the certificate of {plan.url} is not trusted: {error.verify_message}; "
                "give --cacert FILE, or -k to go without checking"
            ) from error
        except OSError as error:
            words = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
            shown = f"[{sockaddr[0]}]:{port}" if ":" in sockaddr[0] else f"{sockaddr[0]}:{port}"
            reasons.append(f"{shown}: {words}")
            continue
        return Address(family, sockaddr, is_local)
    raise TargetUnreachable(
        f"cannot connect to {plan.url} ({'; '.join(reasons)}); is the service running, and is that its port?"
    )
