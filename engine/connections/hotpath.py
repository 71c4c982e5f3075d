"""The hot path in C (`hotpath.c`), as Python sees it: a table of connections, and events that are not ordinary.

It is compiled when loadtop is installed (`hatch_build.py`). Where there was no compiler, or the source was
changed since, `load` finds nothing and a worker does the same work in Python, at about two thirds of the speed
(`benchmarks/README.md`), and reads the clock where the kernel would have stamped.
"""

from __future__ import annotations

import ctypes
import os
import resource
import weakref
import zlib
from functools import cache
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("hotpath.c")
LIBRARY: Final = Path(__file__).with_name("_hotpath.so")
SWITCH: Final = "LOADTOP_HOT_PATH"
"""Environment variable; `python` leaves the library alone."""

DONE, DATA, SURPLUS, ANSWERED, CUT_SHORT, CLOSED, FAILED, OTHER = range(8)
"""What `HotPath.drain` returns; hotpath.c says what each means."""

LONGEST_EXPECTED: Final = 8192
MOST_CONNECTIONS: Final = 1 << 20
LATE_AT_ONCE: Final = 1024

CONNECTION_BYTES: Final = 32
_WORDS, _BYTES = CONNECTION_BYTES // 8, CONNECTION_BYTES  # of a connection in the table
_PLANNED, _WRITTEN = range(2)  # its words
_STATE, _REUSED, _PRESENT, _CAREFUL = range(24, 28)  # its bytes


class Event(ctypes.Structure):
    """The head of C's `struct hot`: what is told to Python, and what Python tells."""

    _fields_ = (
        ("at_ns", ctypes.c_int64),
        ("bytes_in", ctypes.c_int64),
        ("data", ctypes.c_void_p),
        ("fd", ctypes.c_int32),
        ("size", ctypes.c_int32),
        ("events", ctypes.c_uint32),
        ("held", ctypes.c_uint8),
        ("is_open", ctypes.c_uint8),
        ("stamped", ctypes.c_uint8),
        ("pad", ctypes.c_uint8),
    )


def checksum(source: bytes) -> int:
    """Return what tells one source from another; the build puts it into the library."""
    return zlib.crc32(source)


@cache
def load() -> ctypes.CDLL | None:
    """Return the library, or None where there is none of this very source."""
    if os.environ.get(SWITCH) == "python":
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY))
        library.hot_source.restype = ctypes.c_uint32
        if library.hot_source() != checksum(SOURCE.read_bytes()):
            return None
    except (OSError, AttributeError):
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    wide, size = ctypes.c_int64, ctypes.c_size_t
    signatures = {
        "hot_new": (pointer, (number, ctypes.c_uint, ctypes.c_char_p, size)),
        "hot_free": (None, (pointer,)),
        "hot_connections": (pointer, (pointer,)),
        "hot_present": (None, (pointer, number, number)),
        "hot_expect": (None, (pointer, ctypes.c_char_p, size, wide, ctypes.c_uint16)),
        "hot_drain": (number, (pointer, number)),
        "hot_send": (number, (pointer, number, wide, wide)),
        "hot_look": (number, (pointer, wide, pointer, pointer, pointer, number)),
        "hot_take": (size, (pointer, pointer, pointer, pointer, pointer)),
        "hot_size": (size, (number,)),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class HotPath:
    """One epoll set's connections and what became of their requests.

    Attributes:
        event: What `drain` tells of; its flags may be set.
        nowhere: Stands for the socket of a connection that has none.
    """

    def __init__(self, library: ctypes.CDLL, epoll_fd: int, request: bytes) -> None:
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(files, MOST_CONNECTIONS)
        self.nowhere = most
        self._library = library
        self._hot = library.hot_new(epoll_fd, most, request, len(request))
        if not self._hot:
            raise MemoryError(f"no room for a table of {most} connections")
        weakref.finalize(self, library.hot_free, self._hot)
        self._drain, self._send = library.hot_drain, library.hot_send
        self.event = Event.from_address(self._hot)
        table = (ctypes.c_char * (_BYTES * (most + 1))).from_address(library.hot_connections(self._hot))
        self._bytes = memoryview(table).cast("B")
        self._words = self._bytes.cast("q")
        self._late = (ctypes.c_int32 * LATE_AT_ONCE)()

    def drain(self, *, may_wait: bool) -> int:
        """Go on until something is not ordinary; return what it is, or DONE.

        Args:
            may_wait: Whether it may wait a millisecond for more, where answers are dense.
        """
        event: int = self._drain(self._hot, may_wait)
        return event

    def send(self, fd: int, now_ns: int, planned_ns: int) -> int:
        """Send the request; return how many bytes of it the kernel took."""
        sent: int = self._send(self._hot, fd, now_ns, planned_ns)
        return sent

    def data(self) -> bytes:
        """Return the bytes of a DATA event."""
        return ctypes.string_at(self.event.data, self.event.size)

    def take_over(self, fd: int) -> None:
        """Take over a socket, IDLE."""
        self._library.hot_present(self._hot, fd, 1)

    def give_back(self, fd: int) -> None:
        """Have nothing more to do with a socket."""
        self._bytes[fd * _BYTES + _PRESENT] = 0

    def expect(self, begin: bytes, total_bytes: int, status: int) -> None:
        """Say how an ordinary answer begins and how long it is; b"" for none that is."""
        begin = begin if len(begin) <= LONGEST_EXPECTED else b""
        self._library.hot_expect(self._hot, begin, len(begin), total_bytes, status)

    # One connection, by its file descriptor.

    def state(self, fd: int) -> int:
        """Return how it is."""
        return self._bytes[fd * _BYTES + _STATE]

    def set_state(self, fd: int, state: int) -> None:
        """Say how it is."""
        self._bytes[fd * _BYTES + _STATE] = state

    def written_ns(self, fd: int) -> int:
        """Return when the request that is out was written, or 0."""
        return self._words[fd * _WORDS + _WRITTEN]

    def set_written_ns(self, fd: int, written_ns: int) -> None:
        """Say when it was written."""
        self._words[fd * _WORDS + _WRITTEN] = written_ns

    def planned_ns(self, fd: int) -> int:
        """Return when the request that is out was due, in an open loop."""
        return self._words[fd * _WORDS + _PLANNED]

    def set_planned_ns(self, fd: int, planned_ns: int) -> None:
        """Say when it was due."""
        self._words[fd * _WORDS + _PLANNED] = planned_ns

    def reused(self, fd: int) -> bool:
        """Return whether an answer came on it before."""
        return bool(self._bytes[fd * _BYTES + _REUSED])

    def set_reused(self, fd: int, reused: bool) -> None:
        """Say whether one did."""
        self._bytes[fd * _BYTES + _REUSED] = reused

    def be_careful(self, fd: int) -> None:
        """From now on, let Python send on it."""
        self._bytes[fd * _BYTES + _CAREFUL] = 1

    # All of them.

    def look(self, limit_ns: int, oldest_ns: int) -> tuple[int, int, list[int]]:
        """Look at every request that is out.

        Args:
            limit_ns: What was written until then is late.
            oldest_ns: What is returned where nothing that is out was due earlier.

        Returns:
            How many are out, when the oldest that is not late was due, and the sockets of those that are late:
            of many, the first ones.
        """
        oldest, out = ctypes.c_int64(oldest_ns), ctypes.c_int()
        found = self._library.hot_look(
            self._hot, limit_ns, ctypes.byref(oldest), ctypes.byref(out), self._late, LATE_AT_ONCE
        )
        return out.value, oldest.value, self._late[: min(found, LATE_AT_ONCE)]

    def take(self) -> tuple[bytes, bytes, bytes, bytes]:
        """Return what ended here, as columns of a Frame: written, last, outcome, planned; and forget it."""
        columns = [ctypes.c_void_p() for _ in range(4)]
        records = self._library.hot_take(self._hot, *map(ctypes.byref, columns))
        if not records:
            return b"", b"", b"", b""
        sizes = (8, 8, 2, 8 if self.event.is_open else 0)
        written, last, outcome, planned = (
            ctypes.string_at(column.value or 0, size * records)
            for column, size in zip(columns, sizes, strict=True)
        )
        return written, last, outcome, planned

    def take_bytes_in(self) -> int:
        """Return how many bytes were received since this was asked last."""
        received: int = self.event.bytes_in
        self.event.bytes_in = 0
        return received
