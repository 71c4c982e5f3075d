"""The settled part of a segment: what counts, from when on, and what ends it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.books.blocks import Block
from engine.books.ledger import Ledger
from engine.books.settled import KEPT_WHEN_SETTLED, SettledPart, Turn
from engine.figures import Hindsight, Second
from engine.histogram import Histogram
from engine.plan import Load
from engine.snapshot import Target
from tests.engine.books.columns import MS, S, frame


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


def test_what_it_was_is_said_when_it_is_over() -> None:
    part = SettledPart(closed_loop=False)
    watch(part, range(20), 4.0)
    watch(part, range(20, 80), 2.0)
    assert part.steadiness().hindsight is None
    seen = part.steadiness(over=True).hindsight
    assert seen == Hindsight("warm-up", 20.0)
    assert part.steadiness(over=True).hindsight is seen, "it takes milliseconds, and what is over is said often"


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


def test_a_settled_part_says_what_its_warm_up_cost_and_how_long_it_took() -> None:
    part = SettledPart(closed_loop=True)
    watch(part, range(60))
    said = part.steadiness()
    assert said.settle_s == part.since_s
    assert said.progress == 1.0
    assert said.warmup is not None
    # From 10 ms at the begin to 2 ms: 5 times the level in the first second.
    assert said.warmup.first_second_pct == pytest.approx(400, rel=0.1)
    assert said.warmup.first_ten_seconds_pct == pytest.approx(
        100 * np.mean([4 * math.exp(-t / 4) for t in range(10)]), rel=0.1
    )


def test_while_warming_it_says_which_way_it_goes() -> None:
    part = SettledPart(closed_loop=True)
    watch(part, range(10))
    said = part.steadiness()
    assert (part.state, said.direction, said.reason) == ("warming", "falling", "latency is still falling")
    assert said.warmup is None


def test_after_a_shift_it_says_so_until_it_has_settled_anew() -> None:
    part = SettledPart(closed_loop=True)
    watch(part, range(40), 2.0)
    turns = watch(part, range(40, 53), 3.0)
    assert [turn.kind for turn in turns] == ["shifted"]
    states: list[str] = [part.state]
    said = part.steadiness()
    assert said.shift_pct == pytest.approx(50, abs=6)
    assert said.shift_at_s == pytest.approx(40, abs=3)
    watch(part, range(53, 100), 3.0)
    assert [*states, part.state] == ["shifted", "settled"]


def test_after_two_minutes_without_a_steady_level_it_says_why() -> None:
    part = SettledPart(closed_loop=False)
    turns = [part.take(block(t, 2.0 * math.exp(0.3 * (t % 20) / 20))) for t in range(130)]
    assert part.state == "no-steady-state"
    (turn,) = [turn for turn in turns if turn is not None]
    assert (turn.kind, turn.since_s) == ("no-steady-state", 0.0)
    assert "cycles with a period of 20 s" in turn.text
    assert part.steadiness().period_s == pytest.approx(20, abs=1)


def test_seconds_with_few_answers_are_put_together_for_a_point() -> None:
    part = SettledPart(closed_loop=False)
    for t in range(60):
        histogram = Histogram()
        histogram.add(np.full(20, 2_000_000 + 1000 * (t % 3), np.int64))
        part.take(Block(Second(t_s=float(t), segment=0, done=20), histogram, histogram))
    assert len(part._points_s) == 20
    assert part.state == "settled"


def test_once_it_is_over_only_what_was_said_is_kept() -> None:
    part, whole = SettledPart(closed_loop=True), Histogram()
    watch(part, range(60), 2.0)
    before = part.certainty(whole, live=False)
    part.conclude(whole)
    assert part.certainty(whole, live=False) is before
    assert before.ci95
    assert not part._kept


def overloaded_books(*, rate: int, capacity: int, seconds: int) -> Ledger:
    """Return books of an open loop whose target answers at most so many a second, one after the other."""
    books = Ledger(0, timeout_s=10.0, target=Target(url="u"))
    books.begin(Load(mode="open", rate=float(rate), concurrency=4096, arrivals="constant"), 0)
    ended = [(number * S // rate, (number + 1) * S // capacity) for number in range(rate * seconds)]
    ended = [(due, max(end, due + MS)) for due, end in ended]
    for second in range(seconds):
        at_ns = (second + 1) * S
        now = [(due, end, 200) for due, end in ended if at_ns - S <= end < at_ns]
        books.add_frame(frame(*now, at_ns=at_ns))
        waiting = [due for due, end in ended if end >= at_ns and due < at_ns]
        books.settle(min(waiting, default=at_ns), at_ns)
    return books


def test_an_open_loop_that_asks_too_much_is_overloaded_within_fifteen_seconds() -> None:
    books = overloaded_books(rate=240, capacity=100, seconds=15)
    assert [event.kind for event in books.events] == ["overloaded"]
    assert "the target can do about 100/s" in books.events[0].text
    figures = books.figures(15 * S)[0]
    assert figures.state == "overloaded"
    assert figures.steadiness.backlog is not None
    assert figures.steadiness.backlog.capacity_rps == pytest.approx(100, rel=0.03)
    assert figures.steadiness.backlog.growth_rps == pytest.approx(140, rel=0.03)
    response = figures.latency_s.response
    assert response.count > 0
    assert response.p50 is response.p99 is response.mean is None
    assert response.ci95 == {}


def test_an_open_loop_that_is_answered_is_not_overloaded() -> None:
    books = overloaded_books(rate=100, capacity=240, seconds=30)
    assert "overloaded" not in [event.kind for event in books.events]
    figures = books.figures(30 * S)[0]
    assert figures.latency_s.response.p50 is not None
    assert figures.latency_s.response.ci95["p50"][0] > 0
