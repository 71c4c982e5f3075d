from __future__ import annotations

import pytest

from engine.books import polls
from engine.books.polls import Polls
from engine.snapshot import Looking

S = 1_000_000_000
MS = 1_000_000


def test_the_cost_is_of_the_last_ten_seconds() -> None:
    looked = Polls()
    for second in range(30):
        looked.add(second * S, second * S + (50 if second < 20 else 2) * MS)
    cost = looked.cost(30 * S, on=True)
    assert cost.polls_per_s == pytest.approx(1.0)
    assert cost.poll_s == pytest.approx(0.002)


def test_a_young_run_is_not_taken_for_ten_seconds() -> None:
    looked = Polls()
    assert looked.cost(5 * S, on=True) == Looking()
    for turn in range(4):
        looked.add(turn * S // 2, turn * S // 2 + MS)
    assert looked.cost(2 * S, on=False) == Looking(on=False, polls_per_s=2.0, poll_s=0.001)


def test_only_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "KEPT", 100)
    looked = Polls()
    for turn in range(1000):
        looked.add(turn, turn + 1)
    began, ended = looked.intervals()
    assert len(began) == len(ended) <= 100
    assert began[-1] == 999 and list(began) == sorted(began)
