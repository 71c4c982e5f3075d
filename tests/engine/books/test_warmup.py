"""What figures leave out when the user says so."""

from __future__ import annotations

import pytest

from engine.books.ledger import Ledger
from engine.errors import UsageError
from engine.figures import SegmentFigures
from engine.plan import Load, Warmup, parse_warmup
from engine.snapshot import Target
from tests.engine.books.columns import MS, S, frame

NONE = Warmup(kind="none")


def after(warmup: Warmup, *, seconds: int = 40, warm: int = 5) -> SegmentFigures:
    """Return the figures of a closed loop of 200 answers a second that are slow for so many seconds."""
    books = Ledger(0, timeout_s=10.0, target=Target(url="u"), warmup=warmup)
    books.begin(Load(concurrency=2), 0)
    for second in range(seconds):
        took = (20 if second < warm else 5) * MS
        at = second * S
        due = [(at + i * 5 * MS, at + i * 5 * MS + took + i, 200) for i in range(195)]
        books.add_frame(frame(*due, at_ns=at + S))
        books.settle(at + S)
    (figures,) = books.whole_figures(seconds * S)
    return figures


@pytest.mark.parametrize(
    ("warmup", "counted_from_s", "count"),
    [
        (NONE, 0.0, 40 * 195),
        (Warmup(kind="time", time_s=5.0), 5.0, 35 * 195),
        (Warmup(kind="time", time_s=4.2), 5.0, 35 * 195),
        (Warmup(kind="answers", answers=195), 1.0, 39 * 195),
        (Warmup(kind="answers", answers=196), 2.0, 38 * 195),
        (Warmup(kind="time", time_s=100.0), None, 40 * 195),
        (Warmup(kind="answers", answers=10**6), None, 40 * 195),
    ],
)
def test_so_much_is_left_out_and_no_more(warmup: Warmup, counted_from_s: float | None, count: int) -> None:
    figures = after(warmup)
    assert figures.state == "settled"  # what is left out changes nothing about that
    assert figures.counted_from_s == counted_from_s
    assert figures.latency_s.response.count == count
    assert figures.requests == 40 * 195
    assert figures.throughput_rps == pytest.approx(195, rel=0.01)


def test_by_itself_it_leaves_out_what_came_before_it_settled() -> None:
    figures = after(Warmup())
    assert figures.counted_from_s == figures.settled_at_s
    assert figures.settled_at_s is not None
    assert figures.settled_at_s >= 4.0
    assert figures.latency_s.response.p99 == pytest.approx(0.005, rel=0.01)
    assert after(NONE).latency_s.response.p99 == pytest.approx(0.020, rel=0.01)


def test_intervals_are_of_the_part_that_counts() -> None:
    figures = after(Warmup(kind="time", time_s=10.0))
    low, high = figures.latency_s.response.ci95["p50"]
    assert low <= 0.005 <= high < 0.006
    assert figures.throughput_ci95_rps is not None
    assert after(Warmup(kind="time", time_s=100.0)).latency_s.response.ci95 == {}


def test_calibrated_p99_leaves_out_the_same() -> None:
    calibration = after(Warmup(kind="time", time_s=10.0)).calibration
    assert calibration is not None
    assert calibration.raw_p99_s == pytest.approx(0.020, rel=0.01)
    assert calibration.calibrated_p99_s == pytest.approx(0.005, rel=0.01)
    assert [(one.what, one.count) for one in calibration.left_out] == [("warm-up", 10 * 195)]


def test_the_last_segment_long_enough_speaks_for_the_run() -> None:
    books = Ledger(0, timeout_s=10.0, target=Target(url="u"), warmup=Warmup(kind="time", time_s=2.0))
    for start, end in ((0, 4), (4, 5)):
        books.begin(Load(concurrency=2), start * S)
        for second in range(start, end):
            books.add_frame(frame((second * S, second * S + MS, 200), at_ns=(second + 1) * S))
    books.close(5 * S)
    assert books.result() == 0


@pytest.mark.parametrize(
    ("text", "warmup"),
    [
        ("auto", Warmup()),
        ("None", NONE),
        ("10s", Warmup(kind="time", time_s=10.0)),
        ("1m30s", Warmup(kind="time", time_s=90.0)),
        ("500ms", Warmup(kind="time", time_s=0.5)),
        ("5000", Warmup(kind="answers", answers=5000)),
        ("10k", Warmup(kind="answers", answers=10_000)),
    ],
)
def test_it_is_typed_as_a_word_a_time_or_a_number(text: str, warmup: Warmup) -> None:
    assert parse_warmup(text) == warmup


@pytest.mark.parametrize("text", ["", "soon", "0", "0s", "-3s", "10 parsecs", "1.5"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is none of auto, none"):
        parse_warmup(text)
