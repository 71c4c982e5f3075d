"""A timer that is exact to some microseconds: Linux's timerfd.

An event loop's own timers are whole milliseconds, so that a schedule of 50,000 requests a second would be
sent in bursts of 50. A timerfd is armed for the very moment and wakes the loop like a socket does; it has none
of the slack that the kernel grants itself with a wait's time limit (timerfd_create(2), prctl(2)).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import Final

_CLOCK_MONOTONIC: Final = 1
_TFD_NONBLOCK: Final = os.O_NONBLOCK
_TFD_CLOEXEC: Final = os.O_CLOEXEC
_TFD_TIMER_ABSTIME: Final = 1


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Timer:
    """One timer on the monotonic clock.

    Its file descriptor is readable once the time has come, until it is armed anew: watch it edge-triggered, or
    `read` it away.

    Raises:
        OSError: The system has no timerfd.
    """

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            create, self._settime = libc.timerfd_create, libc.timerfd_settime
        except AttributeError as error:
            raise OSError(errno.ENOSYS, "this system has no timerfd") from error
        self.fd: int = create(_CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self._spec = _Itimerspec()
        self._value = self._spec.value
        self._pointer = ctypes.byref(self._spec)

    def arm(self, at_ns: int) -> None:
        """Wake at this moment; at once if it has passed."""
        self._value.seconds, self._value.nanoseconds = divmod(max(at_ns, 1), 1_000_000_000)
        self._settime(self.fd, _TFD_TIMER_ABSTIME, self._pointer, None)

    def read(self) -> None:
        """Take note that the time has come, where the descriptor is watched by level."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.fd, 8)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)
