from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import psutil
import pytest

from engine.plan import Plan
from engine.probes.base import Found, Gap, HostSample, Sample
from engine.probes.host import watch as watch_host
from engine.probes.scene import Scene, is_alive, next_tick
from tests.engine.probes.heard import Heard, one_source

PLAN = Plan(url="http://127.0.0.1:1/")
SECOND = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 5 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.mark.parametrize(
    ("due", "now", "expected"),
    [
        (100, 100, 110),
        (100, 103, 110),
        (100, 109, 110),
        (100, 110, 120),
        (100, 137, 140),  # three ticks were missed: they are gone, not owed
        (100, 90, 110),
    ],
)
def test_a_late_look_costs_ticks_and_never_queues_them(due: int, now: int, expected: int) -> None:
    assert next_tick(due, now, 10) == expected


def test_what_is_known_is_told_when_it_changes() -> None:
    heard: list[Sample] = []
    scene = Scene(PLAN, ("127.0.0.1", 1), heard.append, Clock())
    scene.tell(same_host=True)
    scene.tell(same_host=True)
    scene.tell(probe="somewhere")
    targets = [sample.target for sample in heard if isinstance(sample, Found)]
    assert [(target.same_host, target.probe) for target in targets] == [(True, ""), (True, "somewhere")]


def test_a_restart_that_two_sources_see_is_told_once() -> None:
    heard: list[Sample] = []
    clock = Clock()
    scene = Scene(PLAN, ("127.0.0.1", 1), heard.append, clock)
    scene.tell(restarted=True)
    clock.now += SECOND
    scene.tell(pid=12, restarted=True)
    clock.now += 60 * SECOND
    scene.tell(restarted=True)
    assert [sample.restarted for sample in heard if isinstance(sample, Found)] == [True, False, True]


def test_a_dead_process_is_told_no_more() -> None:
    heard: list[Sample] = []
    scene = Scene(PLAN, ("127.0.0.1", 1), heard.append, Clock())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        scene.process = psutil.Process(process.pid)
        life = scene.life()
        assert life is not None and life.pid == process.pid
        scene.tell(pid=process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(scene.process)  # a zombie now
        assert scene.life() is None
        scene.tell(probe="gone")
    pids = [sample.target.pid for sample in heard if isinstance(sample, Found)]
    assert pids == [process.pid, None]


def test_a_gap_names_its_source() -> None:
    heard: list[Sample] = []
    Scene(PLAN, ("127.0.0.1", 1), heard.append, Clock()).gap("process", "gone")
    assert heard == [Gap(5 * SECOND, "process", "gone")]


def test_the_host_is_looked_at_once_a_second() -> None:
    async def check() -> None:
        heard = Heard()
        scene = Scene(PLAN, ("127.0.0.1", 1), heard, time.monotonic_ns)
        async with one_source(watch_host, scene, heard):
            await heard.until(lambda: len(heard.of(HostSample)) == 2)
        first, second = heard.of(HostSample)
        assert len(first.host.cores) == psutil.cpu_count()
        assert all(0 <= share <= 100.001 for share in first.host.busy_pct)
        assert second.at_ns - first.at_ns > SECOND // 10

    asyncio.run(check())
