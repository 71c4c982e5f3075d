"""What the machine did to our own processes: how long they waited for a core, and were throttled.

Linux only; elsewhere, and where the files are not there, nothing is known and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

CPU_STAT: Final = Path("/sys/fs/cgroup/cpu.stat")
"""Of our own group where it is the root of what we see, as in a container; cgroup v2."""


class Waited(Struct, frozen=True):
    """What a process has waited since its start.

    Attributes:
        waiting_ns: Time in which it could have run and no core was free for it.
        turns: How often it was given a core.
    """

    waiting_ns: int = 0
    turns: int = 0


def waited(pid: int) -> Waited | None:
    """Return what a process's first thread, which is a worker's only one that matters, has waited.

    The second and third field of /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst).
    """
    try:
        _, waiting_ns, turns = Path(f"/proc/{pid}/schedstat").read_text().split()
        return Waited(int(waiting_ns), int(turns))
    except (OSError, ValueError):
        return None


def throttled_ns() -> int | None:
    """Return for how long our group was held back by its CPU quota, or None where there is no such account."""
    try:
        return read_throttled(CPU_STAT.read_text().splitlines())
    except OSError:
        return None


def read_throttled(lines: Iterable[str]) -> int | None:
    """Return the same from the lines of a cpu.stat."""
    for line in lines:
        name, _, value = line.partition(" ")
        if name == "throttled_usec" and value.strip().isdigit():
            return int(value) * 1000
    return None
