from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.plan import Plan
from engine.probes import procfs, threads
from engine.probes.base import ThreadsSample
from engine.probes.scene import Scene
from engine.probes.threads import ThreadsMeter
from tests.engine.probes.fake_tree import SECOND, Clock, Tree
from tests.engine.probes.heard import Heard, one_source

MS = 1_000_000


class Bench:
    """A fake machine and a meter on it, with two cores."""

    def __init__(self, folder: Path, *, glances: int = 256, reads: int = 64) -> None:
        self.tree = Tree(folder)
        self.clock = Clock()
        self.meter = ThreadsMeter(
            self.clock, self.tree.root, affinity=lambda tid: {0, 1}, glances=glances, reads=reads
        )

    def look(self, *family: int, after_s: float = 1.0) -> Any:
        """Let time pass and look."""
        self.clock.now += round(after_s * SECOND)
        return self.meter.read(family or (7,))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.meter.close()


def test_rates_are_of_all_threads_between_two_looks(bench: Bench) -> None:
    def at(times: int) -> None:
        bench.tree.thread(7, 7, run_ns=300 * MS * times, wait_ns=100 * MS * times, timeslices=50 * times,
                          voluntary=40 * times, involuntary=10 * times, moves=3 * times, core=0)  # fmt: skip
        bench.tree.thread(7, 8, run_ns=100 * MS * times, wait_ns=300 * MS * times, timeslices=30 * times,
                          voluntary=20 * times, involuntary=10 * times, moves=1 * times, core=1)  # fmt: skip
        bench.tree.thread(7, 9, run_ns=5, timeslices=1, voluntary=1)  # sleeps

    at(1)
    assert bench.look() is None
    at(3)
    now = bench.look(after_s=2.0)
    assert (now.threads, now.ran) == (3, 2)
    assert now.voluntary_per_s == pytest.approx(60)
    assert now.involuntary_per_s == pytest.approx(20)
    assert now.runqueue_wait_s_per_s == pytest.approx(0.4)
    assert now.runqueue_wait_pct == pytest.approx(20)  # 0.4 s a second over two threads that ran
    assert now.timeslices_per_s == pytest.approx(80)
    assert (now.migrations_per_s, now.counted_by) == (pytest.approx(4), "proc")
    assert now.affinity_stability == pytest.approx(0.05)
    assert now.cpu_s == {0: pytest.approx(0.6), 1: pytest.approx(0.2)}
    assert now.allowed == (0, 1)
    still = bench.look()
    assert (still.ran, still.voluntary_per_s, still.runqueue_wait_s_per_s, still.cpu_s) == (0, 0, 0, {})


def test_without_schedstat_waiting_is_unknown_and_timeslices_are_switches(bench: Bench) -> None:
    bench.tree.thread(7, 7, run_ns=SECOND, voluntary=10, without=("schedstat",))
    bench.look()
    bench.tree.thread(7, 7, run_ns=2 * SECOND, voluntary=40, moves=6, core=1, without=("schedstat",))
    now = bench.look()
    assert now.runqueue_wait_s_per_s is None and now.runqueue_wait_pct is None
    assert (now.timeslices_per_s, now.migrations_per_s) == (30, 6)
    assert now.cpu_s == {1: pytest.approx(1.0)}


def test_without_sched_moves_are_unknown(bench: Bench) -> None:
    bench.tree.thread(7, 7, run_ns=SECOND, timeslices=1, voluntary=10, without=("sched",))
    bench.look()
    bench.tree.thread(7, 7, run_ns=2 * SECOND, timeslices=9, voluntary=18, without=("sched",))
    now = bench.look()
    assert (now.voluntary_per_s, now.migrations_per_s, now.counted_by) == (8, None, "")
    assert now.affinity_stability is None


def test_a_thread_that_vanishes_while_it_is_read_is_left_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tid in (7, 8):
        bench.tree.thread(7, tid, run_ns=MS, timeslices=1)
    bench.look()
    for tid in (7, 8):
        bench.tree.thread(7, tid, run_ns=9 * MS, timeslices=5, voluntary=4)
    whole = procfs.schedstat

    def vanishing(file: int) -> tuple[int, int, int] | None:
        if (bench.tree.folder / "proc/7/task/8").exists():
            bench.tree.end_thread(7, 8)
        return whole(file)

    monkeypatch.setattr(procfs, "schedstat", vanishing)
    now = bench.look()
    assert now.cpu_s == {0: pytest.approx(0.008)}
    monkeypatch.undo()
    assert bench.look().threads == 1


def test_a_process_that_is_gone_has_no_threads(bench: Bench) -> None:
    bench.tree.thread(7, 7, run_ns=MS, timeslices=1)
    bench.look()
    bench.tree.end_thread(7, 7)
    assert bench.look() is None
    assert bench.look() is None


def test_a_new_thread_counts_from_its_beginning_but_a_new_process_does_not(bench: Bench) -> None:
    bench.tree.thread(7, 7)
    bench.look()
    bench.tree.thread(7, 8, run_ns=200 * MS, timeslices=20, voluntary=20, moves=2, core=1)
    bench.tree.thread(70, 70, run_ns=900 * MS, timeslices=900, voluntary=900, moves=90)
    now = bench.look(7, 70)
    assert (now.voluntary_per_s, now.timeslices_per_s, now.migrations_per_s) == (20, 20, 2)
    assert now.cpu_s == {1: pytest.approx(0.2)}


def test_the_next_bearer_of_a_number_does_not_inherit(bench: Bench) -> None:
    bench.tree.thread(7, 8, run_ns=100 * MS, timeslices=10, voluntary=10, started=100)
    bench.look()
    bench.tree.thread(7, 8, run_ns=900 * MS, timeslices=90, voluntary=90, moves=9, started=222)
    now = bench.look()
    assert now.cpu_s == {}
    assert now.voluntary_per_s is None  # nothing is known of it yet
    bench.tree.thread(7, 8, run_ns=950 * MS, timeslices=95, voluntary=95, moves=9, started=222)
    assert bench.look().voluntary_per_s == 5


def test_many_threads_are_read_in_turns_and_nothing_is_lost(tmp_path: Path) -> None:
    bench = Bench(tmp_path, glances=4, reads=2)

    def at(times: int) -> None:
        for tid in range(10):
            bench.tree.thread(7, tid, run_ns=10 * MS * times, timeslices=2 * times, voluntary=2 * times)

    at(0)
    for _ in range(6):
        bench.look()
    spent = 0.0
    for times in range(1, 13):
        at(times)
        now = bench.look()
        spent += sum(now.cpu_s.values())
    # every thread did the same all the time, so that rates of any age are right
    assert now.threads == 10
    assert now.timeslices_per_s == pytest.approx(20)
    assert now.voluntary_per_s == pytest.approx(20)
    for _ in range(12):
        spent += sum(bench.look().cpu_s.values())
    assert spent == pytest.approx(10 * 0.12)
    bench.meter.close()


def test_of_many_threads_nothing_is_said_until_half_of_them_were_seen_twice(tmp_path: Path) -> None:
    bench = Bench(tmp_path, glances=4, reads=2)
    for tid in range(16):
        bench.tree.thread(7, tid)
    bench.look()
    for _ in range(3):
        assert bench.look().runqueue_wait_pct is None
    told = []
    for look in range(1, 9):
        for tid in range(16):
            bench.tree.thread(7, tid, run_ns=10 * MS * look, wait_ns=100 * MS * look, timeslices=look)
        told.append(bench.look().runqueue_wait_pct)
    assert told[0] is None
    assert told[-1] == pytest.approx(10.0)
    bench.meter.close()


def test_files_are_kept_open_for_living_threads_only(tmp_path: Path) -> None:
    bench = Bench(tmp_path, glances=4)
    ours = Path("/proc/self/fd")
    before = len(list(ours.iterdir()))
    for tid in range(6):
        bench.tree.thread(7, tid, run_ns=MS, timeslices=1)
    for _ in range(3):
        bench.look()
    assert len(list(ours.iterdir())) == before + 4
    for tid in range(5):
        bench.tree.end_thread(7, tid)
    bench.look()
    assert len(list(ours.iterdir())) <= before + 1
    bench.meter.close()
    assert len(list(ours.iterdir())) == before


def test_a_look_reads_no_more_files_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path, glances=8, reads=4)
    for tid in range(50):
        bench.tree.thread(7, tid, run_ns=MS, timeslices=1)
    read: list[object] = []

    def counting(whole: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def call(which: object) -> Any:
            read.append(which)
            return whole(which)

        return call

    monkeypatch.setattr(procfs, "read", counting(procfs.read))
    monkeypatch.setattr(procfs, "schedstat", counting(procfs.schedstat))
    bench.look()
    assert len(read) <= 8 + 2 * 4
    read.clear()
    bench.look()
    assert len(read) <= 8 + 2 * 4


SPINNERS = """
import threading
def spin():
    while True:
        sum(range(1000))
for _ in range(2):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""


@pytest.mark.live
def test_real_threads_are_counted_as_the_kernel_counts_them() -> None:
    async def check(process: psutil.Process) -> None:
        heard = Heard()
        plan = Plan(url="http://127.0.0.1:1/", pid=process.pid)
        scene = Scene(plan, ("127.0.0.1", 1), heard, time.monotonic_ns)
        scene.process, scene.family = process, (process.pid,)
        before = process.num_ctx_switches()
        async with one_source(threads.watch, scene, heard):
            await heard.until(lambda: len(heard.of(ThreadsSample)) >= 2)
        looks = [sample.threads for sample in heard.of(ThreadsSample)]
        assert before is not None
        assert all(look.threads == 3 for look in looks)
        assert all(2 <= look.ran <= 3 for look in looks)
        assert all(look.counted_by in ("tracepoint", "proc") for look in looks)
        assert all(sum(look.cpu_s.values()) > 0 for look in looks)
        assert all(look.allowed == tuple(sorted(process.cpu_affinity())) for look in looks)
        assert all((look.voluntary_per_s or 0) + (look.involuntary_per_s or 0) > 0 for look in looks)

    with subprocess.Popen([sys.executable, "-c", SPINNERS], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline().strip() == "ready"
        try:
            asyncio.run(check(psutil.Process(child.pid)))
        finally:
            child.kill()
