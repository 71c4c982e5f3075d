from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from engine.plan import Plan
from engine.probes import process
from engine.probes.base import ProcessSample
from engine.probes.process import Meter, spent
from engine.probes.scene import Scene
from tests.engine.probes.heard import Heard

pytestmark = pytest.mark.live

# A parent that holds 40 MB and burns nothing, with a child that burns CPU until told otherwise.
PARENT = """
import os, sys
if os.fork() == 0:
    print("busy", flush=True)
    while True:
        pass
ballast = b"x" * (40 << 20)
print("ready", flush=True)
sys.stdin.read()
os.killpg(0, 9)
"""


@pytest.fixture
def family() -> Iterator[psutil.Process]:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None and parent.stdin is not None
        assert {parent.stdout.readline().strip(), parent.stdout.readline().strip()} == {"busy", "ready"}
        yield psutil.Process(parent.pid)
        parent.stdin.close()


def test_children_count_with_their_parent(family: psutil.Process) -> None:
    meter = Meter(family, time.monotonic_ns)
    assert meter.read() is None  # a baseline
    child = family.children()[0]
    burned = child.cpu_times().user
    while child.cpu_times().user < burned + 0.1:
        time.sleep(0.01)  # until the kernel has counted some; on a busy machine that takes its time
    now = meter.read()
    assert now is not None
    assert now.cpu_pct > 0
    assert now.rss_bytes > 40 << 20
    assert now.rss_peak_bytes >= now.rss_bytes
    assert now.threads == 2


def test_a_process_that_is_gone_has_no_figures() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        meter = Meter(psutil.Process(child.pid), time.monotonic_ns)
        meter.read()
        child.kill()
    assert meter.read() is None


def test_only_time_spent_before_our_eyes_counts() -> None:
    assert spent({"old": 1.0, "gone": 9.0}, {"old": 1.5, "new": 100.0}) == pytest.approx(0.5)
    assert spent({"old": 2.0}, {"old": 1.0}) == 0.0


def test_on_another_host_there_is_nothing_to_watch() -> None:
    async def check() -> None:
        heard = Heard()
        scene = Scene(Plan(url="http://192.0.2.1/"), ("192.0.2.1", 80), heard, time.monotonic_ns)
        await process.watch(scene)
        assert heard.samples == []

    asyncio.run(check())


def test_a_process_that_was_named_is_watched_wherever_the_url_points(family: psutil.Process) -> None:
    async def check() -> None:
        heard = Heard()
        plan = Plan(url="http://192.0.2.1/", pid=family.pid)
        scene = Scene(plan, ("192.0.2.1", 80), heard, time.monotonic_ns)
        task = asyncio.create_task(process.watch(scene))
        await heard.until(lambda: heard.of(ProcessSample))
        assert heard.target.pid == family.pid
        assert heard.target.runtime.startswith("python")
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(check())


def test_a_process_that_was_named_and_is_not_there_is_a_gap() -> None:
    async def check() -> None:
        heard = Heard()
        plan = Plan(url="http://192.0.2.1/", pid=2**22 + 1)
        scene = Scene(plan, ("192.0.2.1", 80), heard, time.monotonic_ns)
        task = asyncio.create_task(process.watch(scene))
        await heard.until(lambda: heard.reasons)
        assert heard.reasons == [f"no process {2**22 + 1}"]
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(check())
