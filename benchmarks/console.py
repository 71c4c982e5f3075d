"""What the console promises of itself, each promise measured on a real terminal, and held against its bar."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import psutil

from benchmarks.machine import Cores, release
from benchmarks.servers import served
from benchmarks.table import render
from tests.tui.terminal import Terminal, terminal

SETTLE_S: Final = 12.0
"""Until then the first seconds fill the charts, and every row of them is new."""

QUIET_RATE: Final = "2000"
"""Requests a second where the console is measured: little enough that digesting them costs next to nothing."""

STALL_S: Final = 5.0
STARTS: Final = 5
FROZEN: Final = b" FROZEN "
SIZE: Final = (120, 40)
ROOT: Final = Path(__file__).parents[1]
CHILD: Final = ROOT / "tests" / "tui" / "pty_child.py"


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise.

    Attributes:
        what: In words.
        measured: The figure.
        most: What it may be at most.
        unit: Of both.
    """

    what: str
    measured: float
    most: float
    unit: str

    def row(self) -> list[str]:
        """Return the row of the table."""
        kept = "kept" if self.measured <= self.most else "NOT KEPT"
        return [self.what, f"{self.measured:.3g} {self.unit}", f"{self.most:g} {self.unit}", kept]


def console(*, seconds: int, hours: float, keys: int, mine: Cores) -> None:
    """Measure all bars and print them. Only the server keeps to a core: a console is not started on one.

    Args:
        seconds: For how long bytes and CPU are counted.
        hours: How long the simulated session is.
        keys: How many keys are timed.
        mine: Which cores are whose.
    """
    bars: list[Bar] = []
    release()
    with tempfile.TemporaryDirectory() as home, served("tiny", body=4, tls=False, core=mine.server) as target:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            os.environ[name] = home
        measures: tuple[Callable[[], list[Bar]], ...] = (
            lambda: first_paint(target.url),
            lambda: traffic(target.url, seconds, "dusk", fps=None, most_kb=25.0),
            lambda: traffic(target.url, seconds, "ansi", fps=4, most_kb=10.0),
            lambda: key_to_effect(target.url, keys),
            lambda: stall(target.url, Path(home)),
            lambda: hang_up(target.url, Path(home)),
            lambda: long_session(hours),
        )
        for measure in measures:
            done = measure()
            bars += done
            for bar in done:
                print("  ".join(bar.row()), file=sys.stderr, flush=True)
    print(f"\n### the console at {SIZE[0]}x{SIZE[1]}\n")
    print(render(["promise", "measured", "bar", ""], [bar.row() for bar in bars]))


def first_paint(url: str) -> list[Bar]:
    """Return how long it takes from the start to the first panels: the median of some starts.

    Python may keep what it compiled, as it does wherever loadtop is installed; the first start is for that.
    """
    times: list[float] = []
    for _ in range(1 + STARTS):
        began = time.monotonic()
        compiled = {"PYTHONDONTWRITEBYTECODE": ""}
        with terminal(url, "-r", QUIET_RATE, "--no-save", size=SIZE, variables=compiled) as shown:
            shown.reads_until(lambda: b"throughput" in shown.written, "the first paint")
            times.append(time.monotonic() - began)
            leave(shown)
    return [Bar(f"first paint after start, median of {STARTS}", median(times[1:]), 0.8, "s")]


def traffic(url: str, seconds: int, theme: str, *, fps: int | None, most_kb: float) -> list[Bar]:
    """Return bytes to the terminal, and CPU of the console's process, in a settled run."""
    arguments = ["-r", QUIET_RATE, "--no-save", "--theme", theme, *([] if fps is None else ["--fps", str(fps)])]
    with terminal(url, *arguments, size=SIZE) as shown:
        shown.sees("ledger", "spectrogram")
        reads_for(shown, SETTLE_S)
        process = psutil.Process(shown.pid)
        before, cpu = len(shown.written), sum(process.cpu_times()[:2])
        began = time.monotonic()
        reads_for(shown, seconds)
        span = time.monotonic() - began
        kilobytes = (len(shown.written) - before) / span / 1000
        busy = 100 * (sum(process.cpu_times()[:2]) - cpu) / span
        leave(shown)
    which = f"theme {theme} at {'the default rate' if fps is None else f'{fps} Hz'}"
    bars = [Bar(f"bytes to the terminal, {which}", kilobytes, most_kb, "KB/s")]
    return [*bars, Bar(f"CPU of the console's process, {which}", busy, 6.0, "% of a core")]


def key_to_effect(url: str, keys: int) -> list[Bar]:
    """Return how long it takes from a key to its effect at the terminal while the target is saturated.

    The effect is looked for in the bytes: an emulator in Python would take longer than the console.
    """
    times: list[float] = []
    with terminal(url, "-c", "64", "--no-save", size=SIZE) as shown:
        shown.sees("ledger", "64 open")
        shown.emulates = False
        reads_for(shown, 3.0)
        for index in range(keys):
            phase_s = 0.013 * (index % 7)  # of the console's clock
            shown.written = b""
            began = time.monotonic()
            shown.press("f")
            shown.reads_until(lambda: FROZEN in shown.written, "the effect")
            times.append(time.monotonic() - began)
            reads_for(shown, 0.2 + phase_s)
            shown.press("f")
            reads_for(shown, 0.2 + phase_s)
        leave(shown)
    return [
        Bar("key to visible effect, target saturated, p99", 1000 * quantiles(times, n=100)[-1], 150.0, "ms")
    ]


def stall(url: str, home: Path) -> list[Bar]:
    """Return what a terminal that does not read does to the console's loop, and to the load."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child = (sys.executable, str(CHILD), "stall", name, "dusk")
        with terminal(program=child, size=(200, 50), variables={"PYTHONPATH": str(ROOT)}) as shown:
            shown.reads_until(lambda: (folder / "START").exists(), "the start")
            shown.press("\x1b[?2026;2$y")  # synchronised output is the worse case: three writes a frame
            time.sleep(STALL_S)
            shown.reads_until(lambda: (folder / "END").exists(), "the end")
        gap = float(json.loads((folder / "END").read_text())["gap_s"])
    with terminal(url, "-r", QUIET_RATE, "--sessions-dir", str(home / "stall"), size=SIZE) as shown:
        shown.sees("ledger")
        reads_for(shown, 5.0)
        time.sleep(STALL_S)
        reads_for(shown, 2.0)
        leave(shown)
    session = json.loads(next((home / "stall").glob("*.json")).read_text())
    done = [
        row.get("done", 0) for row in session["seconds"] if row.get("span_s", 1.0) > 0.999 and row["t_s"] >= 1
    ]
    worst = max(abs(number / float(QUIET_RATE) - 1) for number in done)
    return [
        Bar(f"longest gap of the loop, terminal not read for {STALL_S:g} s", 1000 * gap, 100.0, "ms"),
        # five standard deviations of a Poisson count: what chance does in a dozen seconds
        Bar(
            "load meanwhile: the second furthest from what was asked",
            100 * worst,
            500 / float(QUIET_RATE) ** 0.5,
            "%",
        ),
    ]


def hang_up(url: str, home: Path) -> list[Bar]:
    """Return how long the process outlives its terminal; its session must be whole."""
    with terminal(url, "-r", QUIET_RATE, "--sessions-dir", str(home / "gone"), size=SIZE) as shown:
        shown.sees("ledger")
        reads_for(shown, 3.0)
        began = time.monotonic()
        shown.hang_up()
        shown.ends()
        took = time.monotonic() - began
    session = json.loads(next((home / "gone").glob("*.json")).read_text())
    missing = sum(kind not in [event["kind"] for event in session["events"]] for kind in ("start", "end"))
    return [
        Bar("end after the terminal is gone", took, 2.0, "s"),
        Bar("what its session lacks of begin and end", missing, 0.0, ""),
    ]


def long_session(hours: float) -> list[Bar]:
    """Return by how much memory grows from the first quarter of a simulated session to its end."""
    command = [sys.executable, "-m", "benchmarks.simulated", str(hours)]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    early, late = json.loads(said)
    return [Bar(f"growth of memory over {hours:g} h, simulated", (late - early) / 2**20, 5.0, "MB")]


def reads_for(shown: Terminal, seconds: float) -> None:
    """Read what comes, for so long."""
    until = time.monotonic() + seconds
    shown.reads_until(lambda: time.monotonic() >= until, "time passes")


def leave(shown: Terminal) -> None:
    """Quit, without waiting for answers."""
    shown.press("q", "q")
    shown.ends()
