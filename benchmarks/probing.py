"""What polling the target costs it: switched off and on in one run, turn about, and compared."""

from __future__ import annotations

import os
import statistics
from time import sleep
from typing import Final

from benchmarks.machine import Cores
from benchmarks.servers import served
from benchmarks.table import count, milliseconds, render
from engine import target
from engine.figures import SegmentFigures
from engine.http_client import serialise
from engine.plan import Load, Plan
from engine.run import Run

BAR: Final = 0.01
WARM_S: Final = 2.0
_FOUND_S: Final = 20.0


class NotRead(Exception):
    """The target's runtime was not found, so that polling it costs nothing."""


def probing(*, concurrency: int, seconds: int, pairs: int, mine: Cores) -> None:
    """Drive the Go server, and compare stretches without polls and with them, in turn."""
    os.sched_setaffinity(0, {mine.client})  # the run is in this process, and its workers go where it is
    with served("go", body=4, tls=False, core=mine.server) as there:
        plan = Plan(url=there.url, load=Load(concurrency=concurrency))
        run = Run(plan, target.find(plan), serialise(plan))
        run.start()
        try:
            _wait_until_read(run)
            sleep(WARM_S)
            for _ in range(pairs):
                for polled in (False, True):
                    run.set_probing(polled)
                    sleep(seconds)
            cost = run.latest().looking
        finally:
            run.stop()
            record = run.join()
    stretches = [one for one in record.segments[1:] if one.end_s - one.start_s > seconds / 2]
    on = [one for one in stretches if one.probed]
    off = [one for one in stretches if not one.probed]
    print(f"\n### the cost of polling: Go server, {concurrency} connections, {pairs} pairs of {seconds} s\n")
    rows = [_row("polled", on), _row("not polled", off)]
    print(render(["", "req/s", "p50 ms", "p99 ms", "stretches"], rows))
    ratios = [a.throughput_rps / b.throughput_rps for a, b in zip(on, off, strict=False) if b.throughput_rps]
    lost = 1 - statistics.median(ratios)
    print(
        f"\n{cost.polls_per_s:.1f} polls a second of {1e3 * (cost.poll_s or 0):.1f} ms cost {lost:+.2%} of the "
        f"throughput (median of {len(ratios)} pairs, {1 - max(ratios):+.2%} to {1 - min(ratios):+.2%}): "
        f"{'within' if lost <= BAR else 'NOT within'} {BAR:.0%}"
    )


def _wait_until_read(run: Run) -> None:
    for _ in range(round(_FOUND_S * 10)):
        if run.latest().gc is not None:
            return
        sleep(0.1)
    raise NotRead(run.latest().target.probe or "the target's runtime was not found")


def _row(name: str, stretches: list[SegmentFigures]) -> list[str]:
    latencies = [one.latency_s.response for one in stretches]
    return [
        name,
        count(statistics.median(one.throughput_rps for one in stretches)),
        *(
            milliseconds(statistics.median(getattr(latency, name) or 0.0 for latency in latencies))
            for name in ("p50", "p99")
        ),
        str(len(stretches)),
    ]
