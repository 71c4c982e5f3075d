"""The closed forms, against the printed tables of queueing theory and each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import pytest

from benchmarks import truths
from benchmarks.truths import QUANTILES

pytestmark = pytest.mark.live

Row: TypeAlias = tuple[float, float, float, float]

MM1: Final[dict[float, Row]] = {
    0.5: (1.386, 4.605, 9.210, 13.816),
    0.7: (2.310, 7.675, 15.351, 23.026),
    0.8: (3.466, 11.513, 23.026, 34.539),
    0.9: (6.931, 23.026, 46.052, 69.078),
}
DM1: Final[dict[float, Row]] = {
    0.5: (0.870, 2.890, 5.779, 8.669),
    0.7: (1.300, 4.320, 8.640, 12.960),
    0.8: (1.866, 6.200, 12.400, 18.601),
    0.9: (3.590, 11.924, 23.849, 35.773),
}
MM4: Final[dict[float, Row]] = {
    0.5: (0.783, 2.450, 4.764, 7.068),
    0.7: (1.029, 2.976, 5.493, 7.902),
    0.8: (1.346, 3.776, 6.893, 9.880),
    0.9: (2.255, 6.424, 12.193, 17.950),
}
MD1: Final[dict[float, Row]] = {
    0.5: (1.000, 2.516, 4.336, 6.168),
    0.7: (1.730, 4.077, 7.485, 10.894),
    0.8: (2.276, 6.012, 11.356, 16.700),
    0.9: (4.013, 11.783, 22.898, 34.014),
}


def mm4(load: float, quantile: float) -> float:
    """Return a quantile for four servers."""
    return truths.mmc(load, 4, quantile)


@pytest.mark.parametrize("load", [0.5, 0.7, 0.8, 0.9])
@pytest.mark.parametrize(
    ("form", "table"), [(truths.mm1, MM1), (truths.dm1, DM1), (mm4, MM4), (truths.md1, MD1)]
)
def test_the_tables_come_out_to_the_last_digit(
    form: Callable[[float, float], float], table: dict[float, Row], load: float
) -> None:
    assert [f"{form(load, quantile):.3f}" for quantile in QUANTILES] == [
        f"{value:.3f}" for value in table[load]
    ]


def test_fifty_users_of_one_exponential_server() -> None:
    assert [f"{truths.erlang(50, quantile):.2f}" for quantile in QUANTILES] == [
        "49.67",
        "59.25",
        "67.90",
        "74.72",
    ]


def test_one_user_of_an_exponential_server_sees_its_service_time() -> None:
    for quantile in QUANTILES:
        assert truths.erlang(1, quantile) == pytest.approx(-math.log(1 - quantile), rel=1e-9)


def test_several_servers_that_are_one_are_one() -> None:
    for quantile in QUANTILES:
        assert truths.mmc(0.7, 1, quantile) == pytest.approx(truths.mm1(0.7, quantile), rel=1e-9)


def test_a_stall_of_a_second_in_a_minute() -> None:
    p98, p99, p999 = (truths.stall(1, 60, 0.2, quantile) for quantile in (0.98, 0.99, 0.999))
    assert (round(p98, 3), round(p99, 3), round(p999, 3)) == (0.040, 0.520, 0.952)
    assert truths.stall(1, 60, 0.2, 0.5) == 0


def test_a_stall_as_every_request_sees_it() -> None:
    """The fluid form against a server that is simulated request by request."""
    gap, service, length, stall_at, stalled = 0.001, 0.0002, 20.0, 5.0, 1.0
    times: list[float] = []
    free = 0.0
    for number in range(round(length / gap)):
        arrives = number * gap
        begins = max(arrives, free)
        if stall_at - service < begins < stall_at + stalled:
            begins = stall_at + stalled
        free = begins + service
        times.append(free - arrives)
    times.sort()
    for quantile in (0.97, 0.99, 0.999):
        simulated = times[math.ceil(quantile * len(times)) - 1]
        assert truths.stall(stalled, length, service / gap, quantile) == pytest.approx(simulated, abs=0.002)


def test_delays_without_a_queue() -> None:
    assert truths.lognormal(10, 1, 0.5) == pytest.approx(10)
    assert truths.lognormal(10, 1, 0.99) == pytest.approx(10 * math.exp(2.3263479), rel=1e-6)
    assert [truths.bimodal(1, 50, 0.02, quantile) for quantile in (0.5, 0.97, 0.99)] == [1, 1, 50]
