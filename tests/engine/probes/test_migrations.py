from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.probes import migrations, procfs
from engine.probes.migrations import MoveCounter, NotCounted
from tests.engine.probes.fake_tree import Tree

EVENT = "sys/kernel/tracing/events/sched/sched_migrate_task/id"


def test_without_tracefs_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotCounted, match="no tracefs"):
        MoveCounter(str(tmp_path))


def test_in_another_name_space_numbers_would_be_others(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.write(EVENT, "371\n")
    tree.write("proc/self/ns/pid", "")
    with pytest.raises(NotCounted, match="name space"):
        MoveCounter(tree.root)


def test_what_the_kernel_refuses_is_told_and_nothing_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = Tree(tmp_path)
    tree.write("sys/kernel/debug/tracing/events/sched/sched_migrate_task/id", "371\n")
    tree.write("proc/self/ns/pid", "")
    tree.write("proc/stat", "cpu0 1 1 1 1\ncpu1 1 1 1 1\n")
    monkeypatch.setattr(migrations, "_INITIAL_PID_NAMESPACE", os.stat(tmp_path / "proc/self/ns/pid").st_ino)
    opened = [os.open("/dev/null", os.O_RDONLY)]

    def refusing(event: int, core: int) -> int:
        assert event == 371
        if core == 0:
            return opened[0]
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(migrations, "_open", refusing)
    with pytest.raises(NotCounted, match="perf_event_open: Permission denied"):
        MoveCounter(tree.root)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def test_more_threads_than_a_filter_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = MoveCounter.__new__(MoveCounter)
    counter._files, counter._filter = [], b""
    with pytest.raises(NotCounted, match="more threads"):
        counter.follow(range(100_000, 100_600))


MOVED = """
import os, sys
for _ in range(20):
    for core in (0, 1):
        os.sched_setaffinity(0, {core})
"""


@pytest.mark.live
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="a thread cannot move on one core")
def test_moves_that_are_made_are_counted() -> None:
    try:
        counter = MoveCounter()
    except NotCounted as why:
        pytest.skip(f"the tracepoint cannot be used here: {why}")
    if not {0, 1} <= set(os.sched_getaffinity(0)):
        pytest.skip("cores 0 and 1 are not both ours")
    try:
        with subprocess.Popen(
            [sys.executable, "-c", f"input()\n{MOVED}\nprint('done', flush=True)\ninput()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdin is not None and child.stdout is not None
            counter.follow([child.pid])
            before = counter.read()
            kernels = procfs.switches(f"/proc/{child.pid}/task/{child.pid}")
            child.stdin.write("\n")
            child.stdin.flush()
            assert child.stdout.readline().strip() == "done"
            counted = counter.read() - before
            after = procfs.switches(f"/proc/{child.pid}/task/{child.pid}")
            child.kill()
        assert counted >= 39
        if kernels is not None and after is not None and kernels.migrations is not None:
            # between the three reads it may have moved once more
            assert abs((after.migrations or 0) - kernels.migrations - counted) <= 2
    finally:
        counter.close()
