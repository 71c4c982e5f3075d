"""The tables of `python -m benchmarks statistics`: what `judgement.py` finds, with its pass marks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np

from benchmarks import truths, virtual
from benchmarks.judgement import (
    CURVES,
    RATE,
    Coverage,
    cost_ms,
    cover,
    mix,
    overloads,
    queue,
    queue_truth,
    turns,
    watch,
)
from benchmarks.table import render


def measure(*, many: int, only: str = "") -> None:
    """Print the tables; `many` times three runs of a curve, forty of a queue.

    Args:
        many: How many times.
        only: The begin of a table's title; those of other titles are left out.
    """
    for title, head, tabled, runs in _TABLES:
        if title.startswith(only):
            print(f"\n### {title}\n\n{render(head, list(tabled(runs * many)))}", flush=True)
    print(f"\nAll statistics of a second, at the end of 600 s: {cost_ms(seconds=600):.1f} ms")


_SETTLING: Final = (
    "latency",
    "runs",
    "settled at the end",
    "first settled s",
    "bias %",
    "most %",
    "else",
    "in hindsight",
    "pass",
)
_COVERAGE: Final = ("work", "percentile", "runs", "held %", "only >= %", "half-width %", "none %", "pass")
_VERDICTS: Final = (
    "work",
    "percentile",
    "true change",
    "runs",
    "REAL",
    "CHANGED",
    "SAME",
    "can't tell",
    "pass",
)
_TURNS: Final = ("noise lasts", "true change", "runs", "REAL", "CHANGED", "SAME", "one switch: REAL", "pass")
_OVERLOADS: Final = ("load", "seconds", "runs", "found %", "after s", "latest s", "capacity error %", "pass")


def _settling(runs: int) -> Iterator[list[str]]:
    for curved in CURVES:
        found = watch(curved, runs)
        settled = found.share("settled")
        bias = max(found.bias, default=0.0)
        fine = bias <= 0.015 if curved.steady else settled == 0
        other = (found.states - Counter(settled=found.states["settled"])).most_common(1)
        yield [
            f"{curved.name}, {curved.seconds} s",
            str(runs),
            f"{100 * settled:.0f} %",
            _seconds(float(np.median(found.first_s))),
            f"{100 * float(np.mean(found.bias)):.2f}" if curved.steady and found.bias else "-",
            f"{100 * bias:.2f}" if curved.steady else "-",
            other[0][0] if other else "-",
            _most(found.courses),
            _mark(fine),
        ]


def _covering(runs: int) -> Iterator[list[str]]:
    independent = {
        label: truths.lognormal(0.01, 1.0, quantile)
        for label, quantile in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999))
    }
    yield from _covered(
        "independent",
        cover(
            lambda random: virtual.lognormal(random, RATE, 60, median_s=0.01, sigma=1.0), independent, 60, runs
        ),
        runs,
        judged=True,
    )
    for load in (0.3, 0.5, 0.7, 0.9):
        draw = queue(load, RATE, 60)
        yield from _covered(f"load {load}", cover(draw, queue_truth(load), 60, runs), runs, judged=load <= 0.7)


def _pacing(runs: int) -> Iterator[list[str]]:
    for even in (False, True):
        for load in (0.5, 0.7):
            name = f"{'even' if even else 'Poisson'}, load {load}"
            found = cover(queue(load, RATE, 200, even=even), queue_truth(load, even=even), 200, runs)
            yield from _covered(name, {label: found[label] for label in ("p50", "p99")}, runs, judged=True)


def _covered(name: str, found: dict[str, Coverage], runs: int, *, judged: bool) -> Iterator[list[str]]:
    for label, coverage in found.items():
        yield [
            name,
            label,
            str(runs),
            f"{100 * coverage.held:.1f}",
            f"{100 * coverage.open_ended:.0f}",
            "-" if math.isnan(coverage.half_pct) else f"{coverage.half_pct:.1f}",
            f"{100 * coverage.early:.0f}",
            _mark(coverage.held >= 0.93) if judged else "",
        ]


def _verdicts(runs: int) -> Iterator[list[str]]:
    changes = (0.0, 0.05, 0.10, 0.20)
    for name, draw in (
        ("independent", lambda random: virtual.lognormal(random, 1000, 60, median_s=0.01, sigma=1.0)),
        ("load 0.6", queue(0.6, 1000, 60)),
    ):
        for (quantile, change), given in mix(draw, changes, runs).items():
            real, changed = given["real"] / runs, given["changed"] / runs
            fine = ""
            if change == 0:
                fine = _mark(real <= 0.02 and changed <= 0.05)
            elif (name, quantile, change) == ("independent", "p50", 0.10):
                fine = _mark(real >= 0.9)
            rest = [given[kind] / runs for kind in ("same", "cannot-tell")]
            shares = [f"{100 * share:.1f}" for share in (real, changed, *rest)]
            yield [name, quantile, f"{100 * change:+.0f} %", str(runs), *shares, fine]


def _turning(runs: int) -> Iterator[list[str]]:
    for lasting_s in (1.0, 5.0, 20.0, 60.0):
        for change in (0.0, 0.10):
            paired, single = turns(lasting_s, change, runs)
            shares = [f"{100 * paired[kind] / runs:.1f}" for kind in ("real", "changed", "same")]
            wrong = (paired["real"] + paired["changed"]) / runs
            alone = (single["real"] + single["changed"]) / runs
            yield [
                f"{lasting_s:.0f} s",
                f"{100 * change:+.0f} %",
                str(runs),
                *shares,
                f"{100 * single['real'] / runs:.1f} (with CHANGED {100 * alone:.1f})",
                _mark(wrong <= 0.10) if change == 0 else "",
            ]


def _overloading(runs: int) -> Iterator[list[str]]:
    for load, seconds in ((1.05, 60), (1.2, 30), (2.0, 30), (0.5, 120), (0.9, 120), (0.95, 120)):
        found = overloads(load, seconds, runs)
        share = float(np.isfinite(found.found_s).mean())
        latest = max(found.found_s)
        worst = float(np.percentile(np.abs(found.capacity_error), 95)) if found.capacity_error else math.nan
        fine = share <= 0.02 if load < 1 else latest <= 15 and worst <= 0.03
        yield [
            f"{load:.2f}",
            str(seconds),
            str(runs),
            f"{100 * share:.1f}",
            _seconds(float(np.median(found.found_s))),
            _seconds(latest),
            "-" if math.isnan(worst) or load < 1 else f"{100 * worst:.1f}",
            _mark(fine) if load in (1.2, 2.0) or load < 1 else "",
        ]


def _most(seen: Counter[str]) -> str:
    """Return what was seen most often, and in how many of all cases."""
    name, times = seen.most_common(1)[0]
    return f"{name} {100 * times / seen.total():.0f} %"


def _seconds(value: float) -> str:
    return "-" if math.isinf(value) else f"{value:.0f}"


def _mark(fine: bool) -> str:
    return "yes" if fine else "NO"


_TABLES: Final = (
    ("V8: settling; 2 % noise from second to second, 500 requests/s", _SETTLING, _settling, 3),
    ("V11: 95 % intervals of 60 s at 500 requests/s, M/M/1", _COVERAGE, _covering, 40),
    ("V4: arrivals at one queue, 200 s", _COVERAGE, _pacing, 10),
    ("V9: verdicts on 60 + 60 s at 1000 requests/s, in %", _VERDICTS, _verdicts, 40),
    ("V10: two settings in turn, 6 pairs of 10 s, noise of 10 %, in %", _TURNS, _turning, 30),
    ("V13: overload, 500 requests/s", _OVERLOADS, _overloading, 20),
)
"""Title, heading, what makes its rows from a number of runs, and that number for `many` = 1."""
