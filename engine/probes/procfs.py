"""The kernel's files of figures, read and taken apart. Every reader takes the root they are under.

Formats: proc(5), and the kernel's Documentation/admin-guide/pm/cpufreq.rst, accounting/psi.rst and
scheduler/sched-stats.rst. A file that is not there, or says something else, is None: kernels are built without
many of these, and processes and threads vanish between two reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from msgspec import Struct

ROOT: Final = ""
"""Where `/proc` and `/sys` are under on this machine."""

_CHUNK: Final = 1 << 13  # more than all that is small; what is not takes several reads
_SWITCHES: Final = (
    ("sched", (b"nr_voluntary_switches", b"nr_involuntary_switches", b"se.nr_migrations")),
    ("status", (b"\nvoluntary_ctxt_switches", b"\nnonvoluntary_ctxt_switches")),
)
TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
"""The unit of CPU times in `stat` files."""


class CoreTicks(Struct, frozen=True):
    """Times of one core since the machine started, in any unit; guests are part of `user`."""

    user: float
    system: float
    softirq: float
    steal: float
    idle: float


class TaskStat(Struct, frozen=True):
    """What `stat` says of a process or of one thread.

    Attributes:
        minor_faults: Page faults that needed no disk; of a process: all its threads together, as for the next.
        major_faults: Page faults that did.
        cpu_s: CPU time.
        started: When it began, in ticks since the machine did: tells two bearers of one number apart.
        processor: The core it last ran on.
    """

    minor_faults: int
    major_faults: int
    cpu_s: float
    started: int
    processor: int


class Switches(Struct, frozen=True):
    """How often a thread gave up its core, had it taken away, and changed it (None where not told)."""

    voluntary: int
    involuntary: int
    migrations: int | None = None


def read(path: str) -> bytes | None:
    """Return a file's bytes, or None where it cannot be read."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        data = chunk = os.read(file, _CHUNK)
        # a short read of /proc need not be its end, but a small file comes whole
        while len(data) >= _CHUNK // 4 and chunk:
            chunk = os.read(file, _CHUNK)
            data += chunk
        return data
    except OSError:  # the process ended after the file was opened: ESRCH
        return None
    finally:
        os.close(file)


def number(path: str) -> int | None:
    """Return the one number in a file, or None."""
    data = read(path)
    with suppress(ValueError):
        return None if data is None else int(data)
    return None


def listed(path: str) -> list[int]:
    """Return the entries of a folder that are numbers, in order: processes, threads, open files."""
    try:
        return sorted(int(name) for name in os.listdir(path) if name.isdigit())
    except OSError:
        return []


def cpu_list(text: str) -> tuple[int, ...] | None:
    """Read a list of cores such as `0-3,8`; None where it is no such list."""
    cores: list[int] = []
    try:
        for part in filter(None, text.strip().split(",")):
            first, _, last = part.partition("-")
            cores.extend(range(int(first), int(last or first) + 1))
    except ValueError:
        return None
    return tuple(cores) or None


def core_ticks(root: str) -> dict[int, CoreTicks]:
    """Read the times of each core that is on line from /proc/stat."""
    found: dict[int, CoreTicks] = {}
    for line in (read(f"{root}/proc/stat") or b"").splitlines():
        words = line.split()
        if not words or not words[0].startswith(b"cpu") or not words[0][3:].isdigit():
            continue
        try:
            # old kernels have fewer columns; guest times are in user and nice already
            user, nice, system, idle, iowait, irq, softirq, steal = [*map(int, words[1:9]), *[0] * 4][:8]
        except ValueError:
            continue
        found[int(words[0][3:])] = CoreTicks(user + nice, system + irq, softirq, steal, idle + iowait)
    return found


def core_mhz(root: str, core: int) -> float | None:
    """Read a core's frequency; virtual machines mostly have none."""
    khz = number(f"{root}/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq")
    return None if not khz else khz / 1e3


def memory(root: str) -> tuple[int | None, int | None]:
    """Read how much memory there is, and how much of it is available, in bytes."""
    fields = _fields(read(f"{root}/proc/meminfo"))
    return _kib(fields.get(b"MemTotal")), _kib(fields.get(b"MemAvailable"))


def load_average(root: str) -> float | None:
    """Read the load average of the last minute."""
    with suppress(ValueError, IndexError):
        return float((read(f"{root}/proc/loadavg") or b"").split()[0])
    return None


def cpu_pressure(root: str) -> float | None:
    """Read in which share of the last ten seconds some task waited for a core, in percent (PSI)."""
    for line in (read(f"{root}/proc/pressure/cpu") or b"").splitlines():
        if line.startswith(b"some "):
            with suppress(ValueError, IndexError):
                return float(line.split(b"avg10=")[1].split()[0])
    return None


def network_bytes(root: str) -> dict[str, tuple[int, int]]:
    """Read bytes received and sent of each network interface.

    Ports of a bridge and members of a bond are left out: what passes them is counted there again.
    """
    found: dict[str, tuple[int, int]] = {}
    for line in (read(f"{root}/proc/net/dev") or b"").decode("ascii", "replace").splitlines():
        name, colon, figures = line.partition(":")
        words = figures.split()
        name = name.strip()
        if not colon or len(words) < 9 or os.path.lexists(f"{root}/sys/class/net/{name}/master"):
            continue
        with suppress(ValueError):
            found[name] = int(words[0]), int(words[8])
    return found


def task_stat(path: str) -> TaskStat | None:
    """Read a `stat` file of a process or a thread."""
    data = read(path)
    if data is None:
        return None
    try:
        # the name before the last parenthesis may hold anything; proc(5) counts fields from 1, this is the 3rd
        words = data[data.rindex(b")") + 2 :].split()
        return TaskStat(
            minor_faults=int(words[7]),
            major_faults=int(words[9]),
            cpu_s=(int(words[11]) + int(words[12])) * TICK_S,
            started=int(words[19]),
            processor=int(words[36]),
        )
    except (ValueError, IndexError):
        return None


def schedstat(file: int) -> tuple[int, int, int] | None:
    """Read a thread's time on cores and time waiting for one, in ns, and how often it was given one.

    Args:
        file: Its `schedstat`, open. Opening it anew takes four times as long as reading it.
    """
    try:
        run_ns, wait_ns, timeslices = map(int, os.pread(file, _CHUNK, 0).split())
    except (OSError, ValueError):  # ESRCH: the thread is gone
        return None
    return run_ns, wait_ns, timeslices


def switches(folder: str) -> Switches | None:
    """Read a thread's context switches and moves: from `sched`, else without moves from `status`."""
    for file, names in _SWITCHES:
        data = read(f"{folder}/{file}") or b""
        with suppress(ValueError):
            return Switches(*(_named(data, name) for name in names))
    return None


def open_files(root: str, pid: int) -> int | None:
    """Count a process's open files, connections included; None where it is another user's.

    Linux 6.2 and later tell the number as the folder's size; before, it takes a walk through all of them.
    """
    folder = f"{root}/proc/{pid}/fd"
    try:
        return os.stat(folder).st_size if _sizes_fd(root) else len(os.listdir(folder))
    except OSError:
        return None


def _sizes_fd(root: str) -> bool:
    release = (read(f"{root}/proc/sys/kernel/osrelease") or b"").decode("ascii", "replace").split(".")
    try:
        return (int(release[0]), int(release[1])) >= (6, 2)
    except (ValueError, IndexError):
        return False


def _named(data: bytes, name: bytes) -> int:
    """Return the number after a name and a colon; ValueError where there is none."""
    begin = data.index(b":", data.index(name)) + 1
    end = data.find(b"\n", begin)
    return int(data[begin : end if end >= 0 else None])


def _fields(data: bytes | None) -> dict[bytes, bytes]:
    """Read lines of `name: value`, as in status, sched and meminfo."""
    lines: Iterable[bytes] = (data or b"").splitlines()
    pairs = (line.partition(b":") for line in lines)
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _kib(value: bytes | None) -> int | None:
    try:
        return None if value is None else int(value.split()[0]) * 1024
    except (ValueError, IndexError):
        return None
