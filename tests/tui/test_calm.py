"""How often the console looks, by what it costs."""

from __future__ import annotations

import asyncio

import pytest

from tests.tui.fake_feed import FakeFeed, snapshot
from tui.app import ConsoleApp
from tui.calm import RAREST, Calm


@pytest.mark.parametrize(
    ("readings", "every"),
    [
        ([9.0, 9.0], 1),
        ([9.0, 9.0, 9.0], 2),
        ([9.0, 9.0, 5.0, 9.0, 9.0], 1),
        ([9.0] * 5, 2),
        ([9.0] * 6, 4),
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


def test_the_clock_goes_slowly_where_looks_cost_much_and_fast_where_somebody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.screens.run.READ_S", 0.0)

    async def drive() -> None:
        app = ConsoleApp(FakeFeed([snapshot(60, console_cpu_pct=9.0)]))
        ticks = 0
        async with app.run_test(size=(120, 40)) as pilot:
            screen = app.run_screen
            tick = screen.tick

            def counted() -> bool:
                nonlocal ticks
                ticks += 1
                return tick()

            monkeypatch.setattr(screen, "tick", counted)
            async with asyncio.timeout(30):
                while screen._pace_s < RAREST * screen.period_s:
                    await pilot.pause(0.05)
                before = ticks
                while ticks < before + 2:  # it goes on, after every change
                    await pilot.pause(0.05)
                screen.wake()
                assert screen._pace_s == screen.period_s
                screen.awake_until_s = 0.0
                while screen._pace_s == screen.period_s:
                    await pilot.pause(0.05)

    asyncio.run(drive())
