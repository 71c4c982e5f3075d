"""Services that exist in virtual time only: arrivals and answers are computed, so that truth is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.books.batches import Batches
from engine.books.blocks import Block
from engine.books.certainty import certainty, throughput_interval, unstable
from engine.figures import ClientFigures, LatencySet, Second, SegmentFigures
from engine.histogram import FINE, LONGEST_NS, Histogram, Packed
from engine.plan import Load

Values: TypeAlias = npt.NDArray[np.floating[Any]]
Random: TypeAlias = np.random.Generator

TIMEOUT_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of an open loop, in the order in which they were due.

    Attributes:
        due_s: When each was due, ascending.
        took_s: How long after that its answer came.
    """

    due_s: Values
    took_s: Values


def arrivals(random: Random, rate: float, seconds: float, *, even: bool = False) -> Values:
    """Return when requests are due: a Poisson process, or evenly paced."""
    if even:
        return np.arange(int(rate * seconds)) / rate
    # A Poisson process within a time is so many independent points.
    return np.sort(random.uniform(0, seconds, random.poisson(rate * seconds)))


def queue(random: Random, load: float, rate: float, seconds: float, *, even: bool = False) -> Requests:
    """Return the requests of one exponential server, first come, first served (Lindley's recursion).

    Args:
        random: Where chance comes from.
        load: Arrivals per service time; from 1 on, the queue grows without end.
        rate: Requests a second.
        seconds: How long.
        even: Whether arrivals are evenly paced, instead of a Poisson process.
    """
    due = arrivals(random, rate, seconds, even=even)
    service = random.exponential(load / rate, due.size)
    # Below saturation the queue is begun as it is in the long run: what is ahead of the first is exponential.
    ahead = 0.0
    if load < 1 and random.random() < load:
        ahead = random.exponential(load / rate / (1 - load))
    idle = np.diff(due, prepend=due[0])
    walk = np.cumsum(np.r_[ahead, service[:-1]] - idle)
    waited = walk - np.minimum(np.minimum.accumulate(walk), 0.0)
    return Requests(due, waited + service)


def lognormal(random: Random, rate: float, seconds: float, *, median_s: float, sigma: float) -> Requests:
    """Return requests that are independent of each other."""
    due = arrivals(random, rate, seconds)
    return Requests(due, median_s * np.exp(random.normal(0, sigma, due.size)))


def wander(random: Random, seconds: int, *, spread: float, lasting_s: float) -> Values:
    """Return AR(1) noise, one value a second, that is forgotten in `lasting_s` seconds; shape (seconds,)."""
    keep = np.exp(-1 / lasting_s) if lasting_s else 0.0
    steps = random.normal(0, spread * np.sqrt(1 - keep**2), seconds)
    values = np.empty(seconds)
    now = random.normal(0, spread)
    for second in range(seconds):
        values[second] = now
        now = keep * now + steps[second]
    return values


def packed(requests: Requests, seconds: int) -> list[Packed]:
    """Return the requests that were due in each second."""
    took_ns = (requests.took_s * 1e9).astype(np.int64)
    bins = FINE.of(took_ns)
    cuts = np.searchsorted(requests.due_s, np.arange(seconds + 1))
    blocks = []
    for begin, end in pairwise(cuts.tolist()):
        filled, counts = np.unique(bins[begin:end], return_counts=True)
        took = took_ns[begin:end]
        number = int(took.size)
        blocks.append(
            Packed(
                filled=filled.astype(np.uint16),
                counts=counts.astype(np.uint32),
                counted=number,
                censored=0,
                aged=0,
                youngest_ns=LONGEST_NS,
                oldest_ns=0,
                min_ns=int(took.min()) if number else LONGEST_NS,
                max_ns=int(took.max()) if number else 0,
                sum_ns=int(took.sum()),
            )
        )
    return blocks


def blocks(parts: Sequence[Packed], *, start_s: float = 0.0) -> list[Block]:
    """Return seconds as a run's own; all that was due in one was answered in it."""
    made = []
    for at, part in enumerate(parts):
        histogram = Histogram()
        histogram.merge(part)
        second = Second(t_s=start_s + at, segment=0, done=part.counted)
        made.append(Block(second, histogram, histogram, part.counted, part.counted))
    return made


def settled_segment(requests: Requests, seconds: int, *, live: bool = False) -> SegmentFigures:
    """Return the figures of requests that were steady all the time, by the engine's own books."""
    batches, histogram = Batches(), Histogram()
    for part in packed(requests, seconds):
        batches.add(part, part.counted)
        histogram.merge(part)
    latency = certainty(histogram, batches, seconds=seconds, live=live).on(
        histogram.latency(longest_s=TIMEOUT_S)
    )
    return SegmentFigures(
        index=0,
        start_s=0.0,
        end_s=float(seconds),
        load=Load(mode="open", rate=1000.0, arrivals="poisson"),
        state="settled",
        settled_at_s=0.0,
        requests=histogram.counted,
        throughput_rps=histogram.counted / seconds,
        throughput_ci95_rps=throughput_interval(batches),
        latency_s=LatencySet(response=latency, service=latency),
        client=ClientFigures(verdict="ok"),
        unstable=unstable(batches),
    )
