"""The target's control group: its limits, and how often they held it back.

A group that has used up its CPU quota stands still until the next enforcement period (100 ms as a rule): the
requests of that time wait, which the percentiles show and nothing else explains. Where there is a quota,
looks are four a second, so that such a time can be told to a quarter of one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from engine.machine import ContainerNow
from engine.probes import cgroup, procfs
from engine.probes.base import ContainerSample, Held
from engine.probes.cgroup import Bandwidth, Group
from engine.probes.scene import Scene, Ticks

SOURCE: Final = "container"
INTERVAL_S: Final = 1.0
LOOKS: Final = 4
"""In each interval, where there is a quota."""


async def watch(scene: Scene) -> None:
    """Publish the figures of the target's group once a second, whenever its process is known; for ever.

    Returns at once where the target's process cannot be found on this machine.
    """
    meter: ContainerMeter | None = None
    ticks = Ticks(scene.clock)
    while scene.has_process_here:
        process = scene.process
        if process is None or (meter is not None and meter.pid != process.pid):
            meter = None
        if process is not None and meter is None:
            meter = ContainerMeter(process.pid, scene.clock)
        if meter is not None:
            sample = await asyncio.to_thread(meter.read)
            if sample is not None:
                scene.publish(sample)
        if meter is not None and meter.has_quota:
            for _ in range(LOOKS - 1):
                await ticks.wait(INTERVAL_S / LOOKS)
                meter.glance()
            await ticks.wait(INTERVAL_S / LOOKS)
        else:
            await ticks.wait(INTERVAL_S)


class _Look(Struct, frozen=True):
    at_ns: int
    bandwidth: Bandwidth


class ContainerMeter:
    """Reads the groups of one process; what needs two looks is kept here between them.

    Args:
        pid: The process.
        clock: Monotonic nanoseconds.
        root: Where /proc and /sys are under.
    """

    def __init__(self, pid: int, clock: Callable[[], int], root: str = procfs.ROOT) -> None:
        self.pid = pid
        self._clock = clock
        self._root = root
        self._membership: bytes | None = None
        self._groups: dict[str, Group] = {}
        self._first: _Look | None = None  # of the interval under way
        self._last: _Look | None = None
        self._held: list[Held] = []

    @property
    def has_quota(self) -> bool:
        """Whether a CPU quota was in force at the last look."""
        return self._last is not None

    def read(self) -> ContainerSample | None:
        """Return the figures since the last sample; None where the process is in no group of its own."""
        self._find()
        if not self._is_contained():
            return None
        self.glance()
        first, last = self._first, self._last
        self._first = last
        held, self._held = tuple(self._held), []
        memory = self._groups.get("memory")
        cpuset = self._groups.get("cpuset")
        share, often = (None, None) if first is None or last is None else _between(first, last)
        cpu = self._groups.get("cpu") or memory
        return ContainerSample(
            self._clock(),
            ContainerNow(
                version=cpu.version if cpu is not None else "v2",
                cpu_limit=None if last is None else last.bandwidth.cores,
                throttled_share=share,
                throttled_per_s=often,
                memory_bytes=None if memory is None else cgroup.memory_bytes(memory),
                memory_limit_bytes=None if memory is None else cgroup.memory_limit_bytes(memory),
                cpus=None if cpuset is None else cgroup.cpus(cpuset),
            ),
            held,
        )

    def glance(self) -> None:
        """Look at the CPU quota only, and note if it held the group since the last look."""
        group = self._groups.get("cpu")
        at_ns = self._clock()
        now = None if group is None else cgroup.bandwidth(group)
        if now is None:
            self._first = self._last = None
            return
        look, before = _Look(at_ns, now), self._last
        self._last = look
        if before is None or now.periods < before.bandwidth.periods:
            self._first = look
            return
        periods = now.throttled - before.bandwidth.throttled
        held_ns = now.throttled_ns - before.bandwidth.throttled_ns
        if periods > 0 or held_ns > 0:
            self._held.append(Held(before.at_ns, at_ns, held_ns, periods))

    def _find(self) -> None:
        """Find the groups, anew when the process was moved."""
        membership = procfs.read(f"{self._root}/proc/{self.pid}/cgroup")
        if membership == self._membership:
            return
        self._membership = membership
        self._first = self._last = None
        mountinfo = procfs.read(f"{self._root}/proc/self/mountinfo") or b""
        self._groups = cgroup.groups(membership or b"", mountinfo, self._root)

    def _is_contained(self) -> bool:
        """Whether any of its groups is not the topmost: that one is the whole machine's, and has no limits.

        From within a container the topmost group that is seen is its own, and may have some.
        """
        groups = self._groups.values()
        return any(group.path for group in groups) or any(
            cgroup.bandwidth(group) is not None or cgroup.memory_limit_bytes(group) is not None
            for group in groups
        )


def _between(first: _Look, last: _Look) -> tuple[float | None, float | None]:
    """Return the share of periods that ended held, and how many did a second."""
    span_s = (last.at_ns - first.at_ns) / 1e9
    if span_s <= 0:
        return None, None
    periods = last.bandwidth.periods - first.bandwidth.periods
    throttled = last.bandwidth.throttled - first.bandwidth.throttled
    return (throttled / periods if periods else 0.0), throttled / span_s
