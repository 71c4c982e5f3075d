"""The generator's self-check: was it the target that set the figures, or the one who measured?

A generator that is itself the bottleneck measures its own slowness. What betrays it is compared with two
thresholds; one signal past the higher of them is a warning, two that agree are a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from engine.figures import ClientFigures, Latency

Level: TypeAlias = Literal["good", "tight", "red"]


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on a signal is tight, and from where on red; neither includes the threshold itself."""

    tight: float
    red: float

    def level(self, value: float) -> Level:
        """Return where a value lies."""
        if value > self.red:
            return "red"
        return "tight" if value > self.tight else "good"


CPU_PCT: Final = Limits(60.0, 80.0)
"""CPU time of the busiest worker over wall time."""

CPU_EXHAUSTED_PCT: Final = 97.0
"""A worker that never waits is the limit by itself; no second signal is needed."""

LAG_S: Final = Limits(0.2e-3, 1e-3)
LAG_OF_MEDIAN: Final = Limits(0.02, 0.10)
"""Pacing lag, p99: the larger of a time and a share of the median response time. Lag is part of the response
time, so that what is small beside the median does no harm."""

IDLE: Final = Limits(0.05, 0.15)
"""Share of the time in which a closed loop's connections carried no request, by Little's law."""


@dataclass(frozen=True, slots=True)
class _Signal:
    level: Level
    reason: str


def judge(
    *,
    worker_cpu_pct: float | None,
    lag_p99_s: float | None,
    response: Latency,
    closed_loop: bool,
    concurrency: int,
    throughput_rps: float,
) -> ClientFigures:
    """Return what the generator says of itself.

    Args:
        worker_cpu_pct: CPU of the busiest worker, in percent of a core; None where it is not known.
        lag_p99_s: By how much sends were late although a connection was free; None without a schedule.
        response: Response times.
        closed_loop: Whether each connection always has a request on it, so that Little's law tells by how
            much it has not.
        concurrency: Connections.
        throughput_rps: Answers a second, of those whose times are in `response`.
    """
    idle = _idle(response, concurrency, throughput_rps) if closed_loop else None
    found = (_cpu(worker_cpu_pct), _lag(lag_p99_s, response.p50 or 0.0), _gap(idle))
    signals = [signal for signal in found if signal is not None]
    if not signals:
        return ClientFigures(cpu_pct=worker_cpu_pct)
    reds = [signal.reason for signal in signals if signal.level == "red"]
    tights = [signal.reason for signal in signals if signal.level == "tight"]
    exhausted = worker_cpu_pct is not None and worker_cpu_pct > CPU_EXHAUSTED_PCT
    verdict: Literal["ok", "tight", "client-bound"] = "tight" if reds or tights else "ok"
    if exhausted or len(reds) >= 2:
        verdict = "client-bound"
    return ClientFigures(verdict=verdict, reasons=(*reds, *tights), cpu_pct=worker_cpu_pct)


def _cpu(cpu_pct: float | None) -> _Signal | None:
    if cpu_pct is None:
        return None
    return _Signal(
        CPU_PCT.level(cpu_pct), f"the busiest worker used {cpu_pct:.0f} % of its core: add --workers"
    )


def _lag(lag_s: float | None, median_s: float) -> _Signal | None:
    if lag_s is None:
        return None
    limits = Limits(
        max(LAG_S.tight, LAG_OF_MEDIAN.tight * median_s), max(LAG_S.red, LAG_OF_MEDIAN.red * median_s)
    )
    return _Signal(
        limits.level(lag_s),
        f"1 % of the sends were over {lag_s * 1e3:.2f} ms late: add --workers or lower --rate",
    )


def _gap(idle: float | None) -> _Signal | None:
    if idle is None:
        return None
    return _Signal(IDLE.level(idle), f"connections sat idle {100 * idle:.0f} % of the time: add --workers")


def _idle(response: Latency, concurrency: int, throughput_rps: float) -> float | None:
    if response.mean is None or response.censored or concurrency < 1:
        return None
    return 1 - throughput_rps * response.mean / concurrency
