from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.probes import procfs
from engine.probes.procfs import CoreTicks, Switches, cpu_list
from tests.engine.probes.fake_tree import Tree, stat


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_cores_have_their_times_by_kind(tree: Tree) -> None:
    tree.write(
        "proc/stat",
        "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 100 10 50 800 5 2 30 3 40 4\ncpu2 1 2 3 4\nintr 5\ncpux 1\ncpu3 a b\n",
    )
    assert procfs.core_ticks(tree.root) == {
        0: CoreTicks(user=110, system=52, softirq=30, steal=3, idle=805),
        2: CoreTicks(user=3, system=3, softirq=0, steal=0, idle=4),  # as before Linux 2.6
    }


def test_a_thread_whose_name_has_parentheses_and_blanks_is_read(tree: Tree) -> None:
    tree.write("proc/7/stat", stat(7, name=") R (x 1", minor=12, major=3, user=250, started=99, core=5))
    found = procfs.task_stat(f"{tree.root}/proc/7/stat")
    assert found is not None
    assert (found.minor_faults, found.major_faults, found.started, found.processor) == (12, 3, 99, 5)
    assert found.cpu_s == pytest.approx(250 * procfs.TICK_S)


@pytest.mark.parametrize("text", ["", "7 (x", "7 (x) S 1", "no process"])
def test_a_file_that_says_something_else_is_nothing(tree: Tree, text: str) -> None:
    tree.write("file", text)
    path = f"{tree.root}/file"
    assert procfs.task_stat(path) is None
    with open(path, "rb") as file:
        assert procfs.schedstat(file.fileno()) is None
    assert procfs.number(path) is None


def test_a_file_that_is_not_there_is_nothing(tree: Tree) -> None:
    root = tree.root
    assert procfs.read(f"{root}/none") is None
    assert procfs.core_ticks(root) == {}
    assert procfs.memory(root) == (None, None)
    assert procfs.load_average(root) is None
    assert procfs.cpu_pressure(root) is None
    assert procfs.network_bytes(root) == {}
    assert procfs.switches(root) is None
    assert procfs.open_files(root, 1) is None
    assert procfs.listed(root + "/proc/1/task") == []


def test_a_file_longer_than_one_read_is_whole(tree: Tree) -> None:
    tree.write("long", "x" * 100_000)
    assert procfs.read(f"{tree.root}/long") == b"x" * 100_000


def test_switches_come_from_status_where_there_is_no_sched(tree: Tree) -> None:
    tree.thread(1, 2, voluntary=5, involuntary=6, moves=7)
    assert procfs.switches(f"{tree.root}/proc/1/task/2") == Switches(5, 6, 7)
    tree.thread(1, 2, voluntary=5, involuntary=6, without=("sched",))
    assert procfs.switches(f"{tree.root}/proc/1/task/2") == Switches(5, 6, None)


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0-3,8\n", (0, 1, 2, 3, 8)), ("5", (5,)), ("", None), ("\n", None), ("a-b", None), ("1,", (1,))],
)
def test_lists_of_cores(text: str, cores: tuple[int, ...] | None) -> None:
    assert cpu_list(text) == cores


def test_what_passes_a_bridge_is_counted_once(tree: Tree) -> None:
    lines = [
        f"{name}: {n} 1 0 0 0 0 0 0 {2 * n} 1 0 0 0 0 0 0" for name, n in (("lo", 5), ("br0", 7), ("eth0", 9))
    ]
    tree.write("proc/net/dev", "Inter-|   Receive\n face |bytes packets\n" + "\n".join(lines) + "\n")
    tree.write("sys/class/net/br0/x", "")
    tree.write("sys/class/net/eth0/x", "")
    os.symlink("../br0", tree.folder / "sys/class/net/eth0/master")
    assert procfs.network_bytes(tree.root) == {"lo": (5, 10), "br0": (7, 14)}


def test_open_files_are_counted_one_by_one_before_linux_6_2(tree: Tree) -> None:
    for number in range(3):
        tree.write(f"proc/1/fd/{number}", "")
    tree.write("proc/sys/kernel/osrelease", "5.15.0-91-generic\n")
    assert procfs.open_files(tree.root, 1) == 3
    tree.write("proc/sys/kernel/osrelease", "6.18.44-fc\n")
    assert procfs.open_files(tree.root, 1) == os.stat(tree.folder / "proc/1/fd").st_size


def test_of_ourselves_the_kernel_says_the_truth() -> None:
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    before = procfs.open_files(procfs.ROOT, os.getpid())
    for file in files:
        os.close(file)
    after = procfs.open_files(procfs.ROOT, os.getpid())
    assert before is not None and after is not None
    assert before - after == 5
