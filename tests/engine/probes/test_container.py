from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from engine.machine import ContainerNow
from engine.plan import Plan
from engine.probes import container
from engine.probes.base import ContainerSample, Held
from engine.probes.container import ContainerMeter
from engine.probes.scene import Scene
from tests.engine.probes.fake_tree import SECOND, Clock, Tree
from tests.engine.probes.heard import Heard, one_source

V2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"


def limited(tree: Tree, periods: int, throttled: int, throttled_us: int) -> None:
    tree.write("proc/self/mountinfo", V2)
    tree.write("proc/7/cgroup", "0::/box\n")
    tree.write("sys/fs/cgroup/box/cpu.max", "50000 100000\n")
    tree.write(
        "sys/fs/cgroup/box/cpu.stat",
        f"nr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec {throttled_us}\n",
    )


def test_each_interval_that_was_held_is_told_with_its_time(tmp_path: Path) -> None:
    tree, clock = Tree(tmp_path), Clock()
    limited(tree, 100, 10, 5000)
    tree.write("sys/fs/cgroup/box/memory.current", "100\n")
    tree.write("sys/fs/cgroup/box/memory.max", "200\n")
    meter = ContainerMeter(7, clock, tree.root)
    first = meter.read()
    assert first is not None and first.held == ()
    assert meter.has_quota
    start = clock.now
    for periods, throttled, microseconds in ((102, 10, 5000), (105, 12, 9000), (107, 12, 9000)):
        clock.now += SECOND // 4
        limited(tree, periods, throttled, microseconds)
        meter.glance()
    clock.now += SECOND // 4
    limited(tree, 110, 13, 9500)
    sample = meter.read()
    assert sample is not None
    assert sample.container == ContainerNow(
        version="v2",
        cpu_limit=0.5,
        throttled_share=0.3,
        throttled_per_s=3.0,
        memory_bytes=100,
        memory_limit_bytes=200,
    )
    assert sample.held == (
        Held(start + SECOND // 4, start + SECOND // 2, 4_000_000, 2),
        Held(start + 3 * SECOND // 4, start + SECOND, 500_000, 1),
    )
    clock.now += SECOND
    again = meter.read()
    assert again is not None and again.held == () and again.container.throttled_share == 0.0


def test_a_group_without_limits_says_so(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.write("proc/self/mountinfo", V2)
    tree.write("proc/7/cgroup", "0::/user.slice\n")
    meter = ContainerMeter(7, Clock(), tree.root)
    sample = meter.read()
    assert sample is not None and sample.container == ContainerNow(version="v2")
    assert not meter.has_quota


def test_the_topmost_group_is_no_container(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert ContainerMeter(7, Clock(), tree.root).read() is None  # no groups at all
    tree.write("proc/self/mountinfo", V2)
    tree.write("proc/7/cgroup", "0::/\n")
    assert ContainerMeter(7, Clock(), tree.root).read() is None
    # but for one who sees nothing above its own, it is
    tree.write("sys/fs/cgroup/cpu.max", "100000 100000\n")
    sample = ContainerMeter(7, Clock(), tree.root).read()
    assert sample is not None and sample.container.cpu_limit == 1.0


def test_a_process_that_is_moved_is_followed_without_counts_of_both_groups(tmp_path: Path) -> None:
    tree, clock = Tree(tmp_path), Clock()
    limited(tree, 100, 10, 5000)
    meter = ContainerMeter(7, clock, tree.root)
    meter.read()
    tree.write("proc/7/cgroup", "0::/other\n")
    tree.write("sys/fs/cgroup/other/cpu.max", "100000 100000\n")
    tree.write("sys/fs/cgroup/other/cpu.stat", "nr_periods 900\nnr_throttled 800\nthrottled_usec 70000\n")
    clock.now += SECOND
    sample = meter.read()
    assert sample is not None
    assert (sample.container.cpu_limit, sample.held) == (1.0, ())


def _home() -> str | None:
    """Return the folder of CPU groups that this process may make one in, or None."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            place, _, kind = line.partition(" - ")
            words = kind.split()
            folder = place.split()[4]
            if words[0] == "cgroup" and "cpu" in words[2].split(",") and os.access(folder, os.W_OK):
                return folder
            if words[0] == "cgroup2" and os.access(f"{folder}/cgroup.subtree_control", os.W_OK):
                with open(f"{folder}/cgroup.subtree_control", encoding="utf-8") as controllers:
                    if "cpu" in controllers.read().split():
                        return folder
    return None


@pytest.fixture
def group() -> Iterator[Path]:
    home = _home()
    if home is None:
        pytest.skip("this user may make no control group with a CPU quota here")
    folder = Path(home) / f"loadtop-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error}")
    try:
        if (folder / "cpu.max").exists():
            (folder / "cpu.max").write_text("20000 100000")
        else:
            (folder / "cpu.cfs_quota_us").write_text("20000")
        yield folder
    finally:
        deadline = time.monotonic() + 10
        while folder.exists() and time.monotonic() < deadline:
            with suppress(OSError):  # busy until the kernel has buried its last process
                folder.rmdir()
            time.sleep(0.01)


@pytest.mark.live
def test_a_quota_that_really_holds_a_process_is_seen(group: Path) -> None:
    async def check(pid: int) -> None:
        heard = Heard()
        scene = Scene(Plan(url="http://127.0.0.1:1/", pid=pid), ("127.0.0.1", 1), heard, time.monotonic_ns)
        scene.process = psutil.Process(pid)
        async with one_source(container.watch, scene, heard):
            await heard.until(lambda: any(sample.held for sample in heard.of(ContainerSample)))
        told = next(sample for sample in heard.of(ContainerSample) if sample.held)
        assert told.container.cpu_limit == pytest.approx(0.2)
        assert told.container.throttled_share is not None and 0 < told.container.throttled_share <= 1
        assert all(held.end_ns > held.start_ns and held.periods >= 0 for held in told.held)
        assert sum(held.held_ns for held in told.held) > 0

    # two spinning processes: a machine that is busy with others still gives them more than a fifth of a core
    with subprocess.Popen(
        [sys.executable, "-c", "import os; os.fork()\nwhile True: pass"], start_new_session=True
    ) as busy:
        try:
            (group / "cgroup.procs").write_text(str(busy.pid))
            asyncio.run(check(busy.pid))
        finally:
            os.killpg(busy.pid, 9)
