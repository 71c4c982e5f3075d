"""The generator's self-check, signal by signal and together."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.figures import ClientFigures, Latency
from engine.stats.client import OwnSecond, combined, judge, judge_recent

MS = 1e-3


def judged(**signals: Any) -> ClientFigures:
    """Return the verdict on what is given, of a closed loop of ten connections at 1 000 requests a second."""
    known: dict[str, Any] = {
        "worker_cpu_pct": None,
        "lag_p99_s": None,
        "response": Latency(),
        "closed_loop": True,
        "concurrency": 10,
        "throughput_rps": 1000.0,
    }
    return judge(**{**known, **signals})


def took(mean_ms: float, **figures: Any) -> Latency:
    """Return response times of a mean; with ten connections at 1 000 a second, 10 ms leave no gap."""
    return Latency(count=1000, mean=mean_ms * MS, **figures)


def late(lag_ms: float, median_ms: float | None) -> dict[str, Any]:
    """Return the signals of an open loop that sends late."""
    p50 = None if median_ms is None else median_ms * MS
    return {"lag_p99_s": lag_ms * MS, "response": Latency(count=1000, p50=p50), "closed_loop": False}


@pytest.mark.parametrize(
    ("signals", "verdict"),
    [
        ({}, "not-judged"),
        ({"worker_cpu_pct": 60.0}, "ok"),
        ({"worker_cpu_pct": 60.1}, "tight"),
        ({"worker_cpu_pct": 80.1}, "tight"),
        ({"worker_cpu_pct": 97.0}, "tight"),
        ({"worker_cpu_pct": 97.1}, "client-bound"),
        (late(0.19, 1.0), "ok"),
        (late(0.21, 1.0), "tight"),
        (late(0.21, None), "tight"),
        (late(0.5, 50.0), "ok"),
        (late(4.0, 50.0), "tight"),
        (late(6.0, 50.0), "tight"),
        (late(0.9, 1.0) | {"worker_cpu_pct": 90.0}, "tight"),
        (late(1.1, 1.0) | {"worker_cpu_pct": 70.0}, "tight"),
        (late(1.1, 1.0) | {"worker_cpu_pct": 90.0}, "client-bound"),
        (late(4.0, 50.0) | {"worker_cpu_pct": 90.0}, "tight"),
        ({"ceiling_rps": 2000.0}, "ok"),
        ({"ceiling_rps": 1990.0}, "tight"),
        ({"ceiling_rps": 1240.0}, "tight"),
        ({"ceiling_rps": 1240.0, "worker_cpu_pct": 79.0}, "tight"),
        ({"ceiling_rps": 1240.0, "worker_cpu_pct": 81.0}, "client-bound"),
        ({"response": took(9.6)}, "ok"),
        ({"response": took(10.4)}, "ok"),
        ({"response": took(9.4)}, "tight"),
        ({"response": took(8.4)}, "tight"),
        ({"response": took(8.4), "worker_cpu_pct": 90.0}, "client-bound"),
        ({"response": took(8.6), "worker_cpu_pct": 90.0}, "tight"),
        ({"response": took(8.4), "worker_cpu_pct": 90.0, "closed_loop": False}, "tight"),
        ({"response": took(8.4, censored=1)}, "not-judged"),
        ({"response": took(8.4, censored=1), "worker_cpu_pct": 50.0}, "ok"),
    ],
)
def test_two_reds_or_a_worker_that_never_waits_make_a_verdict(signals: dict[str, Any], verdict: str) -> None:
    found = judged(**signals)
    assert found.verdict == verdict
    assert bool(found.reasons) == (verdict in ("tight", "client-bound"))
    assert found.cpu_pct == signals.get("worker_cpu_pct")


def test_reasons_name_the_value_and_what_to_do_the_worst_first() -> None:
    found = judged(**late(1.4, 1.0), worker_cpu_pct=72.4)
    assert found.reasons == (
        "1 % of the sends were over 1.40 ms late: add --workers or lower --rate",
        "the busiest worker used 72 % of its core: add --workers",
    )
    assert judged(response=took(8.0)).reasons == ("connections sat idle 20 % of the time: add --workers",)


QUIET = OwnSecond(
    cpu_pct=30.0, lag_p99_s=0.05 * MS, sent=500, planned=500.0, free=True, median_s=5 * MS, service_s=5 * MS
)
"""A second of an open loop in which nothing is wrong."""


def bound(*seconds: OwnSecond) -> bool:
    """Return whether the last of these seconds is called CLIENT-BOUND."""
    return bool(judge_recent(seconds))


def odd(**signals: Any) -> OwnSecond:
    """Return a second with something wrong in it."""
    return replace(QUIET, **signals)


@pytest.mark.parametrize(
    ("signals", "after"),
    [
        ({"lag_p99_s": 2 * MS}, 3),
        ({"lag_p99_s": 2 * MS, "cpu_pct": 85.0}, 2),
        ({"cpu_pct": 85.0}, None),
        ({"cpu_pct": 98.0}, 2),
        ({"cpu_pct": 50.0, "waiting_pct": 49.0}, 2),
        ({"waiting_pct": 20.0, "turn_s": 1 * MS}, 3),
        ({"waiting_pct": 20.0, "turn_s": 0.1 * MS}, None),  # small beside the median
        ({"waiting_pct": 4.0, "turn_s": 3 * MS}, None),
        ({"throttled_pct": 1.0}, 3),
        ({"stood_pct": 1.5}, 3),
        ({"stood_pct": 0.9}, None),
        ({"sent": 450}, 5),
        ({"sent": 450, "free": False}, None),  # it waited for connections
        ({"sent": 480}, None),  # within the luck of a Poisson schedule
        ({"sent": 480, "random": False}, 2),
        ({"lag_p99_s": 2 * MS, "median_s": 50 * MS}, None),
        ({"waiting_pct": 50.0, "turn_s": 6 * MS, "median_s": 3.0, "service_s": 28 * MS}, 3),  # a backlog
        ({"cpu_pct": None, "lag_p99_s": 2 * MS}, 3),
        ({"cpu_pct": None, "lag_p99_s": None, "median_s": None}, None),
    ],
)
def test_it_is_said_within_five_seconds_or_not_at_all(signals: dict[str, Any], after: int | None) -> None:
    seconds = [QUIET] * 10 + [odd(**signals)] * 5
    said = [count for count in range(1, 6) if bound(*seconds[: 10 + count])]
    assert (said[0] if said else None) == after
    if after is not None:
        assert said == list(range(after, 6))


def test_a_standstill_of_a_fifth_of_a_second_is_certain_and_forgotten_after_five() -> None:
    seconds = [QUIET] * 10 + [odd(stood_pct=19.5)] + [QUIET] * 10
    assert [bound(*seconds[: count + 1]) for count in range(8, 17)] == [False] * 2 + [True] * 5 + [False] * 2
    assert not bound(*[QUIET] * 10, odd(stood_pct=8.0))


def test_it_goes_again_when_the_seconds_are_good_again() -> None:
    seconds = [odd(cpu_pct=99.0)] * 10 + [QUIET] * 10
    assert [bound(*seconds[:count]) for count in (10, 13, 14, 15)] == [True, True, False, False]
    assert judge_recent(()) == ()


def test_reasons_of_the_last_seconds_name_what_to_do() -> None:
    (reason,) = judge_recent([odd(throttled_pct=2.0)] * 5)
    assert reason == "the CPU quota of our group held us back 2.0 % of the time: raise it"
    (reason,) = judge_recent([odd(waiting_pct=30.0, turn_s=2 * MS)] * 5)
    assert reason.startswith("a worker waited for a core 30 % of the time, 2 ms each time")
    assert "only 90.0 % of what was due was sent" in judge_recent([odd(sent=450)] * 5)[0]


OK = ClientFigures(verdict="ok", cpu_pct=20.0)


@pytest.mark.parametrize(
    ("recent", "bound_s", "seconds", "verdict"),
    [
        ((), 0, 60, "ok"),
        (("now",), 1, 60, "client-bound"),
        ((), 5, 60, "tight"),
        ((), 6, 60, "client-bound"),
        ((), 5, 30, "client-bound"),
    ],
)
def test_a_segment_is_what_a_tenth_of_its_seconds_were(
    recent: tuple[str, ...], bound_s: int, seconds: int, verdict: str
) -> None:
    found = combined(OK, recent, bound_s=bound_s, seconds=seconds)
    assert (found.verdict, found.bound_s, found.cpu_pct) == (verdict, bound_s, 20.0)
    if bound_s and not recent:
        assert found.reasons == (f"the generator was the bottleneck for {bound_s} s of {seconds} s",)
