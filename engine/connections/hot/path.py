"""The table of a hot path's connections, the columns that they fill, and the events that are not ordinary."""

from __future__ import annotations

import ctypes
import resource
import weakref
from collections.abc import Sequence
from typing import Final

DONE, DATA, SURPLUS, ANSWERED, CUT_SHORT, CLOSED, FAILED, OTHER, USED_UP, WANTED, BROKEN = range(11)
"""What `HotPath.drain` returns:

- DONE: nothing is left to do now;
- DATA: bytes came that are no ordinary answer; SURPLUS: more than the head said, whose status is in `size`;
- ANSWERED: an answer was noted, and what follows is Python's to decide;
- CUT_SHORT: the kernel took only `size` bytes of a request;
- CLOSED, FAILED: by the target, with an errno in `size`;
- OTHER: something else about a descriptor: `events` has epoll's bits;
- USED_UP: more due times are needed;
- WANTED: a request is due, and no connection is free for it;
- BROKEN: TLS is, and the bytes say why.
"""

MOST_DUE: Final = 64
MOST_CONNECTIONS: Final = 1 << 20
FIRST_ROOM_FOR_LATE: Final = 1024

CONNECTION_BYTES: Final = 48
_BYTES, _WORDS = CONNECTION_BYTES, CONNECTION_BYTES // 8
PLANNED, WRITTEN = 0, 1
"""Words of a connection in the table; hot.h says what they are, as of the bytes."""

STATE, REUSED, CAREFUL = 24, 25, 27
"""Bytes of a connection in the table."""


class Event(ctypes.Structure):
    """The head of C's `struct hot`: what is told to Python, and what Python tells. hot.h says what is what."""

    _fields_ = (
        ("at_ns", ctypes.c_int64),
        ("bytes_in", ctypes.c_int64),
        ("due_ns", ctypes.c_int64),
        ("data", ctypes.c_void_p),
        ("fd", ctypes.c_int32),
        ("size", ctypes.c_int32),
        ("waiting", ctypes.c_int32),
        ("events", ctypes.c_uint32),
        ("held", ctypes.c_uint8),
        ("is_open", ctypes.c_uint8),
        ("stamped", ctypes.c_uint8),
        ("scheduled", ctypes.c_uint8),
        ("may_open", ctypes.c_uint8),
        ("pad", ctypes.c_uint8 * 3),
    )


class HotPath:
    """One epoll set's connections and what became of their requests.

    Args:
        library: What `library.load` found.
        epoll_fd: The epoll set.
        request: What is sent.

    Attributes:
        event: What `drain` tells of; its flags may be set.
        nowhere: Stands for the socket of a connection that has none.
        is_careful: Whether the kernel did not take a request whole once.
    """

    def __init__(self, library: ctypes.CDLL, epoll_fd: int, request: bytes) -> None:
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(files, MOST_CONNECTIONS)
        self.nowhere = most
        self.is_careful = False
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
        self._late = (ctypes.c_int32 * FIRST_ROOM_FOR_LATE)()

    def drain(self, *, may_wait: bool) -> int:
        """Go on until something is not ordinary; return what it is, or DONE.

        Args:
            may_wait: Whether it may wait a millisecond for more, where answers are dense.
        """
        event: int = self._drain(self._hot, may_wait)
        return event

    def data(self) -> bytes:
        """Return the bytes of a DATA or BROKEN event."""
        return ctypes.string_at(self.event.data, self.event.size)

    def take_over(self, fd: int) -> None:
        """Take over a socket, IDLE."""
        self._library.hot_take_over(self._hot, fd)

    def give_back(self, fd: int) -> None:
        """Have nothing more to do with a socket."""
        self._library.hot_give_back(self._hot, fd)

    def stamp(self, fd: int) -> None:
        """Have the kernel stamp what a socket receives, if it can; `event.stamped` says whether."""
        self._library.hot_stamp(self._hot, fd)

    def secure(self, fd: int, ssl: int) -> None:
        """Read and write a socket through TLS, from when it was taken over until it is given back.

        Args:
            fd: The socket.
            ssl: Where OpenSSL's SSL is; see `tls.py`.
        """
        if not self._library.hot_secure(self._hot, fd, ssl):
            raise MemoryError("no room for the TLS of a connection")

    def expect(self, begin: bytes, total_bytes: int, status: int) -> None:
        """Say how an ordinary answer begins and how long it is; b"", or what is very long, for none that is."""
        self._library.hot_expect(self._hot, begin, len(begin), total_bytes, status)

    # One connection, by its file descriptor.

    def send(self, fd: int, now_ns: int, planned_ns: int) -> int:
        """Send the request; return how many bytes of it the kernel took, or less than 0 if it failed."""
        sent: int = self._send(self._hot, fd, now_ns, planned_ns)
        return sent

    def byte(self, fd: int, which: int) -> int:
        """Return STATE, REUSED or CAREFUL."""
        return self._bytes[fd * _BYTES + which]

    def set_byte(self, fd: int, which: int, value: int) -> None:
        """Set one of these."""
        self._bytes[fd * _BYTES + which] = value

    def word(self, fd: int, which: int) -> int:
        """Return PLANNED or WRITTEN: when the request that is out was due or was written, in nanoseconds."""
        return self._words[fd * _WORDS + which]

    def set_word(self, fd: int, which: int, value: int) -> None:
        """Set one of these."""
        self._words[fd * _WORDS + which] = value

    def be_careful(self, fd: int) -> None:
        """From now on, let Python send on it, and follow the schedule."""
        self.set_byte(fd, CAREFUL, 1)
        self.is_careful = True
        self.event.scheduled = 0

    # Those that wait for something to send.

    def wait(self, fd: int) -> None:
        """Let it wait."""
        self._library.hot_wait(self._hot, fd)

    def wait_no_more(self, fd: int) -> None:
        """Let it wait no longer, if it does."""
        if fd != self.nowhere:
            self._library.hot_wait_no_more(self._hot, fd)

    def waiting(self, *, longest: bool) -> int:
        """Return which waits for the longest or for the shortest time; -1 if none does."""
        fd: int = self._library.hot_waiting(self._hot, longest)
        return fd

    # The schedule.

    def use_timer(self, timer_fd: int) -> None:
        """Be woken by this timer, which is in the epoll set."""
        self._library.hot_use_timer(self._hot, timer_fd)

    def wake_at_due(self) -> None:
        """Be woken when the next request is due."""
        self._library.hot_wake_at_due(self._hot)

    def set_due(self, times_ns: Sequence[int]) -> None:
        """Go on with these due times, at most MOST_DUE; without any there is no schedule."""
        count = len(times_ns)
        self._library.hot_due(self._hot, (ctypes.c_int64 * count)(*times_ns), count)

    def until(self, until_ns: int) -> None:
        """Let nothing be due after this."""
        self._library.hot_until(self._hot, until_ns)

    def take_due(self) -> bool:
        """Go on to the next due time; return whether more of them are needed."""
        return bool(self._library.hot_take_due(self._hot))

    def rest(self) -> list[int]:
        """Return the due times that were given and are not reached, without the next one."""
        times = (ctypes.c_int64 * MOST_DUE)()
        return times[: self._library.hot_rest(self._hot, times)]

    # All of them.

    def look(self, limit_ns: int, oldest_ns: int) -> tuple[int, int, list[int]]:
        """Look at every request that is out.

        Args:
            limit_ns: What was written until then is late.
            oldest_ns: What is returned where nothing that is out was due earlier.

        Returns:
            How many are out, when the oldest that is not late was due, and the sockets of those that are late.
        """
        oldest, out = ctypes.c_int64(oldest_ns), ctypes.c_int()
        found = self._library.hot_look(
            self._hot, limit_ns, ctypes.byref(oldest), ctypes.byref(out), self._late, len(self._late)
        )
        if found > len(self._late):  # all of them, or what is said to be settled would not be
            self._late = (ctypes.c_int32 * (2 * found))()
            return self.look(limit_ns, oldest_ns)
        return out.value, oldest.value, self._late[:found]

    def take(self) -> tuple[bytes, ...]:
        """Return what ended here, as columns of a Frame, and forget it.

        Returns:
            Its `written`, `last`, `outcome`, `planned` and `lag`.
        """
        return tuple(self._column(which) for which in range(5))

    def take_bytes_in(self) -> int:
        """Return how many bytes were received since this was asked last."""
        received: int = self.event.bytes_in
        self.event.bytes_in = 0
        return received

    def _column(self, which: int) -> bytes:
        begin = ctypes.c_void_p()
        used = self._library.hot_take(self._hot, which, ctypes.byref(begin))
        return ctypes.string_at(begin.value, used) if used and begin.value else b""
