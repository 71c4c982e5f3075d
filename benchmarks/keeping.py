"""What keeping a session costs: its file, saving and opening it, and its journal, second by second.

The run is the books' own, in virtual time: a steady target of which everything is known that a probe can tell,
whose memory wanders, requests that are independent of each other, and collections that come at an even rate. So
hours take minutes.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from msgspec.structs import replace

from benchmarks.console import Bar
from benchmarks.table import render
from benchmarks.virtual import lognormal, wander
from engine import wire
from engine.books.ledger import Ledger
from engine.books.selfcheck import OwnLook
from engine.machine import CoreNow, HostNow
from engine.plan import Load, Plan
from engine.probes.base import HostSample, ProcessSample, RuntimeSample
from engine.progress import progress
from engine.record import Record
from engine.snapshot import GcNow, ProcessNow, RunState, Target
from engine.views import record
from sessions import store
from sessions.journal import JournalFile
from sessions.journal_entries import Keep
from sessions.report import as_bytes
from sessions.session import session_of, snapshot_of

S: Final = 1_000_000_000
REQUESTS: Final = 500
"""A second. More of them cost the books more and the file nothing: a second is a row."""

MEDIAN_S: Final = 0.001
SIGMA: Final = 0.6
CORES: Final = 2
MEMORY_BYTES: Final = 150 << 20
SAVES: Final = 5
PLAN: Final = Plan(url="http://127.0.0.1:8080/", load=Load(mode="open", rate=float(REQUESTS), concurrency=64))


def measure(*, hours: float) -> None:
    """Measure without a collector, and with ten collections a second, and print."""
    rows: list[list[str]] = []
    for pauses in (0, 10):
        rows += [bar.row() for bar in kept(hours, pauses)]
    print(f"\n### keeping {hours:g} hours\n")
    print(render(["promise", "measured", "bar", ""], rows))


def kept(hours: float, pauses: int) -> list[Bar]:
    """Return what keeping a session of some hours costs, its target collecting so often a second."""
    ledger = Ledger(0, timeout_s=10.0, target=Target(url=PLAN.url, pid=1, granularity="every"))
    ledger.begin(PLAN.load, 0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = JournalFile(folder / "run.journal", Keep("20261123T000000Z-000000"))
        spent: list[float] = []
        for now_ns in live(ledger, round(hours * 3600), pauses):
            before = journal.before
            began = cpu_s()
            now = progress(PLAN, RunState.RUNNING, ledger, started_unix_s=1.8e9, now_ns=now_ns, since=before)
            journal.write(now, before)
            spent.append(cpu_s() - began)
        journal.close(remove=True)
        at_ns = round(hours * 3600) * S
        ledger.close(at_ns)
        whole = record(PLAN, RunState.DONE, ledger, started_unix_s=1.8e9, now_ns=at_ns)
        saving, opening = saved(whole, folder)
        size = len(as_bytes(session_of(replace(whole, pauses=()), name="rows", note="")))
    what = f"{hours:g} h, {pauses} collections a second"
    return [
        Bar(f"its file, a row a second, {what}", size / hours / 1e6, 1.0, "MB an hour"),
        Bar(f"saving it, {what}", saving, 0.5, "s"),
        Bar(f"opening it, {what}", opening, 1.0, "s"),
        Bar(f"its journal, mean of {len(spent)} s, {what}", 100 * sum(spent) / len(spent), 0.5, "% of a core"),
        Bar(f"its journal, last minute, {what}", 100 * sum(spent[-60:]) / 60, 0.5, "% of a core"),
    ]


def live(ledger: Ledger, seconds: int, pauses: int) -> Iterator[int]:
    """Enter a second after the other into the books; yields their ends."""
    random = np.random.default_rng(1)
    moves = wander(random, seconds, spread=0.03, lasting_s=60.0)
    for second in range(seconds):
        begin, end = second * S, (second + 1) * S
        requests = lognormal(random, REQUESTS, 1.0, median_s=MEDIAN_S, sigma=SIGMA)
        due = begin + (requests.due_s * S).astype(np.int64)
        took = (requests.took_s * S).astype(np.int64)
        frame = wire.Frame(
            worker=0,
            at_ns=end,
            settled_ns=end - S // 10,
            planned=due.tobytes(),
            written=(due + 20_000).tobytes(),
            last=(due + took).tobytes(),
            outcome=np.full(due.size, 200, np.uint16).tobytes(),
            lag=np.full(due.size, 20_000).tobytes(),
            bytes_in=due.size * 120,
            open=64,
            cpu_ns=second * S // 10,
        )
        ledger.add_frame(frame)
        busy = random.uniform(0, 100, CORES).tolist()
        cores = tuple(CoreNow(number, user_pct=one) for number, one in enumerate(busy))
        ledger.seen.add(HostSample(end, HostNow(cores=cores)))
        memory = int(MEMORY_BYTES * (1 + moves[second]))
        process = ProcessNow(cpu_pct=busy[0], rss_bytes=memory, rss_peak_bytes=2 * MEMORY_BYTES, threads=9)
        ledger.seen.add(ProcessSample(end, process))
        if pauses:
            ends = begin + (np.arange(pauses) + random.uniform(0, 1, pauses)) * (S // pauses)
            lengths = random.uniform(2e4, 1e6, pauses)
            stops = tuple(zip(ends.astype(np.int64).tolist(), lengths.astype(np.int64).tolist(), strict=True))
            used = int(memory * random.uniform(0.25, 0.5))  # somewhere between two collections
            heap = GcNow(heap_bytes=used, goal_bytes=memory // 2, goroutines=70)
            sample = RuntimeSample(end, heap, pauses=stops, poll_ns=end - 1_000_000, since_ns=begin)
            ledger.seen.add(sample)
        ledger.look_at_ourselves(OwnLook(span_s=1.0, cpu_pct=(10.0,)))
        ledger.settle(frame.settled_ns, frame.settled_ns)
        ledger.window(frame.settled_ns)  # as every view does
        yield end


def saved(whole: Record, folder: Path) -> tuple[float, float]:
    """Return the seconds that saving and opening take, the median of some."""
    saving: list[float] = []
    opening: list[float] = []
    for number in range(SAVES):
        began = time.perf_counter()
        path = store.save(session_of(whole, name=f"try {number}", note=""), folder)
        saving.append(time.perf_counter() - began)
        began = time.perf_counter()
        snapshot_of(store.load(path), file=str(path))
        opening.append(time.perf_counter() - began)
    return median(saving), median(opening)


def cpu_s() -> float:
    """Return the CPU time of this process, the kernel's for it included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
