"""What a figure depends on beside the target: this machine, and the versions of what measured."""

from __future__ import annotations

import os
import platform
import resource
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil

from engine.version import __version__
from sessions import confines
from sessions.model import Generator, Tool

PACKAGES: Final = ("uvloop", "httptools", "httpx", "numpy", "hdrhistogram", "msgspec", "psutil", "textual")
"""Those whose version can move a figure, or the look of the console."""


@cache
def tool() -> Tool:
    """Return what measures: versions of loadtop, Python and the packages."""
    return Tool(version=__version__, python=platform.python_version(), packages=_versions())


@cache
def generator() -> Generator:
    """Return what this machine is."""
    return Generator(
        cpu=_cpu_model(),
        cores=os.cpu_count() or 0,
        usable_cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        memory_bytes=psutil.virtual_memory().total,
        kernel=f"{platform.system()} {platform.release()}".strip(),
        governor=confines.governor(),
        container=confines.container(),
        vm=confines.virtual_machine(),
        cgroup_cpus=confines.cgroup_cpus(),
        cgroup_memory_bytes=confines.cgroup_memory_bytes(),
        loopback_mtu=confines.loopback_mtu(),
        ulimit_nofile=_open_files(),
    )


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    # x86 says "model name"; ARM boards say "Model", others nothing but the architecture.
    for wanted in ("model name", "Model", "Hardware", "cpu model"):
        for line in lines:
            key, _, value = line.partition(":")
            if key.strip() == wanted and value.strip():
                return value.strip()
    return platform.processor() or platform.machine()


def _open_files() -> int | None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
