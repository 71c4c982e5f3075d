"""Where a process's control groups are, and what they allow it: cgroup v2, v1, and both at once.

A limit anywhere above a group holds for it too, so the tightest one counts. Formats: cgroups(7), and the
kernel's Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, Literal

from msgspec import Struct

from engine.probes import procfs

CONTROLLERS: Final = ("cpu", "memory", "cpuset")
_NO_LIMIT: Final = 1 << 60
"""v1 says "no memory limit" with the largest number of pages there could be."""


class Group(Struct, frozen=True):
    """The folder of one controller's group.

    Attributes:
        version: Which kind of hierarchy it is in.
        mount: The folder of the topmost group that can be seen.
        path: The group's place under it, without a slash at its ends; "" for the topmost.
    """

    version: Literal["v1", "v2"]
    mount: str
    path: str

    def folders(self) -> Iterator[str]:
        """Return the folder of the group, and of each above it."""
        place = PurePosixPath(self.path)
        for part in (place, *place.parents):
            yield f"{self.mount}/{part}".removesuffix("/.")


class Bandwidth(Struct, frozen=True):
    """A CPU quota and what came of it.

    Attributes:
        cores: The quota in cores.
        periods: Enforcement periods so far in which the group wanted to run.
        throttled: Of these, the ones that ended held.
        throttled_ns: For how long, summed over cores.
    """

    cores: float
    periods: int
    throttled: int
    throttled_ns: int


class _Mount(Struct, frozen=True):
    version: Literal["v1", "v2"]
    controllers: frozenset[str]
    root: str
    folder: str


def groups(membership: bytes, mountinfo: bytes, root: str) -> dict[str, Group]:
    """Return the groups of a process by controller; controllers that nothing is mounted for are missing.

    Args:
        membership: Its /proc/PID/cgroup.
        mountinfo: /proc/self/mountinfo: where this process sees which hierarchy.
        root: Where the mounts are under.
    """
    mounts = list(_mounts(mountinfo))
    found: dict[str, Group] = {}
    for line in membership.decode("utf-8", "replace").splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        for controller in CONTROLLERS:
            old = controller in names.split(",")
            if not (old or (names == "" and controller not in found)):
                continue
            for mount in mounts:
                fits = controller in mount.controllers if old else mount.version == "v2"
                place = _under(path, mount.root) if fits else None
                if place is not None:
                    found[controller] = Group(mount.version, root + mount.folder, place)
                    break
    return found


def bandwidth(group: Group) -> Bandwidth | None:
    """Return the tightest CPU quota over a group, with the counts of the group that has it; None for none."""
    quotas = [(cores, folder) for folder in group.folders() if (cores := _quota(group.version, folder))]
    if not quotas:
        return None
    cores, folder = min(quotas)
    fields = _pairs(procfs.read(f"{folder}/cpu.stat"))
    held_ns = fields.get("throttled_time", 1000 * fields.get("throttled_usec", 0))
    return Bandwidth(cores, fields.get("nr_periods", 0), fields.get("nr_throttled", 0), held_ns)


def memory_bytes(group: Group) -> int | None:
    """Return the memory charged to a group; None where it cannot be told, as for the topmost of all."""
    name = "memory.current" if group.version == "v2" else "memory.usage_in_bytes"
    return procfs.number(f"{next(group.folders())}/{name}")


def memory_limit_bytes(group: Group) -> int | None:
    """Return the tightest memory limit over a group, or None."""
    name = "memory.max" if group.version == "v2" else "memory.limit_in_bytes"
    limits = [procfs.number(f"{folder}/{name}") for folder in group.folders()]
    return min((limit for limit in limits if limit is not None and limit < _NO_LIMIT), default=None)


def cpus(group: Group) -> tuple[int, ...] | None:
    """Return the cores that a group may run on, or None."""
    folder = next(group.folders())
    for name in ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"):
        text = procfs.read(f"{folder}/{name}")
        if text is not None:
            return procfs.cpu_list(text.decode("ascii", "replace"))
    return None


def _quota(version: str, folder: str) -> float | None:
    """Return a group's own quota in cores, or None."""
    if version == "v2":
        quota, _, period = (procfs.read(f"{folder}/cpu.max") or b"").decode("ascii", "replace").partition(" ")
        numbers = _number(quota), _number(period)
    else:
        numbers = procfs.number(f"{folder}/cpu.cfs_quota_us"), procfs.number(f"{folder}/cpu.cfs_period_us")
    if numbers[0] is None or not numbers[1] or numbers[0] <= 0:  # "max" and -1 are no quota
        return None
    return numbers[0] / numbers[1]


def _mounts(mountinfo: bytes) -> Iterator[_Mount]:
    """Read the hierarchies from lines like `32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu`."""
    for line in mountinfo.decode("utf-8", "replace").splitlines():
        place, _, kind = line.partition(" - ")
        fields, kinds = place.split(" "), kind.split(" ")
        if len(fields) < 5 or len(kinds) < 3:
            continue
        if kinds[0] == "cgroup":
            yield _Mount("v1", frozenset(kinds[2].split(",")), fields[3], fields[4])
        elif kinds[0] == "cgroup2":
            yield _Mount("v2", frozenset(), fields[3], fields[4])


def _under(path: str, root: str) -> str | None:
    """Return a group's place under the part of the hierarchy that is mounted; None where it is outside."""
    if ".." in path.split("/"):  # above the top of our namespace
        return None
    if root == "/":
        return path.strip("/")
    if path == root or path.startswith(f"{root}/"):
        return path[len(root) :].strip("/")
    # In a container with the host's paths and its own mount, the mount is the group.
    return "" if path == "/" else None


def _pairs(data: bytes | None) -> dict[str, int]:
    """Read lines of `name number`."""
    words = (line.split() for line in (data or b"").decode("ascii", "replace").splitlines())
    return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdigit()}


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdigit() else None
