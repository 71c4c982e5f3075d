"""This machine: its cores, its memory and its network. Generator and target on one host compete here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import psutil
from msgspec import Struct

from engine.machine import CoreNow, HostNow
from engine.probes import procfs
from engine.probes.base import HostSample
from engine.probes.procfs import CoreTicks
from engine.probes.scene import Scene, Ticks

INTERVAL_S: Final = 1.0
LOOPBACK: Final = "lo"


async def watch(scene: Scene) -> None:
    """Publish the machine's figures once a second, for ever."""
    ticks = Ticks(scene.clock)
    meter = HostMeter(scene.clock)
    meter.read()  # shares and rates are of the time since the look before: the first one has none
    while True:
        await ticks.wait(INTERVAL_S)
        now = meter.read()
        if now is not None:
            scene.publish(HostSample(scene.clock(), now))


class Counters(Struct, frozen=True):
    """What needs two looks.

    Attributes:
        at_ns: When it was read.
        cores: Times of each core, by its number.
        network: Bytes received and sent of each interface.
    """

    at_ns: int
    cores: Mapping[int, CoreTicks]
    network: Mapping[str, tuple[float, float]]


class HostMeter:
    """Reads the machine; what needs two looks is kept here between them.

    Args:
        clock: Monotonic nanoseconds.
        root: Where /proc and /sys are under.
    """

    def __init__(self, clock: Callable[[], int], root: str = procfs.ROOT) -> None:
        self._clock = clock
        self._root = root
        self._before: Counters | None = None

    def read(self) -> HostNow | None:
        """Return the figures since the last look; None at the first one."""
        root = self._root
        now = Counters(self._clock(), procfs.core_ticks(root), procfs.network_bytes(root))
        before, self._before = self._before, now
        if not now.cores:
            return _without_proc()
        if before is None:
            return None
        total, available = procfs.memory(root)
        received, sent, loopback = network_rates(before, now)
        return HostNow(
            cores=tuple(
                core_now(core, before.cores[core], ticks, procfs.core_mhz(root, core))
                for core, ticks in sorted(now.cores.items())
                if core in before.cores
            ),
            memory_bytes=total,
            available_bytes=available,
            load_1m=procfs.load_average(root),
            cpu_pressure_pct=procfs.cpu_pressure(root),
            received_bytes_per_s=received,
            sent_bytes_per_s=sent,
            loopback_bytes_per_s=loopback,
        )


def core_now(core: int, before: CoreTicks, now: CoreTicks, mhz: float | None = None) -> CoreNow:
    """Return a core's shares between two looks, in percent.

    Some of these counters may step back (idle time does, on virtual machines): such a step counts as none.
    """
    spent = {
        name: max(0, getattr(now, name) - getattr(before, name))
        for name in ("user", "system", "softirq", "steal", "idle")
    }
    whole = sum(spent.values())
    each = 100 / whole if whole else 0.0
    return CoreNow(
        number=core,
        user_pct=spent["user"] * each,
        system_pct=spent["system"] * each,
        softirq_pct=spent["softirq"] * each,
        steal_pct=spent["steal"] * each,
        mhz=mhz,
    )


def network_rates(before: Counters, now: Counters) -> tuple[float | None, float | None, float | None]:
    """Return bytes a second received and sent over the network, and over loopback; None where not told."""
    span_s = (now.at_ns - before.at_ns) / 1e9
    both = [name for name in now.network if name in before.network]
    if span_s <= 0 or not both:
        return None, None, None

    def rate(names: list[str], way: int) -> float:
        moved = (max(0, now.network[name][way] - before.network[name][way]) for name in names)
        return sum(moved) / span_s

    outside = [name for name in both if name != LOOPBACK]
    return rate(outside, 0), rate(outside, 1), rate([LOOPBACK], 0) if LOOPBACK in both else None


def _without_proc() -> HostNow:
    """Return what systems without /proc tell of their cores, since the call before."""
    return HostNow(
        cores=tuple(
            CoreNow(number, user_pct=times.user + times.nice, system_pct=times.system)
            for number, times in enumerate(psutil.cpu_times_percent(percpu=True))
        )
    )
