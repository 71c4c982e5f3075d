"""The settled part of a segment: what counts, from when on, and what ends it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.blocks import Block
from engine.figures import Second
from engine.histogram import Histogram
from engine.ledger import Ledger
from engine.plan import Load
from engine.settled import KEPT_WHEN_SETTLED, SettledPart, Turn
from engine.snapshot import Target
from tests.engine.columns import MS, S, frame


def block(t_s: float, median_ms: float, *, done: int = 1000, span_s: float = 1.0) -> Block:
    """Return a block whose response times lie around a median."""
    histogram = Histogram()
    noise = np.random.default_rng(round(t_s * 10)).lognormal(0, 0.3, 1000)
    histogram.add((median_ms * 1e6 * noise).astype(np.int64))
    return Block(Second(t_s=t_s, span_s=span_s, segment=0, done=done), histogram, histogram)


def warm_up(t_s: float) -> float:
    """Return a median that begins at 10 ms and settles at 2 ms."""
    return 2 * (1 + 4 * math.exp(-t_s / 4))


def watch(part: SettledPart, seconds: range, median_ms: float | None = None) -> list[Turn]:
    """Feed a settled part second by second."""
    turns = (part.take(block(t, median_ms or warm_up(t))) for t in seconds)
    return [turn for turn in turns if turn is not None]


def test_the_warm_up_is_left_out_of_the_figures_once_it_is_over() -> None:
    part = SettledPart(closed_loop=True)
    (turn,) = watch(part, range(60))
    assert turn.kind == part.state == "settled"
    assert part.since_s == turn.since_s
    assert 10 <= turn.since_s <= 30
    assert part.span_s == 60 - turn.since_s
    assert part.done == 1000 * part.span_s
    latency = part.response.latency(longest_s=10)
    assert latency.count == part.done
    assert latency.p50 == pytest.approx(0.002, rel=0.03)


def test_states_lead_from_starting_over_warming_to_settled() -> None:
    part = SettledPart(closed_loop=True)
    states: list[str] = []
    for t in range(60):
        part.take(block(t, warm_up(t)))
        if not states or states[-1] != part.state:
            states.append(part.state)
    assert states[0] == "starting"
    assert states[1] == "warming"
    assert states[-1] == "settled"


def test_a_throughput_that_drifts_keeps_a_closed_loop_from_settling() -> None:
    closed, opened = SettledPart(closed_loop=True), SettledPart(closed_loop=False)
    for t in range(60):
        drifting = block(t, 2.0, done=round(1000 * math.exp(0.01 * t)))
        closed.take(drifting)
        opened.take(drifting)
    assert closed.since_s is None
    assert opened.state == "settled"


def test_a_shift_ends_the_settled_part_and_another_begins() -> None:
    part = SettledPart(closed_loop=True)
    turns = watch(part, range(40), 2.0) + watch(part, range(40, 100), 3.0)
    assert [turn.kind for turn in turns] == ["settled", "shifted", "settled"]
    assert turns[1].since_s == pytest.approx(40, abs=3)
    assert turns[1].size == pytest.approx(math.log(1.5), abs=0.05)
    latency = part.response.latency(longest_s=10)
    assert latency.p50 == pytest.approx(0.003, rel=0.03)
    assert part.since_s is not None
    assert part.since_s >= 38


def test_a_second_without_answers_gives_no_point_and_is_still_counted() -> None:
    part = SettledPart(closed_loop=True)
    watch(part, range(40), 2.0)
    span_s = part.span_s
    stalled = Block(Second(t_s=40.0, segment=0), Histogram(), Histogram())
    assert part.take(stalled) is None
    assert part.state == "settled"
    assert part.span_s == span_s + 1


def test_what_is_kept_for_later_is_bounded() -> None:
    part = SettledPart(closed_loop=True)
    watch(part, range(200), 2.0)
    assert len(part._kept) <= KEPT_WHEN_SETTLED


def test_the_ledger_tells_when_a_segment_settles_and_lets_that_one_speak() -> None:
    books = Ledger(0, timeout_s=10.0, target=Target(url="u"))
    books.begin(Load(concurrency=4), 0)
    for second in range(40):
        at = second * S
        due = [
            (at + i * MS, at + i * MS + (2 * MS if second > 3 else 9 * MS) + i % 7, 200)
            for i in range(0, 1000, 5)
        ]
        books.add_frame(frame(*due, at_ns=at + S))
        books.settle(at + S)
    assert [event.kind for event in books.events] == ["settled"]
    assert "segment #1, since 0:0" in books.events[0].text
    books.begin(Load(concurrency=8), 40 * S)
    books.add_frame(frame((40 * S, 40 * S + MS, 200), at_ns=41 * S))
    assert books.result() == 0
    figures = books.figures(41 * S)[0]
    assert figures.state == "settled"
    assert figures.settled_at_s is not None
    assert figures.settled_at_s >= 4
    assert figures.latency_s.response.max == pytest.approx(0.002, rel=0.01)
    assert figures.throughput_rps == pytest.approx(200, rel=0.01)
    assert figures.requests == 8000
