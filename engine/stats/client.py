"""The generator's self-check: was it the target that set the figures, or the one who measured?

A generator that is itself the bottleneck measures its own slowness. What betrays it is held against two
thresholds, over the whole segment and over its last seconds. Over a segment, one signal past the higher
threshold is a warning, two that agree are a verdict. The last seconds tell it while it happens: a signal that
is red in three of five, two that are red at once in two of five, or a worker that stood still for a fiftieth of
them. So the verdict comes within five seconds, and goes again; a segment keeps it that was so for a tenth of
its time.

Signals are chosen so that a slow target raises none of them. Waiting for a connection is the target's doing, or
the user's; what is small beside the response time does no harm; and how long a worker waited for a core counts
only where that is long beside the median service time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from engine.figures import ClientFigures, Latency

Level: TypeAlias = Literal["good", "tight", "red"]
ClientVerdict: TypeAlias = Literal["ok", "tight", "client-bound", "not-judged"]


class Limits(Struct, frozen=True):
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

EXHAUSTED_PCT: Final = 97.0
"""A worker that never sleeps, because it runs or waits for a core, is the limit by itself."""

LAG_S: Final = Limits(0.2e-3, 1e-3)
LAG_OF_MEDIAN: Final = Limits(0.02, 0.10)
"""Pacing lag, p99: the larger of a time and a share of the median response time. Lag is part of the response
time, so that what is small beside the median does no harm."""

IDLE: Final = Limits(0.05, 0.15)
"""Share of the time in which a closed loop's connections carried no request, by Little's law."""

WAITING_PCT: Final = Limits(1.0, 5.0)
TURN_OF_MEDIAN: Final = Limits(0.05, 0.15)
"""Waiting for a core: its share of the time, and each wait beside the median service time; both have to be."""

STOOD_PCT: Final = Limits(0.2, 1.0)
"""Share of the time in which a worker's loop did not come round: beyond 1 %, p99 is its own."""

STOOD_OF_MEDIAN: Final = 0.1
"""A standstill that is shorter than this share of the median service time does no harm."""

STOOD_CERTAIN_PCT: Final = 2.0
"""Of the last seconds: a tenth of a second in five. No second signal is needed."""

THROTTLED_PCT: Final = Limits(0.1, 0.5)
"""Share of the time in which our group's CPU quota held us back."""

OF_CEILING: Final = Limits(0.5, 0.8)
"""Throughput over what the same workers reach against a server that does nothing."""

SENT_SHARE: Final = Limits(0.005, 0.01)
"""Share of an open loop's sends that did not happen although connections were free."""

RECENT: Final = 5
"""Seconds that are looked at together."""

PERSISTENT: Final = 3
AGREEING: Final = 2
LASTING: Final = 0.1
"""Share of a segment's seconds that were CLIENT-BOUND from which on all of it is."""


class OwnSecond(Struct, frozen=True):
    """What is known of ourselves in one second.

    Attributes:
        cpu_pct: CPU of the busiest worker; None where it says nothing, because it polls.
        waiting_pct: Share of the time in which the worker that waited most waited for a core.
        turn_s: How long such a wait was on average.
        lag_p99_s: By how much sends were late although a connection was free; None without any.
        stood_pct: Share of the time in which the slowest worker's loop did not come round.
        throttled_pct: Share of the time in which our group was held back.
        sent: Requests of a schedule that were sent.
        planned: Requests that it planned; 0 in a closed loop.
        free: Whether connections were free all the time.
        random: Whether the gaps of the schedule are random, and so the number of sends.
        median_s: Median response time; None where nothing was answered.
        service_s: Median service time: a backlog, which may be ours, is not in it. None likewise.
    """

    cpu_pct: float | None = None
    waiting_pct: float = 0.0
    turn_s: float = 0.0
    lag_p99_s: float | None = None
    stood_pct: float = 0.0
    throttled_pct: float = 0.0
    sent: int = 0
    planned: float = 0.0
    free: bool = False
    random: bool = True
    median_s: float | None = None
    service_s: float | None = None


class _Signal(Struct, frozen=True):
    name: str
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
    waiting_pct: float = 0.0,
    stood_pct: float = 0.0,
    ceiling_rps: float | None = None,
) -> ClientFigures:
    """Return what the generator says of itself over a whole segment.

    Args:
        worker_cpu_pct: CPU of the busiest worker, in percent of a core; None where it is not known.
        lag_p99_s: By how much sends were late although a connection was free; None without a schedule.
        response: Response times.
        closed_loop: Whether each connection always has a request on it, so that Little's law tells by how
            much it has not.
        concurrency: Connections.
        throughput_rps: Answers a second, of those whose times are in `response`.
        waiting_pct: Share of the time in which a worker waited for a core.
        stood_pct: Share of the time in which a worker's loop did not come round.
        ceiling_rps: What the generator reaches against a server that does nothing; None where not measured.
    """
    idle = _idle(response, concurrency, throughput_rps) if closed_loop else None
    found = (
        _cpu(worker_cpu_pct),
        _lag(lag_p99_s, response.p50 or 0.0),
        _gap(idle),
        _stood(stood_pct) if stood_pct else None,
        _headroom(throughput_rps, ceiling_rps) if ceiling_rps else None,
    )
    signals = [signal for signal in found if signal is not None]
    if not signals:
        return ClientFigures(cpu_pct=worker_cpu_pct, ceiling_rps=ceiling_rps)
    reds = [signal.reason for signal in signals if signal.level == "red"]
    tights = [signal.reason for signal in signals if signal.level == "tight"]
    verdict: ClientVerdict = "tight" if reds or tights else "ok"
    if len(reds) >= 2 or (worker_cpu_pct is not None and worker_cpu_pct + waiting_pct > EXHAUSTED_PCT):
        verdict = "client-bound"
        if not reds:
            reds = [
                f"the busiest worker never rests: it runs {worker_cpu_pct:.0f} % of the time and waits "
                f"for a core the rest of it: give it one, with --cpus"
            ]
    return ClientFigures(
        verdict=verdict, reasons=(*reds, *tights), cpu_pct=worker_cpu_pct, ceiling_rps=ceiling_rps
    )


def judge_recent(seconds: Sequence[OwnSecond]) -> tuple[str, ...]:
    """Return why the generator is the bottleneck now; empty where it is not.

    Args:
        seconds: The last seconds, oldest first; no more than `RECENT` of them are looked at.
    """
    seconds = seconds[-RECENT:]
    if not seconds:
        return ()
    certain: list[str] = []
    stood_pct = sum(second.stood_pct for second in seconds) / max(len(seconds), RECENT)
    if stood_pct > STOOD_CERTAIN_PCT:
        certain.append(_stood(stood_pct).reason)
    short = _short(seconds)
    if short is not None and short.level == "red" and len(seconds) >= PERSISTENT:
        certain.append(short.reason)
    red = [[signal for signal in signals_of(second) if signal.level == "red"] for second in seconds]
    times = Counter(signal.name for signals in red for signal in signals)
    agreed = sum(1 for signals in red if len({signal.name for signal in signals}) > 1) >= AGREEING
    newest = {signal.name: signal.reason for signals in red for signal in signals}
    needed = {
        "cpu": RECENT + 1,
        "exhausted": AGREEING,
    }  # a busy worker alone is no proof, one that never rests is
    lasting = [name for name, number in times.items() if number >= needed.get(name, PERSISTENT)]
    if agreed:
        lasting = list(newest)
    return tuple(dict.fromkeys([*certain, *(newest[name] for name in newest if name in lasting)]))


def signals_of(second: OwnSecond) -> list[_Signal]:
    """Return what one second shows."""
    found = (
        _cpu(second.cpu_pct),
        _exhausted(second),
        _lag(second.lag_p99_s, second.median_s or 0.0),
        _waiting(second),
        _stood(second.stood_pct),
        _throttled(second.throttled_pct),
    )
    return [signal for signal in found if signal is not None]


def combined(whole: ClientFigures, recent: Iterable[str], *, bound_s: int, seconds: int) -> ClientFigures:
    """Return the verdict on a segment from that on all of it and those on its seconds.

    Args:
        whole: What all of it together says.
        recent: Why the generator is the bottleneck now; nothing where it is not, or the segment is over.
        bound_s: Seconds in which it was.
        seconds: Seconds that were judged.
    """
    now = tuple(recent)
    reasons = tuple(dict.fromkeys([*now, *whole.reasons]))
    verdict: ClientVerdict = whole.verdict
    if now:
        verdict = "client-bound"
    elif bound_s:
        remark = f"the generator was the bottleneck for {bound_s} s of {seconds} s"
        verdict = "client-bound" if bound_s >= LASTING * seconds or whole.verdict == "client-bound" else "tight"
        reasons = (remark, *reasons)
    return replace(whole, verdict=verdict, reasons=reasons, bound_s=bound_s)


def _cpu(cpu_pct: float | None) -> _Signal | None:
    if cpu_pct is None:
        return None
    reason = f"the busiest worker used {cpu_pct:.0f} % of its core: add --workers"
    return _Signal("cpu", CPU_PCT.level(cpu_pct), reason)


def _exhausted(second: OwnSecond) -> _Signal | None:
    if second.cpu_pct is None:
        return None
    busy = second.cpu_pct + second.waiting_pct
    if busy <= EXHAUSTED_PCT:
        return None
    reason = f"the busiest worker never rests ({second.cpu_pct:.0f} % of its core): add --workers"
    if second.waiting_pct > WAITING_PCT.red:
        reason = (
            f"the busiest worker never rests: it runs {second.cpu_pct:.0f} % of the time and waits for a core "
            f"{second.waiting_pct:.0f} %: give it a core of its own, with --cpus"
        )
    return _Signal("exhausted", "red", reason)


def _lag(lag_s: float | None, median_s: float) -> _Signal | None:
    if lag_s is None:
        return None
    limits = Limits(
        max(LAG_S.tight, LAG_OF_MEDIAN.tight * median_s), max(LAG_S.red, LAG_OF_MEDIAN.red * median_s)
    )
    return _Signal(
        "lag",
        limits.level(lag_s),
        f"1 % of the sends were over {lag_s * 1e3:.2f} ms late: add --workers or lower --rate",
    )


def _gap(idle: float | None) -> _Signal | None:
    if idle is None:
        return None
    return _Signal(
        "idle", IDLE.level(idle), f"connections sat idle {100 * idle:.0f} % of the time: add --workers"
    )


def _waiting(second: OwnSecond) -> _Signal | None:
    if not second.service_s:
        return None
    levels = (WAITING_PCT.level(second.waiting_pct), TURN_OF_MEDIAN.level(second.turn_s / second.service_s))
    level: Level = "good" if "good" in levels else "tight" if "tight" in levels else "red"
    reason = (
        f"a worker waited for a core {second.waiting_pct:.0f} % of the time, {second.turn_s * 1e3:.2g} ms each "
        "time: give it a core of its own, with --cpus"
    )
    return _Signal("waiting", level, reason)


def _stood(stood_pct: float) -> _Signal:
    reason = f"a worker stood still for {stood_pct:.1f} % of the time: something held it up on this machine"
    return _Signal("stood", STOOD_PCT.level(stood_pct), reason)


def _headroom(throughput_rps: float, ceiling_rps: float) -> _Signal:
    share = throughput_rps / ceiling_rps
    reason = f"{100 * share:.0f} % of what this generator can reach ({ceiling_rps:.0f}/s): add --workers"
    return _Signal("ceiling", OF_CEILING.level(share), reason)


def _throttled(throttled_pct: float) -> _Signal:
    reason = f"the CPU quota of our group held us back {throttled_pct:.1f} % of the time: raise it"
    return _Signal("throttled", THROTTLED_PCT.level(throttled_pct), reason)


def _short(seconds: Sequence[OwnSecond]) -> _Signal | None:
    """Return whether fewer requests were sent than planned, although connections were free."""
    planned = sum(second.planned for second in seconds)
    if not planned or not all(second.free for second in seconds):
        return None
    # The number of a Poisson schedule's arrivals has a spread of its own: the root of it.
    luck = 4 * math.sqrt(planned) if seconds[-1].random else 1.0
    sent = sum(second.sent for second in seconds)
    share = (planned - luck - sent) / planned
    reason = f"only {100 * sent / planned:.1f} % of what was due was sent: add --workers or lower --rate"
    return _Signal("short", SENT_SHARE.level(share), reason)


def _idle(response: Latency, concurrency: int, throughput_rps: float) -> float | None:
    if response.mean is None or response.censored or concurrency < 1:
        return None
    return 1 - throughput_rps * response.mean / concurrency
