"""What this machine allows: open files and ports, looked at before they run out."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final

from engine.errors import UsageError

FILES_BESIDE_CONNECTIONS: Final = 64
"""Of a worker: its pipe, its event loop, libraries, and room for connections that are just closing."""

_PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def raise_open_files() -> int:
    """Raise this process's soft limit of open files to the hard one, for it and its workers.

    Returns:
        The limit now in force.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS names a hard limit that it does not grant
            return soft
    return hard if hard != resource.RLIM_INFINITY else 1 << 30


def most_connections(workers: int) -> int:
    """Return how many connections so many workers can have open."""
    by_files = (raise_open_files() - FILES_BESIDE_CONNECTIONS) * workers
    ports = _ports()
    return max(1, by_files if ports is None else min(by_files, ports))


def check_concurrency(concurrency: int, workers: int) -> None:
    """Make sure that this many connections can be opened from here.

    Raises:
        UsageError: They cannot; says the limit and how to go past it.
    """
    files = raise_open_files()
    per_worker = -(-concurrency // workers)
    if per_worker + FILES_BESIDE_CONNECTIONS > files:
        most = (files - FILES_BESIDE_CONNECTIONS) * workers
        raise UsageError(
            f"concurrency {concurrency} is above the open-file limit: {files} files a process, so {most} "
            f"connections over {workers} worker(s); raise the hard limit (ulimit -Hn) or use fewer"
        )
    ports = _ports()
    if ports is not None and concurrency > ports:
        raise UsageError(
            f"concurrency {concurrency} is above the {ports} ports for connections to one address; "
            f"widen net.ipv4.ip_local_port_range or use fewer"
        )


def _ports() -> int | None:
    try:
        low, high = map(int, _PORT_RANGE.read_text().split())
    except (OSError, ValueError):  # not Linux, or hidden
        return None
    return high - low + 1
