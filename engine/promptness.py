"""Has the kernel run this process as soon as it wakes, where it shares a core with others.

Linux lets whoever runs on a core keep it for a slice, 1.4 ms and more, before another that wakes gets its turn,
unless that one asked for a shorter slice (EEVDF, since 6.12; https://lwn.net/Articles/969062). It gets no more
of the core by that, only earlier, and in smaller pieces. A worker wakes when a request is due or an answer is
there: what it waits for its core then is in what it says of the target.
"""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Final

SHORTEST_SLICE_NS: Final = 100_000
"""Linux takes nothing below."""

_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274, "riscv64": 274}


class _Attributes(ctypes.Structure):
    """`struct sched_attr`, version 0, of sched_setattr(2)."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime_ns", ctypes.c_uint64),
        ("deadline_ns", ctypes.c_uint64),
        ("period_ns", ctypes.c_uint64),
    )


def be_prompt() -> bool:
    """Ask for short slices; return whether the kernel took that. From an old one, nothing follows."""
    number = _SCHED_SETATTR.get(platform.machine())
    if number is None or not hasattr(os, "sched_getscheduler") or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return False  # another policy was somebody's choice
    attributes = _Attributes(
        size=ctypes.sizeof(_Attributes),
        policy=os.SCHED_OTHER,
        nice=os.getpriority(os.PRIO_PROCESS, 0),
        runtime_ns=SHORTEST_SLICE_NS,
    )
    failed: int = ctypes.CDLL(None).syscall(number, 0, ctypes.byref(attributes), 0)
    return not failed
