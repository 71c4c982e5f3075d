"""Accuracy: what each tool reports, against what is true."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import sleep

from benchmarks.bout import Bout, Entrant, entrants, fight, tell_missing
from benchmarks.cases import CASES, Case, Truth
from benchmarks.machine import Cores, lateness
from benchmarks.servers import pinned_oracle
from benchmarks.table import count, milliseconds, render
from benchmarks.throughput import REST_S
from benchmarks.work import PERCENTILES, Work
from tests.targets.oracle import Trace

SMALL_S = 0.0001
"""A truth below this is none: the way through the kernel takes as long."""


def measure(names: Sequence[str], case_names: Sequence[str], *, quick: bool, repeat: int, mine: Cores) -> None:
    """Print a table for every case; of several runs, each tool's middle one by its largest error."""
    present, missing = entrants(names)
    tell_missing(missing)
    for case in CASES:
        if case.name not in case_names:
            continue
        seconds = case.quick_seconds if quick else case.seconds
        able = [entrant for entrant in present if _can(case, entrant)]
        runs: dict[str, list[tuple[Bout, Trace]]] = {entrant.peer.name: [] for entrant in able}
        for _ in range(repeat):
            for entrant in able:
                runs[entrant.peer.name].append(_once(case, entrant, seconds, mine))
                sleep(REST_S)
        print(f"\n### {case.name}: {case.about}; {seconds} s, middle one of {repeat}\n")
        rows = [_row(case, entrant.peer.name, runs[entrant.peer.name], seconds) for entrant in able]
        rows.sort(key=lambda row: math.inf if row[-3] == "-" else float(row[-3].rstrip("%")))
        head = ["tool", *PERCENTILES, "truth " + "/".join(PERCENTILES), "largest error", "req/s", "errors"]
        print(render(head, rows))
        for entrant in present:
            if case.rate is not None and not entrant.peer.is_open:
                instead = "left out" if case.users is None else f"a closed loop of {case.users} instead"
                print(f"{entrant.peer.name}: keeps no rate; {instead}")
            for bout, _ in runs.get(entrant.peer.name, []):
                if bout.result is None:
                    print(f"{entrant.peer.name}: failed: {bout.failure}")
        print(f"\npass mark for loadtop: {case.pass_mark:.0%} at every percentile that it prints", flush=True)
    print(f"\n{lateness(mine.client)}")
    tell_missing(missing)


def _can(case: Case, entrant: Entrant) -> bool:
    return case.rate is None or entrant.peer.is_open or case.users is not None


def _once(case: Case, entrant: Entrant, seconds: int, mine: Cores) -> tuple[Bout, Trace]:
    with (
        pinned_oracle(mine.server) as server,
        tempfile.TemporaryDirectory(prefix="loadtop-bench-") as folder,
    ):
        work = Work(
            url=server.url + case.path,
            concurrency=case.concurrency if entrant.peer.is_open or case.users is None else case.users,
            seconds=seconds,
            folder=Path(folder),
            rate=case.rate if entrant.peer.is_open else None,
            arrivals=case.arrivals,
            detailed=True,
        )
        return fight(entrant, work, mine.client), server.trace()


def _row(case: Case, name: str, runs: Sequence[tuple[Bout, Trace]], seconds: int) -> list[str]:
    runs = sorted(runs, key=lambda run: _error(run[0], case.truth(run[1], seconds)))
    bout, trace = runs[len(runs) // 2]
    truth = case.truth(trace, seconds)
    wanted = " / ".join(milliseconds(truth[percentile]) for percentile in PERCENTILES)
    if bout.result is None:
        return [name, *["-"] * len(PERCENTILES), wanted, "-", "-", "-"]
    error = _error(bout, truth)
    return [
        name,
        *(milliseconds(bout.result.latency_s.get(percentile)) for percentile in PERCENTILES),
        wanted,
        "-" if math.isinf(error) else f"{100 * error:.1f}%",
        count(bout.result.rps),
        count(bout.result.errors),
    ]


def _error(bout: Bout, truth: Truth) -> float:
    """Return the largest of |reported / truth - 1| and its inverse, over the percentiles that are reported."""
    if bout.result is None:
        return math.inf
    errors = [
        math.exp(abs(math.log(max(reported, 1e-6) / truth[name]))) - 1
        for name, reported in bout.result.latency_s.items()
        if reported is not None and truth.get(name, 0.0) > SMALL_S
    ]
    return max(errors, default=math.inf)
