"""GOMAXPROCS of a Go process, as the runtime chose it when it began, where that can be told from outside.

The environment decides; without it, it is the cores that the process may run on, and from Go 1.25 on a CPU
limit of its cgroup makes it fewer. A program may set another value itself, which only its own metrics tell.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import psutil

_VERSION: Final = re.compile(r"go1\.(\d+)")
_HEEDS_LIMITS: Final = 25
_UNLIMITED: Final = ("max", "-1")


def gomaxprocs_of(pid: int, version: str, *, root: Path = Path("/")) -> int | None:
    """Return GOMAXPROCS, or None where it cannot be told.

    Args:
        pid: The process.
        version: What built it, such as "go1.26.8".
        root: Where /proc and /sys are.
    """
    number = _VERSION.match(version)
    if number is None:
        return None
    try:
        given = psutil.Process(pid).environ().get("GOMAXPROCS", "")
        if given.isdecimal() and int(given) > 0:
            return int(given)
        if int(number[1]) >= _HEEDS_LIMITS and _is_limited(pid, root):
            return None
        return len(os.sched_getaffinity(pid))
    except (OSError, AttributeError, psutil.Error):
        return None


def _is_limited(pid: int, root: Path) -> bool:
    """Whether a cgroup of the process has a CPU limit, or might have one that is not to be seen."""
    for line in (root / f"proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            folder, name = root / "sys/fs/cgroup", "cpu.max"
        elif "cpu" in controllers.split(","):
            folder, name = root / "sys/fs/cgroup" / "cpu", "cpu.cfs_quota_us"
        else:
            continue
        relative = Path(path.lstrip("/"))
        for level in (relative, *relative.parents):
            file = folder / level / name
            if file.is_file() and not file.read_text().startswith(_UNLIMITED):
                return True
    return False
