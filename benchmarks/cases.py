"""The accuracy cases: work whose truth is known, from a closed form or from the oracle's own trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from benchmarks import truths
from benchmarks.work import PERCENTILES
from tests.targets.oracle import Trace

Truth: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of work.

    Attributes:
        name: As the measurement handbook calls it.
        about: What it is, in a line.
        path: Of the oracle.
        concurrency: Connections; in an open loop the most there may be: enough, or it would not be open.
        seconds: How long it takes; `quick_seconds` in the short form.
        truth: What should be measured, given the trace and how long the run was.
        rate: Requests a second, or None for a closed loop.
        users: Closed loop of the tools that keep no rate, in a case that has one; None leaves them out.
        arrivals: Gaps of the open loop.
        pass_mark: Largest error that loadtop may have, as a share.
    """

    name: str
    about: str
    path: str
    concurrency: int
    seconds: int
    quick_seconds: int
    truth: Callable[[Trace, int], Truth]
    pass_mark: float
    rate: int | None = None
    users: int | None = None
    arrivals: Literal["poisson", "constant"] = "constant"


def from_trace(trace: Trace, seconds: int) -> Truth:
    """Return what the oracle took: what a client sees, less the way there and back."""
    took = trace.took
    return dict(zip(PERCENTILES, (took.p50, took.p90, took.p99, took.p999), strict=True))


def _stalls(stalled_s: float, period_s: float | None, load: float) -> Callable[[Trace, int], Truth]:
    def truth(trace: Trace, seconds: int) -> Truth:
        quantiles = zip(PERCENTILES, truths.QUANTILES, strict=True)
        period = seconds if period_s is None else period_s
        return {name: truths.stall(stalled_s, period, load, quantile) for name, quantile in quantiles}

    return truth


CASES: Final = (
    Case("V1", "constant delay of 10 ms, closed loop", "/delay?ms=10", 16, 10, 3, from_trace, 0.03),
    Case(
        "V2a",
        "lognormal delay, median 10 ms, sigma 1, closed loop",
        "/lognormal?ms=10",
        64,
        20,
        5,
        from_trace,
        0.02,
    ),
    Case(
        "V2b", "98 % in 1 ms, 2 % in 50 ms, closed loop", "/bimodal?ms=1&slow=50", 64, 20, 5, from_trace, 0.10
    ),
    Case(
        "V3",
        "64 queues M/M/1 at 70 %, service 5 ms, open loop of 8960/s",
        "/queue?ms=5&queues=64",
        1024,
        20,
        5,
        from_trace,
        0.02,
        rate=8960,
        arrivals="poisson",
    ),
    Case(
        "V5",
        "one stall of 1 s, service 0.2 ms, open loop of 1000/s",
        "/queue?ms=0.2&law=constant&stall_at=2&stall=1",
        1100,
        60,
        6,
        _stalls(1.0, None, 0.2),
        0.02,
        rate=1000,
        users=50,
    ),
    Case(
        "V6",
        "a stall of 100 ms every 5 s, service 0.2 ms, open loop of 1000/s",
        "/queue?ms=0.2&law=constant&stall_at=2.5&stall=0.1&every=5",
        256,
        60,
        10,
        _stalls(0.1, 5.0, 0.2),
        0.03,
        rate=1000,
        users=50,
    ),
    Case(
        "V7", "closed loop of 50 at one exponential server of 1 ms", "/queue?ms=1", 50, 30, 4, from_trace, 0.01
    ),
    Case(
        "10k",
        "constant delay of 2 ms, open loop of 10,000/s, below saturation",
        "/delay?ms=2",
        256,
        10,
        3,
        from_trace,
        0.10,
        rate=10_000,
    ),
)
NAMES: Final = tuple(case.name for case in CASES)
SHORT: Final = ("V1", "V5", "V7", "10k")
"""The cases that say most in least time."""
