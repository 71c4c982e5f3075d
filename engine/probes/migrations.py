"""Counting threads' moves between cores by the kernel's tracepoint `sched:sched_migrate_task`.

The tracepoint fires in whichever thread causes the move, mostly the one that wakes the other. A counter bound
to the moved thread would thus count the moves that it causes, not its own; so there is a counter for each core,
and a filter for the threads that count. That takes root or CAP_PERFMON, and a tracefs that is mounted; where
either is missing the reason is said once, and /proc counts. See perf_event_open(2).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from engine.probes import procfs

_SYSCALL: Final = {"x86_64": 298, "aarch64": 241, "riscv64": 241, "ppc64le": 319, "s390x": 331}
_TRACEFS: Final = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_EVENT: Final = "events/sched/sched_migrate_task/id"
_TYPE_TRACEPOINT: Final = 2
_ATTR_BYTES: Final = 64  # PERF_ATTR_SIZE_VER0, which every kernel takes
_CLOSE_ON_EXEC: Final = 8
_SET_FILTER: Final = 0x40082406
_LONGEST_FILTER: Final = 4000  # the kernel takes a page, its last zero included
_INITIAL_PID_NAMESPACE: Final = 0xEFFFFFFC


class NotCounted(Exception):
    """The tracepoint cannot be used; the message is one line that says why."""


class MoveCounter:
    """Counts the moves of chosen threads, from `follow` on. Use as a context or `close` it.

    Args:
        root: Where /proc and /sys are under.

    Raises:
        NotCounted: It is not permitted, or not there.
    """

    def __init__(self, root: str = procfs.ROOT) -> None:
        self._files: list[int] = []
        self._filter = b""
        event = _event_id(root)
        # The filter compares numbers of the machine's own name space, and a container sees others.
        if _inode(f"{root}/proc/self/ns/pid") != _INITIAL_PID_NAMESPACE:
            raise NotCounted("in a PID name space of its own, where threads have other numbers")
        try:
            for core in sorted(procfs.core_ticks(root)):
                self._files.append(_open(event, core))
        except OSError as error:
            self.close()
            raise NotCounted(f"perf_event_open: {error.strerror}") from error

    def follow(self, threads: Iterable[int]) -> None:
        """Count the moves of these threads from now on, and no others'.

        Raises:
            NotCounted: They are too many for a filter, or the kernel does not take it.
        """
        text = b"||".join(b"pid==%d" % thread for thread in sorted(threads)) or b"pid==0"
        if text == self._filter:
            return
        if len(text) > _LONGEST_FILTER:
            raise NotCounted("more threads than a filter takes")
        try:
            for file in self._files:
                fcntl.ioctl(file, _SET_FILTER, bytearray(text + b"\0"))  # a bytearray may be long, bytes not
        except OSError as error:
            raise NotCounted(f"filter: {error.strerror}") from error
        self._filter = text

    def read(self) -> int:
        """Return how many moves there were since the counters were opened."""
        return sum(int(struct.unpack("=Q", os.read(file, 8))[0]) for file in self._files)

    def close(self) -> None:
        """Give the counters back."""
        while self._files:
            with suppress(OSError):
                os.close(self._files.pop())


def _event_id(root: str) -> int:
    for folder in _TRACEFS:
        event = procfs.number(f"{root}{folder}/{_EVENT}")
        if event is not None:
            return event
    raise NotCounted("no tracefs to be read at /sys/kernel/tracing")


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def _open(event: int, core: int) -> int:
    """Open a counter of an event on one core, whatever runs there."""
    call = _SYSCALL.get(platform.machine())
    if call is None:
        raise OSError(0, f"unknown on {platform.machine()}")
    attributes = struct.pack("=IIQ", _TYPE_TRACEPOINT, _ATTR_BYTES, event).ljust(_ATTR_BYTES, b"\0")
    libc = ctypes.CDLL(None, use_errno=True)
    file: int = libc.syscall(
        ctypes.c_long(call),
        ctypes.create_string_buffer(attributes, _ATTR_BYTES),
        ctypes.c_int(-1),
        ctypes.c_int(core),
        ctypes.c_int(-1),
        ctypes.c_ulong(_CLOSE_ON_EXEC),
    )
    if file < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return file
