"""Slow requests held against what happened, as the news of both come in."""

from __future__ import annotations

import numpy as np
import pytest

from engine.books.columns import Columns, columns
from engine.books.tails import MOST_KEPT, Tails
from engine.figures import TailFigures

MS = 1_000_000


def requests(*pairs_ms: tuple[float, float]) -> Columns:
    """Return requests from (begin, end) in milliseconds, in the order of their ends."""
    both = (np.array(sorted(pairs_ms, key=lambda pair: pair[1])) * MS).astype(np.int64)
    return columns(both[:, 0], both[:, 0], both[:, 1], np.full(len(both), 200, np.uint16))


def tails() -> Tails:
    """Return tails in whose segment 0 more than 10 ms is slow."""
    made = Tails(0)
    made.happened("gc-pause", [], 0)
    made.watch(0, 0.010)
    return made


def cause(figures: TailFigures | None, what: str = "gc-pause") -> tuple[int, float, float]:
    """Return slow requests, share and chance of a cause."""
    assert figures is not None
    found = next(entry for entry in figures.causes if entry.what == what)
    return found.slow, found.share, found.chance


def test_slow_requests_in_a_pause_stand_beside_chance() -> None:
    made = tails()
    made.add(0, requests((100, 102), (190, 215), (195, 220), (500, 520), (700, 701)))
    assert made.figures(0) is None  # nothing is known of that time yet
    assert made.happened("gc-pause", [(200 * MS, 210 * MS)], 1000 * MS) == {0}
    slow, share, chance = cause(made.figures(0))
    assert slow == 3
    assert share == pytest.approx(2 / 3)
    # A request of 25 ms overlaps a pause of 10 ms if it begins within 35 ms of 1000.
    assert chance == pytest.approx((35 + 35 + 30) / 3 / 1000)
    assert made.figures(0) == made.figures(0)
    assert made.figures(1) is None


def test_requests_wait_until_every_source_has_told_about_their_time() -> None:
    made = tails()
    made.happened("poll", [], 0)
    made.add(0, requests((100, 120), (600, 620)))
    made.happened("gc-pause", [(110 * MS, 111 * MS)], 500 * MS)
    assert cause(made.figures(0))[:2] == (1, 1.0)
    made.happened("poll", [(610 * MS, 615 * MS)], 1000 * MS)
    assert cause(made.figures(0), "poll")[:2] == (2, 0.5)
    made.happened("gc-pause", [], 1000 * MS)
    assert cause(made.figures(0))[:2] == (2, 0.5)


def test_a_pause_that_began_before_the_stretch_counts() -> None:
    made = tails()
    made.happened("gc-pause", [(90 * MS, 130 * MS)], 130 * MS)
    made.add(0, requests((100, 140)))
    made.happened("gc-pause", [], 500 * MS)
    assert cause(made.figures(0))[:2] == (1, 1.0)


def test_before_anything_is_known_nothing_is_kept() -> None:
    made = Tails(0)
    made.watch(0, 0.010)
    made.add(0, requests((0, 100)))
    made.happened("gc-pause", [(50 * MS, 60 * MS)], 200 * MS)
    assert made.figures(0) is None


def test_a_source_that_falls_silent_costs_no_memory() -> None:
    made = tails()
    made.happened("poll", [], 0)
    for second in range(1, 200):
        made.add(0, requests(*((second * 1000 + n, second * 1000 + n + 20) for n in range(500))))
        made.happened("poll", [], (second + 1) * 1000 * MS)
    assert made._kept <= MOST_KEPT
    assert sum(slow.last.size for slow in made._waiting) == made._kept
    # When it speaks again, what is still there is judged.
    made.happened("gc-pause", [], 200_000 * MS)
    slow, share, _ = cause(made.figures(0))
    assert slow == pytest.approx(MOST_KEPT, abs=600)
    assert share == 0
    assert not made._waiting
