"""Runs one command to its end and says what it cost: CPU time and memory of all its processes together."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final, NamedTuple

import psutil

LOOK_S: Final = 0.2
"""Between two looks at the processes; one takes about a millisecond, on the server's core."""

GRACE_S: Final = 60.0
"""How much longer than its work a command may take: start-up, opening connections, waiting for answers."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended.

    Attributes:
        code: Its exit code; negative for a signal.
        stdout: What it printed.
        stderr: The same, on the other stream.
        wall_s: From start to end.
        cpu_s: User and system time of all its processes.
        peak_bytes: Largest sum of the resident memory of its processes; shared pages count in each.
        resident: That sum over time: seconds since the start, bytes.
        waited: Seconds since the start, and for how long the processes that it started were kept waiting for
            a core until then, in seconds.
    """

    code: int
    stdout: str
    stderr: str
    wall_s: float
    cpu_s: float
    peak_bytes: int
    resident: tuple[tuple[float, int], ...]
    waited: tuple[tuple[float, float], ...]


def run(
    command: Sequence[str],
    *,
    core: int,
    work_s: float,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    terminal: int | None = None,
    on_look: Callable[[float], None] = lambda at_s: None,
) -> Ran:
    """Run a command on one core.

    Args:
        command: Program and arguments.
        core: The core that all its processes are pinned to.
        work_s: How long its work takes; it is killed when it takes a minute more than that.
        stdin: What it reads.
        environment: Its environment; None for ours.
        terminal: File descriptor of a terminal to run it on, instead of files.
        on_look: Called a few times a second with the seconds since the start.
    """
    with (
        tempfile.TemporaryFile() as source,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        source.write(stdin)
        source.seek(0)
        begun = monotonic()
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            stdin=source if terminal is None else terminal,
            stdout=out if terminal is None else terminal,
            stderr=err if terminal is None else terminal,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )
        resident: list[tuple[float, int]] = []
        waited: list[tuple[float, float]] = []
        seen_cpu_s = 0.0
        status = 0
        usage = None
        while usage is None:
            at_s = monotonic() - begun
            if at_s > work_s + GRACE_S:
                _kill(process.pid)
            look = _look(process.pid)
            if look is not None:
                resident.append((at_s, look.resident_bytes))
                waited.append((at_s, look.waited_s))
                seen_cpu_s = max(seen_cpu_s, look.cpu_s)
            on_look(at_s)
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                usage = used
            else:
                sleep(LOOK_S)
        wall_s = monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Ran(
            code=process.returncode,
            stdout=out.read().decode(errors="replace"),
            stderr=err.read().decode(errors="replace"),
            wall_s=wall_s,
            # What is waited for includes children that were waited for; a child that was left behind is not.
            cpu_s=max(usage.ru_utime + usage.ru_stime, seen_cpu_s),
            peak_bytes=max((size for _, size in resident), default=0),
            resident=tuple(resident),
            waited=tuple(waited),
        )


def reading(descriptor: int) -> threading.Thread:
    """Read a terminal's other end until it closes, as a terminal does; whoever writes must not wait."""

    def read() -> None:
        with contextlib.suppress(OSError):  # EIO: the last process on it is gone
            while os.read(descriptor, 65536):
                pass

    thread = threading.Thread(target=read, name="terminal", daemon=True)
    thread.start()
    return thread


class _Look(NamedTuple):
    """Of a process and all below it; waiting for a core is of those below it alone."""

    resident_bytes: int
    cpu_s: float
    waited_s: float


def _look(pid: int) -> _Look | None:
    """Look at a process and all below it; None once it is gone."""
    try:
        top = psutil.Process(pid)
        if top.status() == psutil.STATUS_ZOMBIE:
            return None
        family = [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return None
    size, cpu_s, waited_ns = 0, 0.0, 0
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            size += process.memory_info().rss
            cpu_s += times.user + times.system
        if process is not top:
            with contextlib.suppress(OSError):
                waited_ns += int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1])
    return _Look(size, cpu_s, waited_ns / 1e9)


def _kill(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        for process in [*top.children(recursive=True), top]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
