"""What comes one by one, taken together."""

from __future__ import annotations

from statistics import fmean

import pytest

from engine.books.tally import Tally
from engine.figures import MeanMax


def test_nothing_known_is_nothing_said() -> None:
    tally = Tally()
    tally.add(None)
    assert (tally.number, tally.mean, tally.max, tally.min, tally.mean_max()) == (0, None, None, None, None)


def test_what_is_not_known_is_no_zero() -> None:
    tally = Tally()
    for value in (4.0, None, -2.0, None, 7.0):
        tally.add(value)
    assert (tally.number, tally.min, tally.max) == (3, -2.0, 7.0)
    assert tally.mean == pytest.approx(fmean([4.0, -2.0, 7.0]))
    assert tally.mean_max() == MeanMax(mean=3.0, max=7.0)


def test_a_zero_is_known() -> None:
    tally = Tally()
    tally.add(0)
    assert (tally.mean, tally.max, tally.min) == (0.0, 0, 0)
