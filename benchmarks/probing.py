"""What polling the target costs it: switched off and on in one run, turn about, and compared.

Throughput says it for the whole, the client that polls included. The target's own CPU time a request says it
for the target alone, and is spared most of what the machine's speed does to throughput from second to second.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Final

import numpy as np

from benchmarks.machine import Cores
from benchmarks.runs import begun
from benchmarks.servers import served
from benchmarks.table import count, milliseconds, render
from engine.figures import Latency
from engine.plan import Load, Plan
from engine.run import Run

BAR: Final = 0.01
WARM_S: Final = 2.0
ALONE_S: Final = 20.0
_FOUND_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some seconds with polls or without.

    Attributes:
        rps: Answers a second.
        latency: Their response times.
        cpu_us: The target's CPU time, in microseconds a request.
    """

    rps: float
    latency: Latency
    cpu_us: float


class NotRead(Exception):
    """The target's runtime was not found, so that polling it costs nothing."""


def probing(*, concurrency: int, seconds: int, pairs: int, mine: Cores) -> None:
    """Drive the Go server, and compare each stretch with polls with those without before and after it."""
    os.sched_setaffinity(0, {mine.client})  # the run is in this process, and its workers go where it is
    with served("go", body=4, tls=False, core=mine.server) as there:
        plan = Plan(url=there.url, load=Load(concurrency=concurrency))
        run = begun(plan)
        try:
            _wait_until_read(run)
            sleep(WARM_S)
            cost = run.latest().looking
            pid = run.latest().target.pid or 0
            spent_ns: list[int] = []
            for number in range(2 * pairs + 1):
                run.set_probing(number % 2 == 1)
                begin = cpu_ns(pid)
                sleep(seconds)
                spent_ns.append(cpu_ns(pid) - begin)
                cost = run.latest().looking if number % 2 else cost
            alone_ns = _a_poll_ns(run, pid)
        finally:
            run.stop()
            record = run.join()
    segments = [one for one in record.segments[1:] if one.end_s - one.start_s > seconds / 2]
    stretches = [
        Stretch(one.throughput_rps, one.latency_s.response, ns / one.requests / 1e3)
        for one, ns in zip(segments, spent_ns, strict=True)
    ]
    print(f"\n### the cost of polling: Go server, {concurrency} connections, {pairs} x {seconds} s\n")
    rows = [_row("polled", stretches[1::2]), _row("not polled", stretches[::2])]
    print(render(["", "req/s", "p50 ms", "p99 ms", "target's CPU, µs a request", "stretches"], rows))
    share = alone_ns / 1e9 * cost.polls_per_s
    print(
        f"\nA poll takes {alone_ns / 1e3:.0f} µs of the target's CPU where that does nothing else; "
        f"{cost.polls_per_s:.1f} a second are {share:.2%} of a core: {_mark(share)}"
    )
    print(f"Under load they take {1e3 * (cost.poll_s or 0):.1f} ms each from end to end, and cost")
    print(_lost("of the throughput", [1 - ratio for ratio in ratios([one.rps for one in stretches])]))
    print(_lost("CPU time a request", [ratio - 1 for ratio in ratios([one.cpu_us for one in stretches])]))


def ratios(figures: Sequence[float]) -> list[float]:
    """Return each figure with an odd number over the mean of its neighbours: a drift counts for nothing."""
    return [
        2 * figures[at] / (figures[at - 1] + figures[at + 1])
        for at in range(1, len(figures) - 1, 2)
        if figures[at - 1] + figures[at + 1]
    ]


def cpu_ns(pid: int) -> int:
    """Return the CPU time of all threads of a process that live, by the scheduler's own account."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def _lost(what: str, shares: Sequence[float]) -> str:
    middle = statistics.median(shares)
    low, high = np.percentile(shares, [25, 75])
    return (
        f"{middle:+.2%} {what} (median of {len(shares)}, half of them from {low:+.2%} to {high:+.2%}): "
        f"{_mark(middle)}"
    )


def _mark(share: float) -> str:
    return f"{'within' if share <= BAR else 'NOT within'} {BAR:.0%}"


def _a_poll_ns(run: Run, pid: int) -> float:
    """Return the target's CPU time for one poll, while nobody else asks anything of it."""
    run.pause()
    spent_ns: list[int] = []
    for polled in (False, True):
        run.set_probing(polled)
        sleep(WARM_S)  # what was in flight, and the first polls
        begin = cpu_ns(pid)
        sleep(ALONE_S)
        spent_ns.append(cpu_ns(pid) - begin)
    polls = run.latest().looking.polls_per_s * ALONE_S
    idle_ns, polled_ns = spent_ns
    return (polled_ns - idle_ns) / polls


def _wait_until_read(run: Run) -> None:
    for _ in range(round(_FOUND_S * 10)):
        if run.latest().gc is not None:
            return
        sleep(0.1)
    raise NotRead(run.latest().target.probe or "the target's runtime was not found")


def _row(name: str, stretches: Sequence[Stretch]) -> list[str]:
    return [
        name,
        count(statistics.median(one.rps for one in stretches)),
        milliseconds(statistics.median(one.latency.p50 or 0.0 for one in stretches)),
        milliseconds(statistics.median(one.latency.p99 or 0.0 for one in stretches)),
        f"{statistics.median(one.cpu_us for one in stretches):.2f}",
        str(len(stretches)),
    ]
