from __future__ import annotations

from pathlib import Path

import pytest

from engine.probes import cgroup
from engine.probes.cgroup import Bandwidth, groups
from tests.engine.probes.fake_tree import Tree

V2 = b"30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n22 1 0:5 / /proc rw - proc proc rw\n"
V1 = (
    b"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    b"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    b"34 31 0:31 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n"
    b"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)
HYBRID = V1 + b"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_v2_has_one_hierarchy_for_all(tree: Tree) -> None:
    tree.write("sys/fs/cgroup/a.slice/b.scope/cpu.max", "50000 100000\n")
    tree.write(
        "sys/fs/cgroup/a.slice/b.scope/cpu.stat",
        "usage_usec 9\nnr_periods 40\nnr_throttled 7\nthrottled_usec 350\nnr_bursts 0\n",
    )
    tree.write("sys/fs/cgroup/a.slice/b.scope/memory.current", "4096\n")
    tree.write("sys/fs/cgroup/a.slice/b.scope/memory.max", "max\n")
    tree.write("sys/fs/cgroup/a.slice/memory.max", "8192\n")
    tree.write("sys/fs/cgroup/a.slice/b.scope/cpuset.cpus.effective", "0-1,4\n")
    found = groups(b"0::/a.slice/b.scope\n", V2, tree.root)
    assert {name: (group.version, group.path) for name, group in found.items()} == dict.fromkeys(
        ("cpu", "memory", "cpuset"), ("v2", "a.slice/b.scope")
    )
    assert cgroup.bandwidth(found["cpu"]) == Bandwidth(0.5, 40, 7, 350_000)
    assert cgroup.memory_bytes(found["memory"]) == 4096
    assert cgroup.memory_limit_bytes(found["memory"]) == 8192  # of the group above
    assert cgroup.cpus(found["cpuset"]) == (0, 1, 4)


def test_the_tightest_quota_above_a_group_holds_for_it_with_its_own_counts(tree: Tree) -> None:
    tree.write("sys/fs/cgroup/pod/cpu.max", "100000 100000\n")
    tree.write("sys/fs/cgroup/pod/cpu.stat", "nr_periods 5\nnr_throttled 2\nthrottled_usec 1\n")
    tree.write("sys/fs/cgroup/pod/one/cpu.max", "400000 100000\n")
    tree.write("sys/fs/cgroup/pod/one/cpu.stat", "nr_periods 99\nnr_throttled 0\nthrottled_usec 0\n")
    found = groups(b"0::/pod/one\n", V2, tree.root)
    assert cgroup.bandwidth(found["cpu"]) == Bandwidth(1.0, 5, 2, 1000)


def test_v1_has_a_hierarchy_for_each_controller_and_counts_in_ns(tree: Tree) -> None:
    cpu = "sys/fs/cgroup/cpu,cpuacct/box"
    tree.write(f"{cpu}/cpu.cfs_quota_us", "150000\n")
    tree.write(f"{cpu}/cpu.cfs_period_us", "100000\n")
    tree.write(f"{cpu}/cpu.stat", "nr_periods 8\nnr_throttled 3\nthrottled_time 777\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
    tree.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    tree.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "123\n")
    tree.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    tree.write("sys/fs/cgroup/cpuset/cpuset.effective_cpus", "1\n")
    found = groups(b"4:memory:/\n3:cpuset:/\n2:cpu,cpuacct:/box\n1:name=systemd:/\n", V1, tree.root)
    assert {group.version for group in found.values()} == {"v1"}
    assert cgroup.bandwidth(found["cpu"]) == Bandwidth(1.5, 8, 3, 777)
    assert cgroup.memory_bytes(found["memory"]) == 123
    assert cgroup.memory_limit_bytes(found["memory"]) is None
    assert cgroup.cpus(found["cpuset"]) == (1,)


@pytest.mark.parametrize("order", [1, -1])
def test_hybrid_takes_each_controller_where_it_is(tree: Tree, order: int) -> None:
    lines = [b"4:memory:/m", b"3:cpuset:/", b"0::/user.slice"][::order]
    found = groups(b"\n".join(lines) + b"\n", HYBRID, tree.root)
    assert {name: (group.version, group.path) for name, group in found.items()} == {
        "memory": ("v1", "m"),
        "cpuset": ("v1", ""),
        "cpu": ("v2", "user.slice"),
    }


@pytest.mark.parametrize(
    ("membership", "mountinfo"),
    [(b"", V2), (b"0::/a\n", b""), (b"0::/a\n", b"garbage\n - \n"), (b"0::/../x\n", V2)],
)
def test_without_groups_that_can_be_seen_there_are_none(
    tree: Tree, membership: bytes, mountinfo: bytes
) -> None:
    assert groups(membership, mountinfo, tree.root) == {}


def test_in_a_container_the_mount_is_the_group(tree: Tree) -> None:
    mounted = b"41 31 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
    tree.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n")
    tree.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    for path in (b"/docker/abc", b"/"):
        found = groups(b"1:cpu:" + path + b"\n", mounted, tree.root)
        bandwidth = cgroup.bandwidth(found["cpu"])
        assert bandwidth is not None and bandwidth.cores == 2.0
    assert groups(b"1:cpu:/docker/other\n", mounted, tree.root) == {}


@pytest.mark.parametrize("text", ["max 100000\n", "", "x y\n", "0 100000\n", "1 0\n"])
def test_what_is_no_quota(tree: Tree, text: str) -> None:
    tree.write("sys/fs/cgroup/a/cpu.max", text)
    assert cgroup.bandwidth(groups(b"0::/a\n", V2, tree.root)["cpu"]) is None
