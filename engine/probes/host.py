"""This machine: how busy each core is. Generator and target on one host compete here."""

from __future__ import annotations

from typing import Final

import psutil

from engine.probes.base import HostSample
from engine.probes.scene import Scene, Ticks

INTERVAL_S: Final = 1.0


async def watch(scene: Scene) -> None:
    """Publish the busy share of each core, once a second, for ever."""
    ticks = Ticks(scene.clock)
    psutil.cpu_percent(percpu=True)  # shares are of the time since the call before: the first one has none
    while True:
        await ticks.wait(INTERVAL_S)
        scene.publish(HostSample(scene.clock(), tuple(psutil.cpu_percent(percpu=True))))
