from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.probes.go_process import gomaxprocs_of

ME = os.getpid()


def tree(root: Path, cgroup: str, files: dict[str, str]) -> Path:
    """Make a /proc and a /sys/fs/cgroup."""
    (root / f"proc/{ME}").mkdir(parents=True)
    (root / f"proc/{ME}/cgroup").write_text(cgroup)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux says which cores")
@pytest.mark.parametrize(
    ("version", "cgroup", "files", "known"),
    [
        ("go1.24.3", "0::/a/b\n", {"a/cpu.max": "100000 100000\n"}, True),
        ("go1.25.0", "0::/a/b\n", {"a/b/cpu.max": "max 100000\n"}, True),
        ("go1.26.8", "0::/a/b\n", {"a/cpu.max": "100000 100000\n", "a/b/cpu.max": "max 100000\n"}, False),
        ("go1.26.8", "3:cpu,cpuacct:/x\n0::/\n", {"cpu/x/cpu.cfs_quota_us": "-1\n"}, True),
        ("go1.26.8", "3:cpu,cpuacct:/x\n0::/\n", {"cpu/x/cpu.cfs_quota_us": "50000\n"}, False),
        ("go1.26.8", "2:memory:/x\n", {}, True),
        ("python 3.11", "0::/\n", {}, False),
        ("", "0::/\n", {}, False),
    ],
)
def test_without_a_limit_it_is_the_cores_that_the_process_may_run_on(
    tmp_path: Path, version: str, cgroup: str, files: dict[str, str], known: bool
) -> None:
    told = gomaxprocs_of(ME, version, root=tree(tmp_path, cgroup, files))
    assert told == (len(os.sched_getaffinity(ME)) if known else None)


def test_a_process_that_is_gone_says_nothing() -> None:
    assert gomaxprocs_of(2**22 + 1, "go1.24.0") is None
