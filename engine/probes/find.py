"""Which process serves an address, where that is on this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Final

import psutil
from msgspec import Struct

_COMMAND_WIDTH: Final = 1000
# These hold sockets for services that they start on demand, and are the ancestors of half the machine.
_SUPERVISORS: Final = frozenset({"systemd", "launchd"})


class Listener(Struct, frozen=True):
    """A socket that listens, and a process that holds it (None where another user's is not ours to see)."""

    host: str
    port: int
    pid: int | None


def is_local(host: str) -> bool:
    """Whether a host, given by address or name, is this machine. A name may ask the resolver."""
    try:
        address = _plain(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, ValueError, UnicodeError):
        return False
    if address.is_loopback or address.is_unspecified:
        return True
    mine = (entry.address for entries in psutil.net_if_addrs().values() for entry in entries)
    return any(_is(address, text) for text in mine)


def listening_pid(host: str, port: int) -> int | None:
    """Return the process that listens there, or None. Looks through all processes: not for an event loop.

    Where a master has handed its socket to workers, it is the master.
    """
    try:
        sockets = [
            _listener(entry) for entry in psutil.net_connections("tcp") if entry.status == psutil.CONN_LISTEN
        ]
    except psutil.Error:  # macOS lets only root ask
        return None
    found = best(sockets, host, port)
    if found is None or found.pid is None or _supervises(found.pid):
        return None
    return _eldest(found.pid, found)


def best(listeners: Iterable[Listener], host: str, port: int) -> Listener | None:
    """Return the listener that takes connections to an address: on that very one, else on all of them."""
    ranked = sorted(
        (
            (rank, entry.pid is None, entry.pid or 0, entry)
            for entry in listeners
            if (rank := _rank(entry, host, port))
        ),
        key=lambda item: item[:3],
    )
    return ranked[0][3] if ranked else None


def command_line(pid: int) -> str:
    """Return a process's command line, or ""."""
    try:
        return " ".join(psutil.Process(pid).cmdline())[:_COMMAND_WIDTH]
    except psutil.Error:
        return ""


def _rank(entry: Listener, host: str, port: int) -> int:
    """Return 1 for that address, 2 for all addresses of its family, 3 for all of the other's, 0 for another."""
    if entry.port != port:
        return 0
    wanted, has = _plain(host), _plain(entry.host)
    if has == wanted:
        return 1
    if has.is_unspecified:
        return 2 if has.version == wanted.version else 3
    return 0


def _eldest(pid: int, listener: Listener) -> int:
    """Climb from a worker to the master, as long as the parent holds the same listening socket."""
    try:
        parent = psutil.Process(pid).parent()
        while parent is not None and not _supervises(parent.pid) and _holds(parent, listener):
            pid, parent = parent.pid, parent.parent()
    except psutil.Error:
        pass
    return pid


def _holds(process: psutil.Process, listener: Listener) -> bool:
    mine = (_listener(entry) for entry in process.net_connections("tcp") if entry.status == psutil.CONN_LISTEN)
    return any((entry.host, entry.port) == (listener.host, listener.port) for entry in mine)


def _supervises(pid: int) -> bool:
    try:
        return psutil.Process(pid).name() in _SUPERVISORS
    except psutil.Error:
        return False


def _listener(entry: object) -> Listener:
    """Turn an entry of psutil, of the machine or of a process, into ours."""
    local = getattr(entry, "laddr", None) or ("::", 0)
    return Listener(str(local[0]), int(local[1]), getattr(entry, "pid", None))


def _plain(host: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Parse an address, without its zone; one of IPv4 that is written as IPv6 becomes what it is."""
    address = ipaddress.ip_address(str(host).partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is(address: ipaddress.IPv4Address | ipaddress.IPv6Address, text: str) -> bool:
    try:
        return _plain(text) == address
    except ValueError:  # link-layer addresses are in the same list
        return False
