"""The target's process: what the load costs it in CPU and memory.

Services that fork workers are taken whole: figures are sums over the process and all that descend from it.
Memory that they share is counted once for each of them, and the peak is the sum of their peaks, so both are
upper bounds there; so is the number of open files, for those that they share. The CPU time of workers that live
for less than a few seconds may be missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import psutil
from msgspec import Struct

from engine.probes import find, procfs
from engine.probes.base import ProcessSample
from engine.probes.executable import runtime_of
from engine.probes.scene import Life, Scene, Ticks, is_alive
from engine.snapshot import ProcessNow

INTERVAL_S: Final = 1.0
SOURCE: Final = "process"
_SEARCH_EVERY_S: Final = 3.0  # a search looks at every open file of the machine
_CHILDREN_EVERY: Final = 5  # looks; finding children reads a file of every process of the machine

Key = TypeVar("Key")


async def watch(scene: Scene) -> None:
    """Publish the process's figures once a second, and find it again whenever it dies; for ever.

    Returns at once where the target is on another host and no process was named.
    """
    wanted = scene.plan.pid
    before: Life | None = None
    while wanted is not None or scene.target.same_host:
        pid = wanted or await asyncio.to_thread(find.listening_pid, scene.host, scene.port)
        wanted = None  # once it is gone, its successor can only be found by the port
        before = await _meet(scene, pid, before) if pid is not None else before
        if scene.process is not None:
            await _follow(scene, scene.process)
            scene.tell()
            scene.process, scene.family = None, ()
            scene.gap(SOURCE, f"process {pid} is gone")
        elif pid is not None:
            scene.gap(SOURCE, f"no process {pid}")
        await asyncio.sleep(INTERVAL_S if before else _SEARCH_EVERY_S)


async def _meet(scene: Scene, pid: int, before: Life | None) -> Life | None:
    """Make a process the target's, and tell; returns its life, or `before` where there is no such process."""
    try:
        process = psutil.Process(pid)
        life = Life(pid, process.create_time())
    except psutil.Error:
        return before
    command, runtime = await asyncio.gather(
        asyncio.to_thread(find.command_line, pid), asyncio.to_thread(runtime_of, pid)
    )
    scene.process, scene.family = process, (pid,)
    scene.tell(pid=pid, command=command, runtime=runtime, restarted=before is not None and life != before)
    return life


async def _follow(scene: Scene, process: psutil.Process) -> None:
    """Publish samples until the process ends."""
    meter = Meter(process, scene.clock)
    ticks = Ticks(scene.clock)
    while is_alive(process):
        now = await asyncio.to_thread(meter.read)
        scene.family = meter.family
        if now is not None:
            scene.publish(ProcessSample(scene.clock(), now))
        await ticks.wait(INTERVAL_S)


class _Counters(Struct, frozen=True):
    """What needs two looks, of each process: CPU time in seconds, and page faults without and with the disk."""

    at_ns: int
    cpu_s: dict[psutil.Process, float]
    minor: dict[psutil.Process, float]
    major: dict[psutil.Process, float]


class Meter:
    """Reads a process and its descendants; what needs two looks is kept here between them.

    Args:
        process: The process.
        clock: Monotonic nanoseconds.
    """

    def __init__(self, process: psutil.Process, clock: Callable[[], int]) -> None:
        self._process = process
        self._clock = clock
        self._children: list[psutil.Process] = []
        self._looks = 0
        self._before: _Counters | None = None

    @property
    def family(self) -> tuple[int, ...]:
        """The process and its descendants, as of the last look."""
        return (self._process.pid, *(child.pid for child in self._children))

    def read(self) -> ProcessNow | None:
        """Return the figures since the last look; None at the first one, and where the process is gone."""
        if self._looks % _CHILDREN_EVERY == 0:
            self._children = _descendants(self._process)
        self._looks += 1
        now = _Counters(self._clock(), {}, {}, {})
        rss = peak = threads = 0
        files: list[int | None] = []
        for process in (self._process, *self._children):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    now.cpu_s[process] = times.user + times.system
                    rss += (resident := process.memory_info().rss)
                    peak += max(resident, _peak_rss(process.pid))
                    threads += process.num_threads()
            except psutil.Error:
                continue  # workers come and go
            files.append(procfs.open_files(procfs.ROOT, process.pid))
            stat = procfs.task_stat(f"{procfs.ROOT}/proc/{process.pid}/stat")
            if stat is not None:
                now.minor[process], now.major[process] = stat.minor_faults, stat.major_faults
        before, self._before = self._before, now
        if before is None or self._process not in now.cpu_s or now.at_ns <= before.at_ns:
            return None
        span_s = (now.at_ns - before.at_ns) / 1e9
        return ProcessNow(
            cpu_pct=100 * spent(before.cpu_s, now.cpu_s) / span_s,
            rss_bytes=rss,
            rss_peak_bytes=peak,
            threads=threads,
            open_files=sum(known) if (known := [count for count in files if count is not None]) else None,
            minor_faults_per_s=spent(before.minor, now.minor) / span_s if now.minor else None,
            major_faults_per_s=spent(before.major, now.major) / span_s if now.major else None,
        )


def spent(before: Mapping[Key, float], now: Mapping[Key, float]) -> float:
    """Return what was added to a counter between two looks, by the processes that were there at both.

    One that is new may be new only to us; all that it ever spent must not land in one second.
    """
    return sum(max(0.0, value - before[key]) for key, value in now.items() if key in before)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _peak_rss(pid: int) -> int:
    """Return the largest resident size since the process began, or 0 where the system does not keep it."""
    try:
        for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return 0
