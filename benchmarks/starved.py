"""V12: a generator that is starved has to say so within five seconds, and one with a slow target never.

Every case is a run of loadtop's own engine in this process, against a server on the other core.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final

from benchmarks import table
from benchmarks.machine import Cores
from benchmarks.runs import begun, open_loop
from benchmarks.servers import pinned_oracle, served
from engine.plan import Load, Plan
from engine.run import Run

LOOK_S: Final = 0.05
IN_TIME_S: Final = 5.0

Mishap = Callable[[Run, int], AbstractContextManager[None]]
"""Makes something happen to a run, whose workers are on a core, for as long as its block lasts."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to be, or not to be, starved.

    Attributes:
        name: What is done.
        path: What the oracle is asked for; None for the C server, which is as fast as can be.
        load: The load.
        mishap: What befalls the generator, once the load is there.
        ours: Whether it is the generator's fault.
    """

    name: str
    path: str | None
    load: Load
    mishap: Mishap
    ours: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run said.

    Attributes:
        after_s: How long after the mishap the verdict came; None where it did not come.
        gone_s: How long after the end of the mishap it went again; None where it stayed, or never came.
        reason: Why, in its words.
    """

    after_s: float | None
    gone_s: float | None
    reason: str


def nothing(_: Run, __: int) -> AbstractContextManager[None]:
    """Leave it alone."""
    return nullcontext()


@contextmanager
def hog(_: Run, core: int) -> Iterator[None]:
    """Have another process want the workers' core all of the time."""
    with subprocess.Popen(
        ["taskset", "-c", str(core), sys.executable, "-c", "while True: pass"], stdin=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def stopped(run: Run, _: int) -> Iterator[None]:
    """Stop every worker for 200 ms, once."""
    pids = run.workers
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    sleep(0.2)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    yield


@contextmanager
def stopped_often(run: Run, _: int) -> Iterator[None]:
    """Stop every worker for 20 ms, ten times a second."""
    done = threading.Event()

    def stop() -> None:
        while not done.wait(0.08):
            for pid in run.workers:
                os.kill(pid, signal.SIGSTOP)
            sleep(0.02)
            for pid in run.workers:
                os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


CASES: Final = (
    Case("rate beyond what a worker can send", None, open_loop(2e6), nothing, ours=True),
    Case("closed loop, as fast as a worker can", None, Load(concurrency=256), nothing, ours=True),
    Case("CPU hog on its core, closed loop", None, Load(concurrency=64), hog, ours=True),
    Case("CPU hog on its core, 2 000/s", "/delay?ms=1", open_loop(2000), hog, ours=True),
    Case("CPU hog on its core, 40 000/s", None, open_loop(40_000), hog, ours=True),
    Case("stopped for 200 ms once, closed loop", "/delay?ms=5", Load(concurrency=32), stopped, ours=True),
    Case("stopped for 200 ms once, 2 000/s", "/delay?ms=5", open_loop(2000), stopped, ours=True),
    Case("stopped for 20 ms ten times a second", "/delay?ms=5", open_loop(2000), stopped_often, ours=True),
    Case("slow target, closed loop", "/delay?ms=50", Load(concurrency=64), nothing, ours=False),
    Case("slow target, 500/s", "/delay?ms=50", open_loop(500), nothing, ours=False),
    Case("target that is overloaded", "/queue?ms=2&law=exponential", open_loop(800), nothing, ours=False),
    Case("target that stands still", "/queue?ms=0.2&stall_at=2&stall=1", open_loop(1000), nothing, ours=False),
    Case(
        "too few connections for a slow target",
        "/delay?ms=50",
        open_loop(500, connections=8),
        nothing,
        ours=False,
    ),
)


def measure(*, seconds: float, mine: Cores) -> None:
    """Print what each case made the generator say of itself."""
    rows = []
    for case in CASES:
        outcome = tried(case, seconds=seconds, core=mine.client, server_core=mine.server)
        came = outcome.after_s is not None
        right = (came and (outcome.after_s or 0.0) <= IN_TIME_S) if case.ours else not came
        rows.append(
            (
                case.name,
                "CLIENT-BOUND" if case.ours else "never",
                f"after {outcome.after_s:.1f} s" if outcome.after_s is not None else "never",
                f"{outcome.gone_s:.1f} s" if outcome.gone_s is not None else "",
                "yes" if right else "NO",
                outcome.reason,
            )
        )
    heads = ("case", "has to say CLIENT-BOUND", "did", "gone after", "right", "because")
    print(table.render(heads, rows))


def tried(case: Case, *, seconds: float, core: int, server_core: int, warm_s: float = 2.0) -> Outcome:
    """Run one case; the mishap begins after `warm_s` and lasts for `seconds`."""
    if case.path is None:
        with served("tiny", body=4, tls=False, core=server_core) as server:
            return _outcome(case, server.url, seconds, core, warm_s)
    with pinned_oracle(server_core) as oracle:
        return _outcome(case, oracle.url + case.path, seconds, core, warm_s)


def _outcome(case: Case, url: str, seconds: float, core: int, warm_s: float) -> Outcome:
    plan = Plan(url=url, load=case.load, cpus=(core,), probing=False)
    run = begun(plan)
    try:
        befalls = case.mishap is not nothing
        if befalls:
            sleep(warm_s)
        began = monotonic()
        with case.mishap(run, core):
            after_s, reason = _until_bound(run, began, seconds)
        over = monotonic()
        gone_s = None
        if befalls and after_s is not None:
            while gone_s is None and monotonic() - over < 2 * IN_TIME_S:
                sleep(LOOK_S)
                if not _bound(run):
                    gone_s = monotonic() - over
        return Outcome(after_s, gone_s, reason)
    finally:
        run.stop(0.1)
        run.finished.wait()


def _until_bound(run: Run, began: float, seconds: float) -> tuple[float | None, str]:
    while monotonic() - began < seconds:
        reason = _bound(run)
        if reason:
            return monotonic() - began, reason
        sleep(LOOK_S)
    return None, ""


def _bound(run: Run) -> str:
    """Return why the run is CLIENT-BOUND now; "" where it is not."""
    segment = run.latest().segment
    if segment is None or segment.client.verdict != "client-bound":
        return ""
    return segment.client.reasons[0] if segment.client.reasons else "?"
