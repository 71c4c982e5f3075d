"""The target's machine where it is another one, as its node_exporter tells it (`--probe http://host:9100/metrics`).

The same figures as of this machine, of the time between two pages. Names of the metrics are those of
node_exporter 1.x (github.com/prometheus/node_exporter).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from engine.http_client import Fetcher, FetchFailed
from engine.machine import HostNow
from engine.probes.base import HostSample
from engine.probes.host import Counters, core_now, network_rates
from engine.probes.procfs import CoreTicks
from engine.probes.prometheus import Reader, Series
from engine.probes.scene import Scene, Ticks

SOURCE: Final = "node_exporter"
INTERVAL_S: Final = 1.0
MARK: Final = "node_cpu_seconds_total"
"""What a page must have to be one of a node_exporter."""

_PATH: Final = "/metrics"
_AGAIN_S: Final = 5.0
_PRESSURE: Final = "node_pressure_cpu_waiting_seconds_total"


async def watch(scene: Scene) -> None:
    """Publish the machine's figures once a second, for ever; whatever fails then is a Gap.

    Returns at once where no page was named that may be a node_exporter's, and later where it is none.
    """
    url = page_of(scene.plan.probe_url)
    if url is None:
        return
    reader = Reader()
    meter = ExporterMeter(urlsplit(url).netloc.rpartition("@")[2])
    ticks = Ticks(scene.clock)
    known = False
    async with Fetcher(tls=scene.plan.tls, headers=scene.plan.probe_headers) as fetcher:
        while True:
            try:
                answer = await fetcher.get(url)
            except FetchFailed as failure:
                if known:
                    scene.gap(SOURCE, str(failure))
                await ticks.wait(INTERVAL_S if known else _AGAIN_S)
                continue
            at_ns = scene.clock()
            page = await asyncio.to_thread(reader.read, answer.body)
            if not any(series.name == MARK for series in page.series):
                if not known:
                    return  # it is some other page; whose, is for others to say
                scene.gap(SOURCE, f"no {MARK} in the answer (status {answer.status})")
            else:
                known = True
                now = meter.take(page.series, at_ns)
                if now is not None:
                    scene.publish(HostSample(at_ns, now))
            await ticks.wait(INTERVAL_S)


def page_of(probe_url: str | None) -> str | None:
    """Return the page of metrics that `--probe` names, or None where it names something else."""
    if probe_url is None:
        return None
    path = urlsplit(probe_url).path.rstrip("/")
    if path.endswith(_PATH):
        return probe_url
    return None if path else f"{probe_url.rstrip('/')}{_PATH}"


class ExporterMeter:
    """Turns pages into figures; what needs two pages is kept here between them.

    Args:
        name: What to call the machine.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._before: tuple[Counters, float | None] | None = None

    def take(self, series: Iterable[Series], at_ns: int) -> HostNow | None:
        """Return the figures since the page before; None for the first one.

        Args:
            series: Every series of the page.
            at_ns: When it came.
        """
        times: dict[int, dict[str, float]] = {}
        ways: dict[str, dict[str, float]] = {"receive": {}, "transmit": {}}
        mhz: dict[int, float] = {}
        single: dict[str, float] = {}
        for name, labels, value in ((one.name, one.labels, one.value) for one in series):
            if not math.isfinite(value):
                continue
            core = labels.get("cpu", "")
            if name == MARK and core.isdigit():
                times.setdefault(int(core), {})[labels.get("mode", "")] = value
            elif name == "node_cpu_scaling_frequency_hertz" and core.isdigit():
                mhz[int(core)] = value / 1e6
            elif name in ("node_network_receive_bytes_total", "node_network_transmit_bytes_total"):
                device = labels.get("device", "")
                if not device.startswith("veth"):  # a bridge's port: counted again at the bridge
                    ways[name.split("_")[2]][device] = value
            elif not labels:
                single[name] = value
        network = {
            device: (sent, ways["transmit"].get(device, 0.0)) for device, sent in ways["receive"].items()
        }
        cores = {core: _ticks(modes) for core, modes in times.items()}
        pressure_s = single.get(_PRESSURE)
        now = Counters(at_ns, cores, network)
        before, self._before = self._before, (now, pressure_s)
        if before is None:
            return None
        in_per_s, out_per_s, loopback = network_rates(before[0], now)
        return HostNow(
            name=self._name,
            cores=tuple(
                core_now(core, before[0].cores[core], ticks, mhz.get(core))
                for core, ticks in sorted(cores.items())
                if core in before[0].cores
            ),
            memory_bytes=_whole(single.get("node_memory_MemTotal_bytes")),
            available_bytes=_whole(single.get("node_memory_MemAvailable_bytes")),
            load_1m=single.get("node_load1"),
            cpu_pressure_pct=_share(before[1], pressure_s, at_ns - before[0].at_ns),
            received_bytes_per_s=in_per_s,
            sent_bytes_per_s=out_per_s,
            loopback_bytes_per_s=loopback,
        )


def _ticks(modes: dict[str, float]) -> CoreTicks:
    return CoreTicks(
        user=modes.get("user", 0.0) + modes.get("nice", 0.0),
        system=modes.get("system", 0.0) + modes.get("irq", 0.0),
        softirq=modes.get("softirq", 0.0),
        steal=modes.get("steal", 0.0),
        idle=modes.get("idle", 0.0) + modes.get("iowait", 0.0),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _share(before_s: float | None, now_s: float | None, span_ns: int) -> float | None:
    """Return the share of the time between two pages in which a counter of seconds grew, in percent."""
    if before_s is None or now_s is None or span_ns <= 0:
        return None
    return min(100.0, max(0.0, now_s - before_s) * 1e11 / span_ns)
