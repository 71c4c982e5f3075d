"""The console on a real pseudo-terminal: how much it writes, that it never waits, that it ends.

Bytes are exact and asserted closely; times depend on the machine and have generous limits.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
DEADLINE_S = 30.0


@contextmanager
def console(
    kind: str, folder: Path, theme: str = "dusk", size: tuple[int, int] = (120, 40), **variables: str
) -> Iterator[tuple[int, int]]:
    """Start the console in a child with a terminal of its own; yield (pid, master)."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    environment["LC_ALL"] = "C.UTF-8"
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    environment.update(variables)
    pid, master = pty.fork()
    if pid == 0:
        # the size is set from within, before anything can ask for it
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        arguments = [sys.executable, str(Path(__file__).with_name("pty_child.py")), kind, str(folder), theme]
        os.execve(sys.executable, arguments, environment)
    try:
        yield pid, master
    finally:
        for end in (lambda: os.kill(pid, signal.SIGKILL), lambda: os.waitpid(pid, 0), lambda: os.close(master)):
            try:
                end()
            except OSError:
                continue


def read_some(master: int, wait_s: float) -> bytes | None:
    """Return what came within that time; None at the end."""
    if not select.select([master], [], [], wait_s)[0]:
        return b""
    try:
        return os.read(master, 65536) or None
    except OSError:
        return None


def read_until(master: int, mark: Path) -> bytes:
    """Read until a file appears; return what was read."""
    data = b""
    deadline = time.monotonic() + DEADLINE_S
    while not mark.exists():
        assert time.monotonic() < deadline, f"no {mark.name} after {DEADLINE_S} s: {data[-600:]!r}"
        some = read_some(master, 0.02)
        assert some is not None, f"it ended before {mark.name}: {data[-1500:]!r}"
        data += some
    return data


def gone(pid: int, within_s: float) -> int:
    """Wait for the child's end; return its status."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        select.select([], [], [], 0.02)
    raise AssertionError(f"still there after {within_s} s")


@pytest.mark.parametrize(("theme", "most_per_s"), [("dusk", 24_000), ("ansi", 14_000)])
def test_ten_frames_a_second_stay_within_the_budget_of_a_slow_link(
    theme: str, most_per_s: int, tmp_path: Path
) -> None:
    # measured: 15.3 and 8.1 KB/s; a naive build of the same screen writes 539 KB/s
    with console("budget", tmp_path, theme) as (_, master):
        first_paint = read_until(master, tmp_path / "START")
        live = read_until(master, tmp_path / "END")
    cost = json.loads((tmp_path / "END").read_text())
    assert b"req/s" in first_paint
    assert len(first_paint) <= 64 * 1024
    assert len(live) / cost["frames"] * 10 <= most_per_s
    assert live.count(b"ms") > cost["frames"], "nothing moved: the budget means nothing"


def test_no_color_and_the_terminals_own_colours_leave_no_colour_at_all(tmp_path: Path) -> None:
    with console("budget", tmp_path, "ansi", NO_COLOR="1") as (_, master):
        data = read_until(master, tmp_path / "START")
    codes = {code for run in re.findall(rb"\x1b\[([0-9;]*)m", data) for code in run.split(b";")}
    # bold, dim, reverse and the defaults remain: every meaning is a word besides
    assert codes <= {b"", b"0", b"1", b"2", b"7", b"39", b"49"}
    assert b" SETTLED " in data


def stalled_gap(kind: str, folder: Path) -> float:
    """Do not read the terminal for 4 s; return the longest gap of the console's event loop."""
    with console(kind, folder, size=(200, 50)) as (_, master):
        seen = read_until(master, folder / "START")
        if b"\x1b[?2026$p" in seen:
            # synchronised output is the worse case: three writes a frame
            os.write(master, b"\x1b[?2026;2$y")
        select.select([], [], [], 4.0)
        read_until(master, folder / "END")
    return float(json.loads((folder / "END").read_text())["gap_s"])


def test_a_terminal_that_does_not_read_never_holds_the_event_loop(tmp_path: Path) -> None:
    assert stalled_gap("stall", tmp_path) < 0.5


def test_without_the_guard_it_would(tmp_path: Path) -> None:
    assert stalled_gap("stall-unguarded", tmp_path) > 0.5, "the stall test proves nothing"


@pytest.mark.parametrize("kind", ["hangup", "hangup-ignored"])
def test_a_lost_terminal_saves_once_and_ends_the_process(kind: str, tmp_path: Path) -> None:
    with console(kind, tmp_path) as (pid, master):
        data = b""
        deadline = time.monotonic() + DEADLINE_S
        while b"ledger" not in data:
            assert time.monotonic() < deadline
            data += read_some(master, 0.1) or b""
        os.close(master)
        assert gone(pid, 5.0) == 129
    assert (tmp_path / "SAVED").read_text() == "saved\n"


def test_q_twice_leaves_and_gives_the_terminal_back(tmp_path: Path) -> None:
    with console("hangup", tmp_path) as (pid, master):
        data = b""
        deadline = time.monotonic() + DEADLINE_S
        for wanted, key in ((b"ledger", b"q"), (b"draining", b"q"), (b"\x1b[?1049l", b"")):
            while wanted not in data:
                assert time.monotonic() < deadline, data[-500:]
                data += read_some(master, 0.1) or b""
            os.write(master, key)
        while read_some(master, 0.1) is not None:
            assert time.monotonic() < deadline
        assert gone(pid, 5.0) == 0
    assert not (tmp_path / "SAVED").exists()
