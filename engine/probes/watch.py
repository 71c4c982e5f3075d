"""Watching the target beside the load: all sources, started together, none able to end another or the run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeAlias

from engine.plan import Plan
from engine.probes import container, find, forced, host, node_exporter, process, runtime, series, threads
from engine.probes.base import Sample
from engine.probes.scene import Scene
from engine.probes.wishes import Wishes

Source: TypeAlias = Callable[[Scene], Coroutine[Any, Any, None]]
"""Publishes samples until cancelled; returns where it will never have any."""

OF_MACHINE: Final[Mapping[str, Source]] = {"host": host.watch}
OF_TARGET: Final[Mapping[str, Source]] = {
    process.SOURCE: process.watch,
    threads.SOURCE: threads.watch,
    container.SOURCE: container.watch,
    node_exporter.SOURCE: node_exporter.watch,
    runtime.SOURCE: runtime.watch,
    series.SOURCE: series.watch,
    forced.SOURCE: forced.watch,
}
"""Every source there is; a new one is a function and a line here."""

_AGAIN_S: Final = 1.0


async def watch(
    plan: Plan,
    address: tuple[str, int],
    publish: Callable[[Sample], None],
    *,
    clock: Callable[[], int] = time.monotonic_ns,
    wishes: Wishes | None = None,
) -> None:
    """Watch the machine and the target, until cancelled.

    Args:
        plan: What is driven; `probing=False` leaves the target alone, `pid` and `probe_url` say where to look.
        address: Host and port that the load goes to.
        publish: Takes each sample, on the caller's loop; must not block.
        clock: The clock that requests are timed with.
        wishes: What is asked of the sources while they watch.
    """
    scene = Scene(plan, address, publish, clock, wishes)
    same_host = await asyncio.to_thread(find.is_local, scene.host)
    scene.tell(same_host=same_host, probe="" if plan.probing else "not read (--no-probe)")
    sources = {**OF_MACHINE, **OF_TARGET} if plan.probing else OF_MACHINE
    async with asyncio.TaskGroup() as group:
        for name, source in sources.items():
            group.create_task(_keep(name, source, scene), name=name)


async def _keep(name: str, source: Source, scene: Scene) -> None:
    """Start a source again when it fails: a watch is never worth a run."""
    while True:
        try:
            return await source(scene)
        except Exception as error:
            scene.gap(name, f"{type(error).__name__}: {error}"[:100])
        await asyncio.sleep(_AGAIN_S)
