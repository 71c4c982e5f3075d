from __future__ import annotations

from pathlib import Path

import pytest

from sessions import confines


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_narrowest_cgroup_counts(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/memory.max": "max\n",
            "sys/fs/cgroup/a/b/memory.max": "536870912\n",
        },
    )
    assert confines.cgroup_cpus(root) == 1.5
    assert confines.cgroup_memory_bytes(root) == 512 * 2**20


def test_version_one_has_a_tree_a_controller(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/x\n1:name=systemd:/y\n",
            "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "50000",
            "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/x/memory.limit_in_bytes": str(2**63 - 4096),
        },
    )
    assert confines.cgroup_cpus(root) == 0.5
    assert confines.cgroup_memory_bytes(root) is None


def test_in_a_container_the_mount_is_the_cgroup(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/../../host/path\n", "sys/fs/cgroup/cpu.max": "200000 100000"}
    assert confines.cgroup_cpus(tree(tmp_path, files)) == 2.0


@pytest.mark.parametrize(
    ("files", "runtime"),
    [
        ({}, ""),
        ({".dockerenv": ""}, "docker"),
        ({"run/.containerenv": ""}, "podman"),
        ({"run/systemd/container": "lxc\n"}, "lxc"),
        ({"proc/self/cgroup": "0::/kubepods/besteffort/pod1/abc\n"}, "kubernetes"),
        ({"proc/self/cgroup": "3:cpu:/docker/abc\n"}, "docker"),
        ({"proc/self/cgroup": "0::/user.slice\n"}, ""),
    ],
)
def test_a_container_is_recognised(files: dict[str, str], runtime: str, tmp_path: Path) -> None:
    assert confines.container(tree(tmp_path, files)) == runtime


@pytest.mark.parametrize(
    ("files", "hypervisor"),
    [
        ({}, ""),
        ({"sys/class/dmi/id/sys_vendor": "QEMU\n"}, "qemu"),
        ({"sys/class/dmi/id/sys_vendor": "Amazon EC2\n"}, "amazon"),
        ({"sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "sys/class/dmi/id/product_name": "m5.metal"}, ""),
        ({"sys/class/dmi/id/product_name": "VMware Virtual Platform"}, "vmware"),
        ({"sys/hypervisor/type": "xen"}, "xen"),
        ({"proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm\n"}, "unknown"),
        ({"proc/cpuinfo": "flags\t\t: fpu lahf_lm\nmodel name: hypervisor\n"}, ""),
    ],
)
def test_a_hypervisor_is_recognised(files: dict[str, str], hypervisor: str, tmp_path: Path) -> None:
    assert confines.virtual_machine(tree(tmp_path, files)) == hypervisor


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    assert confines.cgroup_cpus(tmp_path) is None
    assert confines.governor(tmp_path) == ""
    assert confines.loopback_mtu(tmp_path) is None
    tree(tmp_path, {"sys/class/net/lo/mtu": "65536\n"})
    assert confines.loopback_mtu(tmp_path) == 65536
