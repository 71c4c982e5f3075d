from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.machine import CoreNow, HostNow
from engine.plan import Plan
from engine.probes import node_exporter
from engine.probes.base import HostSample
from engine.probes.node_exporter import ExporterMeter, page_of
from engine.probes.prometheus import parse
from engine.probes.scene import Scene
from tests.engine.probes.fake_tree import SECOND
from tests.engine.probes.heard import Heard, one_source
from tests.targets.scripted import answering, scripted


def page(user: float, idle: float, received: float = 0.0) -> bytes:
    """Return what a node_exporter 1.8 of a machine with one core answers, cut to what is read."""
    return f"""# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{{cpu="0",mode="idle"}} {idle}
node_cpu_seconds_total{{cpu="0",mode="iowait"}} 0
node_cpu_seconds_total{{cpu="0",mode="irq"}} {user / 10}
node_cpu_seconds_total{{cpu="0",mode="nice"}} 0
node_cpu_seconds_total{{cpu="0",mode="softirq"}} {user / 5}
node_cpu_seconds_total{{cpu="0",mode="steal"}} {user / 2}
node_cpu_seconds_total{{cpu="0",mode="system"}} {user / 10}
node_cpu_seconds_total{{cpu="0",mode="user"}} {user}
node_cpu_guest_seconds_total{{cpu="0",mode="user"}} 77
node_cpu_scaling_frequency_hertz{{cpu="0"}} 3.4e+09
node_load1 1.5
node_memory_MemAvailable_bytes 4.0e+09
node_memory_MemTotal_bytes 8.0e+09
node_network_receive_bytes_total{{device="eth0"}} {received}
node_network_receive_bytes_total{{device="lo"}} 5
node_network_receive_bytes_total{{device="veth12"}} {received}
node_network_transmit_bytes_total{{device="eth0"}} {2 * received}
node_network_transmit_bytes_total{{device="lo"}} 5
node_pressure_cpu_waiting_seconds_total {user}
node_filefd_allocated NaN
""".encode()


def answer(body: bytes, status: int = 200) -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def test_two_pages_make_a_machine() -> None:
    meter = ExporterMeter("far:9100")
    assert meter.take(parse(page(10.0, 100.0, 1000.0)), SECOND) is None
    now = meter.take(parse(page(11.0, 102.1, 5000.0)), 5 * SECOND)
    assert now is not None
    (core,) = now.cores
    shares = (core.user_pct, core.system_pct, core.softirq_pct, core.steal_pct)
    assert shares == pytest.approx((25.0, 5.0, 5.0, 12.5))
    assert (core.number, core.mhz) == (0, 3400.0)
    assert replace(now, cores=()) == HostNow(
        name="far:9100",
        cores=(),
        memory_bytes=8_000_000_000,
        available_bytes=4_000_000_000,
        load_1m=1.5,
        cpu_pressure_pct=25.0,
        received_bytes_per_s=1000.0,
        sent_bytes_per_s=2000.0,
        loopback_bytes_per_s=0.0,
    )


def test_figures_that_are_no_numbers_are_unknown() -> None:
    meter = ExporterMeter("far:9100")
    text = b'node_cpu_seconds_total{cpu="0",mode="user"} 1\nnode_load1 NaN\nnode_memory_MemTotal_bytes +Inf\n'
    meter.take(parse(text), 0)
    now = meter.take(parse(text), SECOND)
    assert now == HostNow(name="far:9100", cores=(CoreNow(0),))


@pytest.mark.parametrize(
    ("probe", "url"),
    [
        (None, None),
        ("http://far:9100", "http://far:9100/metrics"),
        ("http://far:9100/", "http://far:9100/metrics"),
        ("http://far:9100/metrics", "http://far:9100/metrics"),
        ("http://far/node/metrics", "http://far/node/metrics"),
        ("http://far:6060/debug/pprof", None),
        ("http://far:6060/debug/vars", None),
    ],
)
def test_which_page_may_be_a_node_exporters(probe: str | None, url: str | None) -> None:
    assert page_of(probe) == url


@pytest.mark.live
def test_another_machine_is_watched_by_its_page() -> None:
    async def run() -> None:
        pages = [answer(page(10.0, 100.0)), answer(b"busy", 503), answer(page(12.0, 101.0))]
        async with scripted(answering(*pages)) as port:
            await watched(port, lambda heard: heard.of(HostSample))

    async def watched(port: int, true: Callable[[Heard], object]) -> None:
        heard = Heard()
        plan = Plan(url="http://192.0.2.1/", probe_url=f"http://127.0.0.1:{port}/metrics")
        scene = Scene(plan, ("192.0.2.1", 80), heard, time.monotonic_ns)
        async with one_source(node_exporter.watch, scene, heard):
            await heard.until(lambda: true(heard))
        assert heard.of(HostSample)[0].host.name == f"127.0.0.1:{port}"
        assert heard.reasons == ["no node_cpu_seconds_total in the answer (status 503)"]

    asyncio.run(run())


@pytest.mark.live
def test_a_page_of_something_else_is_left_to_others() -> None:
    async def run() -> None:
        async with scripted(answering(answer(b"go_goroutines 7\n"))) as port:
            heard = Heard()
            plan = Plan(url="http://192.0.2.1/", probe_url=f"http://127.0.0.1:{port}/metrics")
            await asyncio.wait_for(
                node_exporter.watch(Scene(plan, ("192.0.2.1", 80), heard, time.monotonic_ns)), 20
            )
            assert heard.samples == []

    asyncio.run(run())
