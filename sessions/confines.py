"""What holds the generator in: cgroup limits, a container, a virtual machine, the CPU's governor.

Read from files alone, so that nothing has to be installed or allowed. `root` is "/", or a copy of a system's
files in a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_V1_UNLIMITED: Final = 1 << 60  # v1 writes "no limit" as the largest multiple of a page below 2^63

_MARKERS: Final = (("docker", ".dockerenv"), ("podman", "run/.containerenv"))
_IN_CGROUP: Final = re.compile(r"(kubepods|docker|libpod|lxc|garden|machine\.slice/machine-)")
_CGROUP_NAMES: Final = {"kubepods": "kubernetes", "libpod": "podman"}

_VENDORS: Final = (
    ("amazon ec2", "amazon"),
    ("google", "google"),
    ("digitalocean", "digitalocean"),
    ("hetzner", "hetzner"),
    ("vmware", "vmware"),
    ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("microsoft corporation virtual", "hyper-v"),
    ("parallels", "parallels"),
    ("xen", "xen"),
    ("kvm", "kvm"),
    ("qemu", "qemu"),
    ("openstack", "openstack"),
)
"""As systemd-detect-virt reads /sys/class/dmi/id: what the vendor and product names contain."""


def cgroup_cpus(root: Path = Path("/")) -> float | None:
    """Return the CPU time that this process's cgroups allow, in cores; None for no limit or an unknown one."""
    quotas = []
    for group in _groups(root, "cpu"):
        quota, _, period = _read(group / "cpu.max").partition(" ")
        if not period:
            quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period):
            quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


def cgroup_memory_bytes(root: Path = Path("/")) -> int | None:
    """Return the memory that this process's cgroups allow; None for no limit or an unknown one."""
    limits = []
    for group in _groups(root, "memory"):
        text = _read(group / "memory.max") or _read(group / "memory.limit_in_bytes")
        if text.isdigit() and int(text) < _V1_UNLIMITED:
            limits.append(int(text))
    return min(limits, default=None)


def container(root: Path = Path("/")) -> str:
    """Return the runtime of the container that this process is in, or ""."""
    named = _read(root / "run/systemd/container")
    if named:
        return named
    for name, marker in _MARKERS:
        if (root / marker).exists():
            return name
    found = _IN_CGROUP.search(_read(root / "proc/self/cgroup"))
    return _CGROUP_NAMES.get(found[1], found[1].partition("/")[0]) if found else ""


def virtual_machine(root: Path = Path("/")) -> str:
    """Return the hypervisor that this machine runs on; "unknown" where only that there is one; else ""."""
    names = ("sys_vendor", "product_name", "board_vendor", "bios_vendor")
    dmi = " ".join(_read(root / "sys/class/dmi/id" / name) for name in names).lower()
    known = next((short for part, short in _VENDORS if part in dmi), "")
    if "metal" in dmi:
        return ""
    kind = known or _read(root / "sys/hypervisor/type")
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", _read(root / "proc/cpuinfo"), re.MULTILINE)
    return kind or ("unknown" if flags and " hypervisor" in flags[1] else "")


def governor(root: Path = Path("/")) -> str:
    """Return the governor that sets the CPU's clock, of the first core, or "" where none can be seen."""
    return _read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def loopback_mtu(root: Path = Path("/")) -> int | None:
    """Return the loopback interface's MTU in bytes."""
    text = _read(root / "sys/class/net/lo/mtu")
    return int(text) if text.isdigit() else None


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield this process's cgroup of a controller and all above it: each may set a limit."""
    base = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            mount = base
        elif controller in controllers.split(","):
            mount = base / controller
        else:
            continue
        group = mount / path.lstrip("/")
        if not group.is_dir():  # in a container the path is the host's, but the mount is ours
            group = mount
        yield group
        while group != mount:
            group = group.parent
            yield group


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
