"""What the statistics say against what is true, over a real connection: intervals, and settings in turn.

The oracle's requests take tens of milliseconds, so that the way there and back, which is in every figure, is
next to nothing of them. So little load leaves room for some runs at once, each with queues of its own.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Final, TypeVar

from benchmarks import machine, truths
from benchmarks.machine import Cores
from benchmarks.table import render
from engine import target
from engine.experiments.outcome import Experiment
from engine.figures import Latency
from engine.http_client import serialise
from engine.plan import Load, Plan, Warmup
from engine.record import Record
from engine.run import Run
from engine.stats import switchback
from tests.targets.oracle import oracle

AT_ONCE: Final = 6
HELD_BAR: Final = 0.90
FALSE_BAR: Final = 0.10

SERVICE_S: Final = 0.02
QUEUES: Final = 4
"""Of a run: so few that six runs at once leave the cores idle most of the time; else requests wait."""

LOADS: Final = (0.5, 0.7)
LEFT_OUT_S: Final = 4.0
"""The queues begin empty."""

DELAY_S: Final = 0.01
NOISES_S: Final = (5.0, 20.0)
RATE: Final = 200.0
LEG_S: Final = 5.0
_SLACK_S: Final = 60.0
_INTERVALS: Final = ("load", "percentile", "runs", "held %", "only >= %", "median off by %", "pass")
_TURNS: Final = ("noise of 10 % lasts", "figure", "trials", "REAL", "CHANGED", "SAME", "can't tell", "pass")
Seen = TypeVar("Seen")


def measure(*, runs: int, seconds: int, trials: int, mine: Cores) -> None:
    """Print both tables.

    Args:
        runs: How many at each load.
        seconds: How long each is measured.
        trials: How many comparisons of two settings at each kind of noise.
        mine: Where client and server run.
    """
    os.sched_setaffinity(0, {mine.client})
    with oracle() as there:
        machine.pin(there.pid, mine.server)
        work = f"{QUEUES} queues M/M/1, service {SERVICE_S * 1e3:.0f} ms"
        print(f"\n### V11 live: 95 % intervals of {seconds} s, {work}\n")
        print(render(_INTERVALS, list(_covering(there.url, runs, seconds))), flush=True)
        work = f"{switchback.PAIRS} pairs of {LEG_S:.0f} s"
        print(f"\n### V10 live: two rates in turn that change nothing, {work}, in %\n")
        print(render(_TURNS, list(_turning(there.url, trials))), flush=True)


def _covering(url: str, runs: int, seconds: int) -> Iterator[list[str]]:
    for load in LOADS:

        def one(number: int, load: float = load) -> Latency:
            record = driven(
                f"{url}/queue?ms={SERVICE_S * 1e3:g}&queues={QUEUES}&load={load}&n={number}",
                rate=load * QUEUES / SERVICE_S,
                seconds=seconds + LEFT_OUT_S,
                warmup=Warmup(kind="time", time_s=LEFT_OUT_S),
            )
            return record.segments[0].latency_s.response

        found = _at_once(one, runs)
        for label, quantile in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
            truth = SERVICE_S * truths.mm1(load, quantile)
            yield _covered(f"{load}", label, truth, found)


def _covered(load: str, label: str, truth: float, found: Sequence[Latency]) -> list[str]:
    held, below = 0, 0
    for latency in found:
        if label in latency.ci95:
            low, high = latency.ci95[label]
            held += low <= truth <= high
        elif label in latency.at_least:
            below += 1
            held += latency.at_least[label] <= truth
    values = sorted(value for latency in found if (value := getattr(latency, label)) is not None)
    off = 100 * (values[len(values) // 2] / truth - 1) if values else math.nan
    share = held / len(found)
    return [
        load,
        label,
        str(len(found)),
        f"{100 * share:.1f}",
        f"{100 * below / len(found):.0f}",
        f"{off:+.1f}",
        "yes" if share >= HELD_BAR else "NO",
    ]


def _turning(url: str, trials: int) -> Iterator[list[str]]:
    for lasting_s in NOISES_S:

        def one(number: int, lasting_s: float = lasting_s) -> Experiment | None:
            path = f"/delay?ms={DELAY_S * 1e3:g}&sway=0.1&lasting={lasting_s:g}&n={number}"
            return compared(f"{url}{path}", seed=number)

        over = [experiment for experiment in _at_once(one, trials) if experiment is not None]
        for figure in ("p50", "p99"):
            effects = [effect for each in over for effect in each.effects if effect.figure == figure]
            kinds = Counter(effect.kind for effect in effects)
            shares = {kind: number / max(kinds.total(), 1) for kind, number in kinds.items()}
            wrong = shares.get("real", 0.0) + shares.get("changed", 0.0)
            yield [
                f"{lasting_s:.0f} s",
                figure,
                str(kinds.total()),
                *(f"{100 * shares.get(kind, 0.0):.1f}" for kind in ("real", "changed", "same", "cannot-tell")),
                "yes" if kinds and wrong <= FALSE_BAR else "NO",
            ]


def driven(url: str, *, rate: float, seconds: float, warmup: Warmup) -> Record:
    """Drive an open loop for some time."""
    plan = Plan(
        url=url,
        load=Load(mode="open", rate=rate, arrivals="poisson", concurrency=1024),
        duration_s=seconds,
        workers=1,
        warmup=warmup,
        probing=False,
    )
    run = _begun(plan)
    if not run.finished.wait(seconds + _SLACK_S):
        raise RuntimeError(f"the run against {url} did not end")
    return run.join()


def compared(url: str, *, seed: int) -> Experiment | None:
    """Compare two rates that change nothing in turn; None where that was aborted."""
    plan = Plan(url=url, load=_at(RATE), workers=1, probing=False)
    run = _begun(plan)
    try:
        sleep(2.0)
        run.start_switchback(_at(1.02 * RATE), period_s=LEG_S, seed=seed)
        for _ in range(round(10 * (2 * switchback.PAIRS * (LEG_S + 4 * switchback.GAP_S) + _SLACK_S))):
            if run.finished.is_set() or run.record().experiments:
                break
            sleep(0.1)
    finally:
        run.stop()
        record = run.join()
    return next((each for each in record.experiments if each.state == "done"), None)


def _at(rate: float) -> Load:
    return Load(mode="open", rate=rate, arrivals="poisson", concurrency=256)


def _begun(plan: Plan) -> Run:
    run = Run(plan, target.find(plan), serialise(plan))
    run.start()
    return run


def _at_once(one: Callable[[int], Seen], times: int) -> list[Seen]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(times)))
