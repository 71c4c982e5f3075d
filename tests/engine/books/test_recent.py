"""The moving second."""

from __future__ import annotations

import pytest

from engine import wire
from engine.books.recent import Recent
from tests.engine.books.columns import MS, S, columns


def test_a_steady_rate_reads_steady_however_frames_arrive() -> None:
    recent = Recent()
    seen = []
    for tick in range(1, 40):
        at = tick * 100 * MS + (tick % 3) * 7 * MS  # frames come a little late, by turns
        begin = 0 if tick == 1 else (tick - 1) * 100 * MS + ((tick - 1) % 3) * 7 * MS
        ended = [(t - MS, t, 200) for t in range(-(-begin // MS) * MS, at, MS)]
        recent.add(columns(*ended), bytes_in=1000 * len(ended), at_ns=at)
        seen.append(recent.read(at)[0])
    assert set(seen[12:]) == {1000.0}


def test_errors_and_bytes_and_latency_are_of_the_last_second_only() -> None:
    recent = Recent()
    timeout = wire.ERROR_CODE["timeout"]
    recent.add(columns(*[(0, 50 * MS, 200)] * 20), bytes_in=500, at_ns=90 * MS)
    recent.add(
        columns(*[(2 * S, 2 * S + 5 * MS, 200)] * 10, (0, 2 * S, timeout)), bytes_in=700, at_ns=2 * S + 10 * MS
    )
    rps, errors, received, latency = recent.read(2 * S + 900 * MS)
    assert (rps, errors, received) == (10.0, 1.0, 700.0)
    assert latency.count == 10
    assert latency.p50 == pytest.approx(0.005, rel=0.01)


def test_what_is_old_is_dropped() -> None:
    recent = Recent()
    for second in range(100):
        recent.add(columns((second * S, second * S + MS, 200)), bytes_in=0, at_ns=second * S)
    assert len(recent._steps) <= 22
