from __future__ import annotations

from pathlib import Path

import pytest

from engine.machine import CoreNow
from engine.probes.host import HostMeter, core_now
from engine.probes.procfs import CoreTicks
from tests.engine.probes.fake_tree import SECOND, Clock, Tree

MEMINFO = "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n"


def network(received: int, sent: int, loopback: int) -> str:
    return (
        f"Inter-|  Receive\n face |bytes\n    lo: {loopback} 0 0 0 0 0 0 0 {loopback} 0 0 0 0 0 0 0\n"
        f"  eth0:{received} 0 0 0 0 0 0 0 {sent} 0 0 0 0 0 0 0\n"
    )


def test_a_machine_is_read_between_two_looks(tmp_path: Path) -> None:
    tree, clock = Tree(tmp_path), Clock()
    tree.write("proc/stat", "cpu0 100 0 100 100 0 0 100 100 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n")
    tree.write("proc/net/dev", network(1000, 2000, 50))
    tree.write("proc/meminfo", MEMINFO)
    tree.write("proc/loadavg", "1.25 2.00 3.00 1/100 7\n")
    tree.write(
        "proc/pressure/cpu", "some avg10=12.50 avg60=1.00 avg300=0.00 total=99\nfull avg10=0.00 total=0\n"
    )
    tree.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "3400000\n")
    meter = HostMeter(clock, tree.root)
    assert meter.read() is None
    clock.now += 2 * SECOND
    tree.write(
        "proc/stat",
        "cpu0 140 0 130 120 0 0 107 103 0 0\ncpu1 0 0 0 100 0 0 0 0 0 0\ncpu2 1 1 1 1 0 0 0 0 0 0\n",
    )
    tree.write("proc/net/dev", network(5000, 2600, 250))
    now = meter.read()
    assert now is not None
    # a core that came on line meanwhile has nothing to be compared with
    assert now.cores == (CoreNow(0, 40.0, 30.0, 7.0, 3.0, mhz=3400.0), CoreNow(1))
    assert now.busy_pct == (80.0, 0.0)
    assert (now.memory_bytes, now.available_bytes) == (1000 * 1024, 400 * 1024)
    assert (now.load_1m, now.cpu_pressure_pct) == (1.25, 12.5)
    assert (now.received_bytes_per_s, now.sent_bytes_per_s, now.loopback_bytes_per_s) == (2000.0, 300.0, 100.0)


def test_what_the_kernel_does_not_tell_is_unknown_and_not_zero(tmp_path: Path) -> None:
    tree, clock = Tree(tmp_path), Clock()
    tree.write("proc/stat", "cpu0 1 1 1 1\n")
    meter = HostMeter(clock, tree.root)
    meter.read()
    clock.now += SECOND
    now = meter.read()
    assert now is not None
    assert now.available_bytes is now.load_1m is now.cpu_pressure_pct is now.received_bytes_per_s is None
    assert now.cores[0].mhz is None


def test_idle_time_that_steps_back_is_no_negative_share() -> None:
    before = CoreTicks(user=100, system=0, softirq=0, steal=0, idle=500)
    now = CoreTicks(user=150, system=0, softirq=0, steal=0, idle=499)
    assert core_now(0, before, now).busy_pct == pytest.approx(100.0)
    assert core_now(0, before, before).busy_pct == 0.0
