"""The machine that is measured on: what it is, which core is whose, and how far its limits go."""

from __future__ import annotations

import os
import platform
import resource
import threading
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns, sleep
from typing import Final

LOOK_NS: Final = 4_000_000_000
NAP_NS: Final = 500_000
LATE_SHARES: Final = {"50": 0.5, "99": 0.99, "99.9": 0.999}


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where.

    Attributes:
        client: The core of the tool under test, all its processes and threads.
        server: The core of the server, and of this benchmark's own process.
    """

    client: int
    server: int


def cores() -> Cores:
    """Return two different cores, or the same one twice where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(client=allowed[-1], server=allowed[0])


def prepare(mine: Cores) -> None:
    """Stay off the client's core, and let everything that is started open as many files as it may."""
    os.sched_setaffinity(0, {mine.server})
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def release() -> None:
    """Be anywhere again, and so whatever is started: for what is to be as a person has it."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


def pin(pid: int, core: int) -> None:
    """Pin every thread of a process that runs already."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


def lateness(core: int) -> str:
    """Return one line about how late a core wakes who does nothing but sleep: no tool can be better."""
    late: list[int] = []

    def sleep_again() -> None:
        os.sched_setaffinity(0, {core})  # this thread only
        end_ns = monotonic_ns() + LOOK_NS
        while (now_ns := monotonic_ns()) < end_ns:
            sleep(NAP_NS / 1e9)
            late.append(monotonic_ns() - now_ns - NAP_NS)

    looking = threading.Thread(target=sleep_again)
    looking.start()
    looking.join()
    late.sort()
    shown = (f"p{name} {late[int(share * len(late))] / 1000:.0f}" for name, share in LATE_SHARES.items())
    return f"this machine: core {core} wakes who only sleeps for 0.5 ms late by {', '.join(shown)} µs"


def description() -> str:
    """Return one line about the machine, and how busy it was with other things before."""
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load average before: {os.getloadavg()[0]:.2f}"
    )
