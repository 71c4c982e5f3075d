"""What a segment's seconds say of ourselves: gathered from frames and looks, for `engine.stats.client`."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
from msgspec import Struct

from engine import wire
from engine.figures import ClientFigures
from engine.histogram import MINIMUM_SAMPLES, Nanoseconds
from engine.plan import Load
from engine.stats.client import RECENT, STOOD_OF_MEDIAN, OwnSecond, combined, judge_recent

SERVICE_SAMPLES: Final = 500
"""Of a frame: its median has to be known to some percent only, and at 200,000 requests a second."""


class OwnLook(Struct, frozen=True):
    """A look at our own processes, about a second after the one before.

    Attributes:
        span_s: Time since then.
        cpu_pct: CPU of each worker, in percent of a core.
        waiting_pct: Share of the time in which the worker that waited most waited for a core.
        turn_s: How long such a wait was on average.
        throttled_pct: Share of the time in which our group was held back by its quota.
    """

    span_s: float
    cpu_pct: tuple[float, ...]
    waiting_pct: float = 0.0
    turn_s: float = 0.0
    throttled_pct: float = 0.0


class SelfCheck:
    """Watches the generator during one segment.

    Args:
        load: The segment's settings.
        start_ns: When it began.
        spins: Whether workers poll for the next send: then they never rest, and their CPU says nothing.

    Attributes:
        cpu_pct: CPU of the busiest worker, a value a look.
        waiting_pct: Waiting for a core, a value a look.
        stood_s: How long the slowest worker stood still, in all.
    """

    def __init__(self, load: Load, start_ns: int, *, spins: bool) -> None:
        self.cpu_pct: list[float] = []
        self.waiting_pct: list[float] = []
        self.stood_s = 0.0
        self._load = load
        self._start_ns = start_ns
        self._spins = spins
        self._recent: deque[OwnSecond] = deque(maxlen=RECENT)
        self._reasons: tuple[str, ...] = ()
        self._seconds = 0
        self._bound_s = 0
        self._told_ns: dict[int, int] = {}
        self._stood: dict[int, list[bytes]] = {}
        self._elapsed_ns: dict[int, int] = {}
        self._lags: list[bytes] = []
        self._free = True
        self._service: list[Nanoseconds] = []

    def add_frame(self, frame: wire.Frame) -> None:
        """Take what a worker's frame says of itself; one that began before the segment says nothing of it."""
        before_ns = self._told_ns.get(frame.worker)
        self._told_ns[frame.worker] = frame.at_ns
        if before_ns is None or before_ns < self._start_ns:
            return
        self._stood.setdefault(frame.worker, []).append(frame.stood)
        self._elapsed_ns[frame.worker] = self._elapsed_ns.get(frame.worker, 0) + frame.at_ns - before_ns
        self._lags.append(frame.lag)
        self._free = self._free and frame.in_flight < frame.open
        self._service.append(_sampled_service(frame))

    def look(self, look: OwnLook, median_s: float | None) -> None:
        """End a second.

        Args:
            look: At our processes.
            median_s: Median response time in it; None where nothing was answered.
        """
        busiest = max(look.cpu_pct, default=None)
        if busiest is not None:
            self.cpu_pct.append(busiest)
        self.waiting_pct.append(look.waiting_pct)
        lags = np.frombuffer(b"".join(self._lags), np.int64)
        service_s = _median_s(self._service)
        stood_s = max((_stood_s(pieces, service_s) for pieces in self._stood.values()), default=0.0)
        elapsed_s = sum(self._elapsed_ns.values()) / max(len(self._elapsed_ns), 1) / 1e9
        self.stood_s += stood_s
        self._recent.append(
            OwnSecond(
                cpu_pct=None if self._spins else busiest,
                waiting_pct=look.waiting_pct,
                turn_s=look.turn_s,
                lag_p99_s=_p99_s(lags),
                stood_pct=100 * stood_s / max(look.span_s, 1e-3),
                throttled_pct=look.throttled_pct,
                sent=lags.size,
                planned=(self._load.rate or 0.0) * elapsed_s,
                free=self._free,
                random=self._load.arrivals != "constant",
                median_s=median_s,
                service_s=service_s,
            )
        )
        self._reasons = judge_recent(tuple(self._recent))
        self._seconds += 1
        self._bound_s += bool(self._reasons)
        self._stood, self._elapsed_ns, self._lags, self._free = {}, {}, [], True
        self._service = []

    @property
    def is_bound(self) -> bool:
        """Whether the last seconds show that the generator is the bottleneck."""
        return bool(self._reasons)

    def verdict(self, whole: ClientFigures, *, is_over: bool) -> ClientFigures:
        """Return the segment's verdict.

        Args:
            whole: What all of it together says.
            is_over: Whether it has ended: then its last seconds are like the others.
        """
        recent = () if is_over and self._bound_s < self._seconds else self._reasons
        return combined(whole, recent, bound_s=self._bound_s, seconds=self._seconds)


def _sampled_service(frame: wire.Frame) -> Nanoseconds:
    """Return service times of a frame's answers, of some hundred where there are more."""
    last = np.frombuffer(frame.last, np.int64)
    step = max(1, last.size // SERVICE_SAMPLES)
    answered = np.frombuffer(frame.outcome, np.uint16)[::step] >= wire.FIRST_STATUS
    took: Nanoseconds = (last[::step] - np.frombuffer(frame.written, np.int64)[::step])[answered]
    return took


def _median_s(pieces: list[Nanoseconds]) -> float | None:
    together = np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
    return float(np.median(together)) / 1e9 if together.size else None


def _stood_s(pieces: list[bytes], median_s: float | None) -> float:
    """Return for how long a worker stood still, as far as that is long beside the median service time."""
    times_s = np.frombuffer(b"".join(pieces), np.int64) / 1e9
    return float(times_s[times_s > STOOD_OF_MEDIAN * (median_s or 0.0)].sum())


def _p99_s(lags_ns: Nanoseconds) -> float | None:
    """Return the 99th percentile of a second's lags; of too few for one, the median: one is no sign."""
    if not lags_ns.size:
        return None
    quantile = 0.99 if lags_ns.size >= MINIMUM_SAMPLES["p99"] else 0.5
    return float(np.quantile(lags_ns, quantile, method="inverted_cdf")) / 1e9
