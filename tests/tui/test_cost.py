"""What the console says it costs."""

from __future__ import annotations

import pytest

from tui.cost import Cost, Meter


def test_a_second_is_said_when_it_has_passed() -> None:
    meter = Meter()
    assert meter.read(10.0) == Cost()
    for tick in range(10):
        meter.wrote(1000)
        meter.ticked(10.0 + tick * 0.1, painted=tick != 3, next_s=10.1 + tick * 0.1)
    assert meter.read(10.9) == Cost()
    cost = meter.read(11.0)
    assert cost.bytes_per_s == pytest.approx(10_000)
    assert cost.frames_per_s == pytest.approx(9)
    assert cost.skipped_per_s == pytest.approx(1)
    assert cost.late_s == pytest.approx(0, abs=1e-9)
    assert meter.read(12.0).bytes_per_s == 0


def test_a_late_tick_is_late_by_what_it_is_behind_the_one_before() -> None:
    meter = Meter()
    meter.read(0.0)
    for now in (0.0, 0.1, 0.45, 0.55):
        meter.ticked(now, painted=True, next_s=now + 0.1)
    assert meter.read(1.0).late_s == pytest.approx(0.25)


def test_a_tick_at_another_pace_is_not_late_for_that() -> None:
    meter = Meter()
    meter.read(0.0)
    meter.ticked(0.0, painted=True, next_s=0.1)
    meter.new_pace()
    meter.ticked(0.4, painted=True, next_s=0.8)
    meter.ticked(0.85, painted=True, next_s=1.25)
    assert meter.read(1.0).late_s == pytest.approx(0.05)
