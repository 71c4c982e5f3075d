"""What the statistics say against what is true, in virtual time: no network, no clock, any number of runs.

Each experiment returns the figures that a row of the table shows, and its pass mark; the tests run the same
experiments with fewer runs. `judged.py` prints the tables.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from msgspec.structs import replace

from benchmarks import truths, virtual
from benchmarks.virtual import Random, Requests
from engine.books.backlog import BacklogWatch
from engine.books.blocks import Block
from engine.books.settled import SettledPart
from engine.figures import Latency, LatencySet, Second, SegmentFigures
from engine.histogram import LABELS, QUANTILES, Histogram
from engine.stats import switchback
from engine.stats.verdict import compare

Curve: TypeAlias = Callable[[float], float]

RATE: Final = 500.0


@dataclass(frozen=True, slots=True)
class Curved:
    """A latency that moves.

    Attributes:
        name: What it does.
        curve: The logarithm of its level, by the second.
        steady: Whether it becomes steady at all.
        seconds: How long it is watched.
    """

    name: str
    curve: Curve
    steady: bool
    seconds: int = 180


CURVES: Final = (
    Curved("flat", lambda t: 0.0, True),
    Curved("warm-up x(1+exp(-t/10))", lambda t: math.log(1 + math.exp(-t / 10)), True),
    Curved(
        "steps at 8, 20, 45 s", lambda t: math.log(1 + 0.8 * (t < 8) + 0.3 * (t < 20) + 0.15 * (t < 45)), True
    ),
    Curved("cold, rising from -30 %", lambda t: math.log(1 - 0.3 * math.exp(-t / 10)), True),
    Curved("knob +10 % at 90 s", lambda t: 0.0953 * (t >= 90), True),
    Curved("drift 0.2 % a second", lambda t: 0.002 * t, False),
    Curved("drift 0.2 % a second, 90 s", lambda t: 0.002 * t, False, 90),
    Curved("saw 25 %, 20 s", lambda t: 0.25 * (t % 20) / 20, False),
    Curved("cycle +-15 %, 30 s", lambda t: 0.15 * math.sin(2 * math.pi * t / 30), False),
    Curved("overload, linear growth", lambda t: math.log(1 + 0.3 * t), False),
)


@dataclass(frozen=True, slots=True)
class Watched:
    """How runs of one curve ended.

    Attributes:
        states: How often each state was the last.
        first_s: When each run was first called settled; infinity for never.
        bias: By how much the mean of what was measured in the end differed from the true end, of those that
            had settled.
        reasons: How often each word was the last reason's third.
        courses: How often each was what the run turned out to have been.
    """

    states: Counter[str]
    first_s: list[float]
    bias: list[float]
    reasons: Counter[str]
    courses: Counter[str]

    def share(self, state: str) -> float:
        """Return how many ended so."""
        return self.states[state] / self.states.total()


def watch(curved: Curved, runs: int, *, noise: float = 0.02, seed: int = 0) -> Watched:
    """Feed requests whose level follows a curve, with noise from second to second, to the settled part."""
    found = Watched(Counter(), [], [], Counter(), Counter())
    seconds = curved.seconds
    curve = np.array([curved.curve(second) for second in range(seconds)])
    for run in range(runs):
        random = np.random.default_rng([seed, run])
        level = curve + virtual.wander(random, seconds, spread=noise, lasting_s=0.83)  # correlation 0.3
        due = virtual.arrivals(random, RATE, seconds)
        took = 0.01 * np.exp(level[due.astype(np.int64)] + random.normal(0, 0.3, due.size))
        part = SettledPart(closed_loop=False)
        first = math.inf
        for block in virtual.blocks(virtual.packed(Requests(due, took), seconds)):
            turn = part.take(block)
            if turn is not None and turn.kind == "settled":
                first = min(first, block.second.t_s + 1)
        found.states[part.state] += 1
        found.first_s.append(first)
        about = part.steadiness(over=True)
        found.reasons[about.reason.partition(":")[0]] += 1
        found.courses[about.hindsight.course if about.hindsight else "-"] += 1
        if part.since_s is not None:
            found.bias.append(abs(math.expm1(float(curve[int(part.since_s) :].mean()) - float(curve[-1]))))
    return found


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often an interval held the truth.

    Attributes:
        held: Share of the runs whose interval, or lower bound, held it.
        open_ended: Share of them that had only a lower bound.
        half_pct: Median half-width in percent of those that had both ends.
        early: Share of runs with no interval at all.
    """

    held: float
    open_ended: float
    half_pct: float
    early: float


def cover(
    draw: Callable[[Random], Requests], truth_s: dict[str, float], seconds: int, runs: int, *, seed: int = 1
) -> dict[str, Coverage]:
    """Return how the final intervals of each percentile fare."""
    found = (
        virtual.settled_segment(draw(np.random.default_rng([seed, run])), seconds).latency_s.response
        for run in range(runs)
    )
    return fared(found, truth_s)


def fared(found: Iterable[Latency], truth_s: dict[str, float]) -> dict[str, Coverage]:
    """Return how the intervals of each percentile fared, of some runs against one truth."""
    runs = 0
    held: Counter[str] = Counter()
    bounded: Counter[str] = Counter()
    none: Counter[str] = Counter()
    halves: dict[str, list[float]] = {label: [] for label in truth_s}
    for latency in found:
        runs += 1
        for label, truth in truth_s.items():
            if label in latency.ci95:
                low, high = latency.ci95[label]
                halves[label].append((high - low) / 2 / truth)
                held[label] += low <= truth <= high
            elif label in latency.at_least:
                bounded[label] += 1
                held[label] += latency.at_least[label] <= truth
            else:
                none[label] += 1
    return {
        label: Coverage(
            held[label] / max(runs - none[label], 1),
            bounded[label] / runs,
            100 * float(np.median(halves[label])) if halves[label] else math.nan,
            none[label] / runs,
        )
        for label in truth_s
    }


def queue(load: float, rate: float, seconds: int, *, even: bool = False) -> Callable[[Random], Requests]:
    """Return what draws the requests of one queue: M/M/1, or with even gaps D/M/1."""
    return lambda random: virtual.queue(random, load, rate, seconds, even=even)


def queue_truth(load: float, *, even: bool = False) -> dict[str, float]:
    """Return the true percentiles of one exponential server at `RATE`, in seconds."""
    form = truths.dm1 if even else truths.mm1
    labels = {LABELS[name]: quantile for name, quantile in QUANTILES.items() if name not in ("p95", "p9999")}
    return {label: form(load, quantile) * load / RATE for label, quantile in labels.items()}


def mix(
    draw: Callable[[Random], Requests],
    changes: tuple[float, ...],
    runs: int,
    *,
    seconds: int = 60,
    quantiles: tuple[str, ...] = ("p50", "p99"),
    seed: int = 2,
) -> dict[tuple[str, float], Counter[str]]:
    """Return how often each verdict was given on two stretches, by percentile and true change."""
    given: dict[tuple[str, float], Counter[str]] = {
        (quantile, change): Counter() for quantile in quantiles for change in changes
    }
    for run in range(runs):
        random = np.random.default_rng([seed, run])
        before = virtual.settled_segment(draw(random), seconds)
        after = virtual.settled_segment(draw(random), seconds)
        for quantile, change in given:
            given[quantile, change][compare(before, scaled(after, change), quantile=quantile).kind] += 1
    return given


def scaled(figures: SegmentFigures, change: float) -> SegmentFigures:
    """Return what the figures would be, had every request taken longer by a share."""
    latency, factor = figures.latency_s.response, 1 + change
    moved = replace(
        latency,
        p50=None if latency.p50 is None else latency.p50 * factor,
        p99=None if latency.p99 is None else latency.p99 * factor,
        ci95={label: (low * factor, high * factor) for label, (low, high) in latency.ci95.items()},
        at_least={label: low * factor for label, low in latency.at_least.items()},
    )
    return replace(figures, latency_s=LatencySet(response=moved, service=moved))


def turns(
    lasting_s: float, change: float, runs: int, *, pairs: int = switchback.PAIRS, rate: int = 200, seed: int = 3
) -> tuple[Counter[str], Counter[str]]:
    """Return the verdicts of a switchback, and of a single switch of the same length, in slow noise of 10 %."""
    paired: Counter[str] = Counter()
    single: Counter[str] = Counter()
    gap, leg = int(switchback.GAP_S), int(switchback.LEG_S)
    seconds = 2 * pairs * (gap + leg)
    for run in range(runs):
        random = np.random.default_rng([seed, run])
        level = virtual.wander(random, seconds, spread=0.1, lasting_s=lasting_s)
        took: virtual.Values = np.exp(level[:, None] + random.normal(0, 0.5, (seconds, rate)))
        legs = took.reshape(2 * pairs, gap + leg, rate)[:, gap:].reshape(2 * pairs, -1)
        medians = np.log(np.median(legs, axis=1)).reshape(pairs, 2)
        order = switchback.order(pairs, run)
        ratios = [
            float(b - a) if way == "AB" else float(a - b) for way, (a, b) in zip(order, medians, strict=True)
        ]
        paired[switchback.verdict([ratio + math.log1p(change) for ratio in ratios]).kind] += 1
        half = seconds // 2
        sides = [
            virtual.settled_segment(Requests(np.repeat(np.arange(half), rate) + 0.5, 0.01 * part.ravel()), half)
            for part in (took[:half], took[half:])
        ]
        single[compare(sides[0], scaled(sides[1], change), quantile="p50", design="switch").kind] += 1
    return paired, single


@dataclass(frozen=True, slots=True)
class Overloads:
    """How the watch of the backlog fared.

    Attributes:
        found_s: When each run was called overloaded first; infinity for never.
        capacity_error: Of each run at its end, as a share of the truth.
    """

    found_s: list[float]
    capacity_error: list[float]


def overloads(load: float, seconds: int, runs: int, *, rate: float = RATE, seed: int = 4) -> Overloads:
    """Watch one exponential server second by second, as a run does that cannot know what is answered later."""
    found = Overloads([], [])
    for run in range(runs):
        requests = virtual.queue(np.random.default_rng([seed, run]), load, rate, seconds)
        ended = requests.due_s + requests.took_s
        due = np.histogram(requests.due_s, np.arange(seconds + 1))[0]
        left = np.histogram(ended, np.arange(seconds + 1))[0]
        last = np.maximum.reduceat(ended, np.searchsorted(requests.due_s, np.arange(seconds)))
        watch, final, first = BacklogWatch(rate), 0, math.inf
        for now in range(1, seconds + 1):
            while final < now and last[final] <= now:
                watch.take(_counted(final, int(due[final]), int(left[final])))
                final += 1
            if watch.judge([int(number) for number in left[final:now]]):
                first = min(first, now)
        found.found_s.append(first)
        if watch.growth is not None:
            found.capacity_error.append(watch.growth.capacity_rps / (rate / load) - 1)
    return found


def _counted(second: int, due: int, left: int) -> Block:
    return Block(Second(t_s=float(second)), _NOTHING, _NOTHING, due, left)


_NOTHING: Final = Histogram()
_TIMED: Final = 100


def cost_ms(*, history: int = 3, seconds: int = 600, rate: int = 1000) -> float:
    """Return what all statistics of a second cost at the end of so many, in milliseconds of CPU.

    Args:
        history: Segments that are over; their figures are kept and cost nothing.
        seconds: Of the segment under way.
        rate: Requests a second.
    """
    random = np.random.default_rng(5)
    spent_s = 0.0
    for _ in range(history + 1):
        part, whole = SettledPart(closed_loop=True), Histogram()
        watch = BacklogWatch(rate)
        drawn = virtual.packed(virtual.queue(random, 0.4, rate, seconds), seconds)
        for block in virtual.blocks(drawn[:-_TIMED]):
            whole.merge(block.histogram)
            part.take(block)
            watch.take(block)
        last = virtual.blocks(drawn[-_TIMED:], start_s=seconds - _TIMED)
        before_s = time.process_time()
        for block in last:
            part.take(block)
            watch.take(block)
            watch.judge([])
            part.certainty(whole, live=True)
            part.steadiness()
        spent_s = time.process_time() - before_s
        part.conclude(whole)
    return 1e3 * spent_s / _TIMED
