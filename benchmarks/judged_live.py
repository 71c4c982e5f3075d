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
from statistics import median_high
from time import sleep
from typing import Final, TypeVar

from benchmarks import truths
from benchmarks.judgement import fared
from benchmarks.machine import Cores
from benchmarks.runs import begun, open_loop, recorded
from benchmarks.servers import pinned_oracle
from benchmarks.table import render
from engine.experiments.outcome import Experiment
from engine.figures import Latency
from engine.plan import Plan, Warmup
from engine.stats import switchback

AT_ONCE: Final = 6
HELD_BAR: Final = 0.90
FALSE_BAR: Final = 0.10

SERVICE_S: Final = 0.02
QUEUES: Final = 4
"""Of a run: so few that six runs at once leave the cores idle most of the time; else requests wait."""

LOADS: Final = (0.5, 0.7)
_JUDGED: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
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
    with pinned_oracle(mine.server) as there:
        work = f"{QUEUES} queues M/M/1, service {SERVICE_S * 1e3:.0f} ms"
        print(f"\n### V11 live: 95 % intervals of {seconds} s, {work}\n")
        print(render(_INTERVALS, list(_covering(there.url, runs, seconds))), flush=True)
        work = f"{switchback.PAIRS} pairs of {LEG_S:.0f} s"
        print(f"\n### V10 live: two rates in turn that change nothing, {work}, in %\n")
        print(render(_TURNS, list(_turning(there.url, trials))), flush=True)


def _covering(url: str, runs: int, seconds: int) -> Iterator[list[str]]:
    for load in LOADS:

        def one(number: int, load: float = load) -> Latency:
            plan = Plan(
                url=f"{url}/queue?ms={SERVICE_S * 1e3:g}&queues={QUEUES}&load={load}&n={number}",
                load=open_loop(load * QUEUES / SERVICE_S, connections=1024),
                duration_s=seconds + LEFT_OUT_S,
                workers=1,
                warmup=Warmup(kind="time", time_s=LEFT_OUT_S),
                probing=False,
            )
            return recorded(plan, grace_s=_SLACK_S).segments[0].latency_s.response

        found = _at_once(one, runs)
        truth_s = {label: SERVICE_S * truths.mm1(load, quantile) for label, quantile in _JUDGED.items()}
        for label, coverage in fared(found, truth_s).items():
            held = coverage.held * (1 - coverage.early)  # a run without an interval did not hold it
            yield [
                f"{load}",
                label,
                str(len(found)),
                f"{100 * held:.1f}",
                f"{100 * coverage.open_ended:.0f}",
                f"{_off_pct(found, label, truth_s[label]):+.1f}",
                "yes" if held >= HELD_BAR else "NO",
            ]


def _off_pct(found: Sequence[Latency], label: str, truth_s: float) -> float:
    """Return by how much the middle one of the runs' figures is above the truth."""
    values = [value for latency in found if (value := getattr(latency, label)) is not None]
    return 100 * (median_high(values) / truth_s - 1) if values else math.nan


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


def compared(url: str, *, seed: int) -> Experiment | None:
    """Compare two rates that change nothing in turn; None where that was aborted."""
    plan = Plan(url=url, load=open_loop(RATE), workers=1, probing=False)
    run = begun(plan)
    try:
        sleep(2.0)
        run.start_switchback(open_loop(1.02 * RATE), period_s=LEG_S, seed=seed)
        for _ in range(round(10 * (2 * switchback.PAIRS * (LEG_S + 4 * switchback.GAP_S) + _SLACK_S))):
            if run.finished.is_set() or run.record().experiments:
                break
            sleep(0.1)
    finally:
        run.stop()
        record = run.join()
    return next((each for each in record.experiments if each.state == "done"), None)


def _at_once(one: Callable[[int], Seen], times: int) -> list[Seen]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(times)))
