"""Settings in turn, with a clock that is set: which is in force, what counts, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.books.columns import Columns
from engine.books.columns import columns as work_out
from engine.errors import UsageError
from engine.experiments import doubling, switchback_run
from engine.experiments.outcome import LegFigures, Setting
from engine.experiments.trials import check_time, doubling_turns, previous_load, switchback_turns
from engine.experiments.turns import Turns
from engine.plan import Load
from tests.engine.books.columns import MS, S

A = Setting(name="A", load=Load(concurrency=64), workers=1)
B = Setting(name="B", load=Load(concurrency=128), workers=1)
TOOK_MS = {"A": 10.0, "B": 12.0}


def answers(start_ns: int, end_ns: int, took_ms: float, *, status: int = 200, every_ns: int = MS) -> Columns:
    """Return answers of a closed loop to requests that were due in a stretch of time."""
    written = np.arange(start_ns, end_ns, every_ns, dtype=np.int64)
    last = written + round(took_ms * MS)
    return work_out(written, written, last, np.full(written.size, status, np.uint16))


def seconds(at_ns: int) -> float:
    """Return seconds since the run began, which was at 0."""
    return at_ns / S


def through(turns: Turns, *, late: float = 0.0, bound: frozenset[int] = frozenset()) -> list[tuple[float, str]]:
    """Go through all turns on a clock of tenths; return when which setting was put in force.

    Args:
        turns: The turns.
        late: How many seconds after a switch latency is still that of the other setting.
        bound: Legs in which the generator is the bottleneck.
    """
    turns.enforced(0)
    switched: list[tuple[float, str]] = [(0.0, turns.wanted.name)]
    changed_ns, before = -(10**12), "A"
    for tenth in range(1, 10_000):
        now_ns = tenth * S // 10
        name = turns.wanted.name
        started_ns = now_ns - S // 10
        old = started_ns - changed_ns < late * S
        turns.take(answers(started_ns, now_ns, TOOK_MS[before if old else name]))
        if turns.tick(now_ns, started_ns, client_bound=turns.leg in bound):
            if turns.wanted.name != name:
                changed_ns, before = now_ns, name
            switched.append((seconds(now_ns), turns.wanted.name))
            turns.enforced(now_ns)
        if turns.is_over(now_ns, started_ns):
            return switched
    raise AssertionError("it never ended")


def test_settings_are_in_force_for_a_gap_and_a_period_each() -> None:
    turns = Turns((A, B, B, A), period_s=10, gap_s=2, first_gap_s=2)
    assert turns.left_s(0) == 48.0
    assert through(turns) == [(0.0, "A"), (12.0, "B"), (24.0, "B"), (36.0, "A")]
    assert turns.left_s(40 * S) == 8.0


def test_what_is_due_in_the_gap_counts_for_nobody() -> None:
    turns = Turns((A, B), period_s=2, gap_s=1, first_gap_s=1)
    through(turns)
    first, second = turns.figures(seconds)
    assert [(leg.start_s, leg.end_s) for leg in (first, second)] == [(1.0, 3.0), (4.0, 6.0)]
    assert (first.requests, first.throughput_rps) == (2000, 1000.0)
    assert first.p50_s == pytest.approx(0.010, rel=0.001)
    assert second.p99_s == pytest.approx(0.012, rel=0.001)


def test_a_leg_is_complete_when_all_that_was_due_in_it_has_ended() -> None:
    turns = Turns((A,), period_s=2, gap_s=1, first_gap_s=1, timeout_s=10)
    turns.enforced(0)
    turns.take(answers(0, 4 * S, 10))
    assert not turns.tick(4 * S, 2 * S)
    assert turns.all_sent(4 * S)
    assert not turns.is_over(4 * S, 2 * S)
    assert turns.is_over(4 * S, 3 * S)
    assert turns.is_over(13 * S, 2 * S)  # what is slower than the time-out is not coming


def test_requests_without_an_answer_are_slow_and_failed_answers_have_no_time() -> None:
    turns = Turns((A,), period_s=1, gap_s=0, first_gap_s=0)
    turns.enforced(0)
    turns.take(answers(0, S, 10, every_ns=2 * MS))
    turns.take(answers(0, S, 1, status=503, every_ns=2 * MS))
    turns.take(answers(0, S // 50, 9000, status=0, every_ns=MS))
    (leg,) = turns.figures(seconds)
    assert (leg.requests, leg.p99_s) == (1000, 10.0)
    assert leg.p50_s == pytest.approx(0.010, rel=0.001)


def test_the_gap_is_what_the_first_switch_needs() -> None:
    quick = Turns((A, B) * 3, period_s=10, gap_s=2, first_gap_s=5)
    through(quick)
    assert quick.gap_s == 2.0
    slow = Turns((A, B) * 3, period_s=10, gap_s=2, first_gap_s=5)
    switched = through(slow, late=3.5)
    assert slow.gap_s == 4.0
    assert switched[:3] == [(0.0, "A"), (15.0, "B"), (30.0, "A")]
    assert switched[-1][0] < 30.0 + 3 * 15.0
    hopeless = Turns((A, B) * 3, period_s=10, gap_s=2, first_gap_s=5)
    through(hopeless, late=7.0)
    assert hopeless.gap_s == 5.0


def test_a_setting_that_takes_time_to_be_in_force_begins_its_leg_then() -> None:
    turns = Turns((A, B), period_s=1, gap_s=1, first_gap_s=1)
    turns.enforced(0)
    assert turns.tick(2 * S, 2 * S)
    assert (turns.is_measuring(2 * S), turns.wanted.name, turns.leg) == (None, "B", 2)
    assert not turns.tick(5 * S, 5 * S)  # the workers are not there yet
    turns.enforced(6 * S)
    assert (turns.is_measuring(6 * S), turns.is_measuring(7 * S)) == (False, True)
    assert not turns.is_over(7 * S, 7 * S)
    assert turns.is_over(8 * S, 8 * S)


def abba(pairs: int = 6, **through_what: object) -> tuple[LegFigures, ...]:
    """Return the legs of an experiment whose truth is +20 %."""
    turns = switchback_turns(A, B, pairs=pairs, period_s=1, gap_s=1, timeout_s=10, seed=5)
    through(turns, **through_what)  # type: ignore[arg-type]
    return turns.figures(seconds)


def test_abba_finds_what_the_setting_does_whatever_else_wanders() -> None:
    p99, p50, throughput = switchback_run.effects(abba())
    assert (p99.kind, p50.kind, throughput.kind) == ("real", "real", "same")
    assert p50.change_pct == pytest.approx(20, abs=0.5)
    assert p50.pairs == 6
    assert any("caused by the setting" in reason for reason in p50.reasons)
    assert switchback_run.notes(abba()) == ()


def test_pairs_in_which_it_was_us_do_not_count() -> None:
    legs = abba(pairs=8, bound=frozenset({1, 16}))
    assert {effect.pairs for effect in switchback_run.effects(legs)} == {6}
    assert "in 2 of 16 legs the generator was the bottleneck" in switchback_run.notes(legs)[0]
    legs = abba(pairs=6, bound=frozenset({3}))
    assert {effect.kind for effect in switchback_run.effects(legs)} == {"cannot-tell"}


def test_a_baseline_that_moved_is_said() -> None:
    legs = [LegFigures(setting="A" if i % 2 == 0 else "B", p50_s=0.01 * 1.02**i, p99_s=0.02) for i in range(12)]
    assert "the baseline moved: p50 of A was +22 % at the end" in switchback_run.notes(legs)[0]


def leg(name: str, rps: float, p50_ms: float, p99_ms: float, **more: object) -> LegFigures:
    """Return a leg's figures."""
    return LegFigures(
        setting=name,  # type: ignore[arg-type]
        throughput_rps=rps,
        p50_s=p50_ms / 1e3,
        p99_s=p99_ms / 1e3,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("b", "cores", "words"),
    [
        ((leg("B", 1900, 5, 10), leg("B", 1850, 5, 10)), 4, "IT WAS US; run with --workers 2"),
        ((leg("B", 1000, 8, 20), leg("B", 1000, 8, 20)), 4, "IT WAS US"),
        ((leg("B", 1000, 10, 20), leg("B", 1000, 10, 20)), 4, "NOT US"),
        ((leg("B", 1200, 10, 20), leg("B", 1000, 10, 20)), 4, "NOT US"),  # the pairs do not agree
        ((leg("B", 1000, 10, 17), leg("B", 1000, 10, 17)), 4, "NOT US"),  # a p99 of seconds varies so much
        ((leg("B", 1000, 10, 12), leg("B", 1000, 10, 12)), 4, "IT WAS US"),
        ((leg("B", 700, 14, 40), leg("B", 700, 14, 40)), 4, "NOT US"),
        ((leg("B", 1000, 10, 20), leg("B", 1000, 10, 20)), 1, "CAN'T TELL: 2 workers share 1 core;"),
    ],
)
def test_twice_the_workers_tell_whose_fault_it_was(
    b: tuple[LegFigures, LegFigures], cores: int, words: str
) -> None:
    a = leg("A", 1000, 10, 20, client_bound=True)  # which is the question, and no reason to leave it out
    effects = doubling.effects((a, *b, a))
    assert words in doubling.words(effects, workers=1, cores=cores, client_bound=True)


def test_without_answers_nobody_can_tell() -> None:
    none = LegFigures(setting="A")
    effects = doubling.effects((none, none, none, none))
    assert "CAN'T TELL: too few answers" in doubling.words(effects, workers=1, cores=4, client_bound=False)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UsageError, match="both settings are c=64"):
        switchback_turns(A, A, pairs=6, period_s=1, gap_s=1, timeout_s=10, seed=None)
    with pytest.raises(UsageError, match="5 pairs: a verdict needs 6"):
        switchback_turns(A, B, pairs=5, period_s=1, gap_s=1, timeout_s=10, seed=None)
    turns = switchback_turns(A, B, pairs=6, period_s=10, gap_s=2, timeout_s=10, seed=None)
    check_time(turns, None)
    with pytest.raises(UsageError, match="takes about 180 s, and the run ends in 60 s"):
        check_time(turns, 60.0)
    one = Setting(name="A", load=Load(concurrency=1), workers=1)
    with pytest.raises(UsageError, match="2 workers cannot share 1 connection"):
        doubling_turns(one, Setting(name="B", load=one.load, workers=2), period_s=1, gap_s=1, timeout_s=10)


def test_the_previous_load_is_the_newest_other_one() -> None:
    one, two, three = (Load(concurrency=number) for number in (1, 2, 3))
    assert previous_load([one, two, three, three], three) == two
    assert previous_load([three], three) is None
