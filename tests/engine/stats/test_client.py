"""The generator's self-check, signal by signal and together."""

from __future__ import annotations

from typing import Any

import pytest

from engine.figures import ClientFigures, Latency
from engine.stats.client import judge

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
