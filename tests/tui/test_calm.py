"""How often the console looks, by what it costs."""

from __future__ import annotations

import pytest

from tui.calm import Calm


@pytest.mark.parametrize(
    ("readings", "every"),
    [
        ([9.0, 9.0], 1),
        ([9.0, 9.0, 9.0], 2),
        ([9.0, 9.0, 5.0, 9.0, 9.0], 1),
        ([9.0] * 6, 3),
        ([9.0] * 60, 4),
        ([6.0] * 60, 1),
        ([9.0] * 3 + [4.0] * 60, 2),
        ([9.0] * 6 + [2.0] * 3, 2),
        ([9.0] * 6 + [2.0] * 6, 1),
        ([9.0] * 3 + [2.0, 2.0, 3.0, 2.0], 2),
    ],
)
def test_a_console_that_costs_much_looks_less_often_until_there_is_room(
    readings: list[float], every: int
) -> None:
    calm = Calm()
    for reading in readings:
        calm.hear(reading)
    assert calm.every == every


def test_who_asked_for_a_rate_gets_it() -> None:
    calm = Calm(None)
    for _ in range(10):
        calm.hear(90.0)
    assert calm.every == 1
