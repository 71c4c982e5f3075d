"""What a kill costs: runs are ended by SIGKILL at random moments, and what is recovered of them is looked at.

A run is driven at a known rate against a target that answers at once, so it is known what should be there:
every second of the series until the last record, none missing and none twice.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.table import render
from sessions import store
from sessions.journal import ENDING
from sessions.model import Session
from sessions.recovery import recover_all

LOADTOP: Final = str(Path(sys.executable).with_name("loadtop"))
RATE: Final = 200
START_S: Final = 300.0
SHORTEST_S: Final = 0.2
LONGEST_S: Final = 6.0
CONNECTIONS: Final = 4
ROUNDED_S: Final = 0.002


@dataclass(frozen=True, slots=True)
class Killed:
    """One run that was killed.

    Attributes:
        lived_s: How long after its journal began.
        lost_s: From its last record to the kill.
        faults: What is wrong with the session that was recovered, in words; empty where nothing is.
    """

    lived_s: float
    lost_s: float
    faults: tuple[str, ...]


def kill_one(url: str, lives_s: float) -> Killed:
    """Start a run, kill it when its journal is that old, recover it, and look at it."""
    with tempfile.TemporaryDirectory(prefix="loadtop-kill-") as name:
        folder = Path(name)
        command = [LOADTOP, url, "--plain", "-r", str(RATE), "--arrivals", "constant", "-c", str(CONNECTIONS)]
        command += ["-d", "120s", "-w", "1", "--no-probe", "--sessions-dir", name]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            try:
                journal = _journal(folder, process)
                time.sleep(lives_s)
            finally:
                written = max((path.stat().st_mtime for path in folder.glob(f"*{ENDING}")), default=0.0)
                process.send_signal(signal.SIGKILL)
                killed = time.time()
        found = recover_all(folder)
        faults = [one.told for one in found if one.fate != "recovered"]
        paths = [one.session for one in found if one.session is not None]
        if len(paths) != 1:
            return Killed(lives_s, killed - written, (*faults, f"{len(paths)} sessions were recovered"))
        session = store.load(paths[0])
        left = sorted(path.name for path in folder.iterdir() if path != paths[0])
        faults += [f"'{one}' is left behind" for one in left if one != journal.name or journal.exists()]
        return Killed(lives_s, killed - written, (*faults, *faults_of(session)))


def faults_of(session: Session) -> list[str]:
    """Return what is wrong with a session that was recovered."""
    faults = []
    if session.state != "interrupted" or session.events[-1].kind != "recovered":
        faults.append(f"its state is {session.state}, its last event {session.events[-1].kind}")
    expected_s = 0.0
    for row in session.seconds:
        if abs(row.t_s - expected_s) > ROUNDED_S:
            faults.append(f"a row begins at {row.t_s} instead of {expected_s}")
        expected_s = row.t_s + row.span_s
    # A row is final when the requests of its second have ended, and that is known a tenth of a second later.
    longest_s = max((row.latency_s.response.max or 0.0 for row in session.segments), default=0.0)
    open_s = session.duration_s - expected_s
    if open_s > 1.5 + 2 * longest_s:
        faults.append(f"rows end at {expected_s}, the run at {session.duration_s}")
    requests = sum(row.requests for row in session.segments)
    done = sum(row.done for row in session.seconds)
    if not done <= requests <= done + RATE * (open_s + longest_s + 1):
        faults.append(f"{requests} answers in the segments, {done} in the rows")
    return faults


def measure(url: str, *, runs: int, at_once: int = 4, seed: int = 1) -> list[Killed]:
    """Kill that many runs, some at a time, at random moments of their first seconds."""
    moments = random.Random(seed)
    lives = [moments.uniform(SHORTEST_S, LONGEST_S) for _ in range(runs)]
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda lives_s: kill_one(url, lives_s), lives))


def show(killed: Sequence[Killed]) -> None:
    """Print what was lost."""
    lost = sorted(one.lost_s for one in killed)
    whole = sum(not one.faults for one in killed)
    rows = [[str(len(killed)), str(whole), f"{lost[len(lost) // 2]:.2f}", f"{lost[-1]:.2f}"]]
    print(render(["runs killed", "recovered without a fault", "lost, median s", "lost, most s"], rows))
    for one in killed:
        for fault in one.faults:
            print(f"killed after {one.lived_s:.2f} s: {fault}")


def _journal(folder: Path, process: subprocess.Popen[bytes]) -> Path:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        for path in folder.glob(f"*{ENDING}"):
            return path
        time.sleep(0.01)
    said = process.communicate()[1].decode() if process.poll() is not None else "in time"
    raise RuntimeError(f"the run did not begin a journal: {said}")
