"""What frames and looks say of ourselves, second by second."""

from __future__ import annotations

import msgspec

from engine import wire
from engine.books.selfcheck import OwnLook, SelfCheck
from engine.figures import ClientFigures
from engine.ourselves import Waited, read_throttled, waited
from engine.plan import Load
from tests.engine.books.columns import MS, S, frame

OPEN = Load(mode="open", rate=1000.0, arrivals="constant", concurrency=8)
OK = ClientFigures(verdict="ok")


def check(load: Load = OPEN, *, spins: bool = False) -> SelfCheck:
    """Return the self-check of a segment that began at 0."""
    return SelfCheck(load, 0, spins=spins)


def told(
    at_ns: int,
    *,
    worker: int = 0,
    sent: int = 100,
    lag_ns: int = 10_000,
    stood_ns: tuple[int, ...] = (),
    took_ns: int = 5 * MS,
) -> wire.Frame:
    """Return what a worker says after a tenth of a second."""
    return msgspec.structs.replace(
        frame(*[(at_ns - took_ns, at_ns, 200)] * 20, at_ns=at_ns, worker=worker),
        lag=wire.pack_times([lag_ns] * sent),
        stood=wire.pack_times(stood_ns),
        open=8,
        in_flight=2,
    )


def seconds(
    own: SelfCheck, number: int, *, median_s: float | None = 0.005, cpu: float = 20.0, **frames: object
) -> str:
    """Let seconds pass in which each frame says the same; return the verdict at the end."""
    first = len(own.cpu_pct)
    for second in range(first, first + number):
        for tenth in range(10):
            own.add_frame(told(second * S + (tenth + 1) * 100 * MS, **frames))  # type: ignore[arg-type]
        own.look(OwnLook(span_s=1.0, cpu_pct=(cpu, 5.0)), median_s)
    return own.verdict(OK, is_over=False).verdict


def test_a_quiet_generator_is_ok() -> None:
    own = check()
    assert seconds(own, 10) == "ok"
    assert own.cpu_pct == [20.0] * 10
    assert own.stood_s == 0.0


def test_standstills_count_where_they_are_long_beside_the_median() -> None:
    own = check()
    assert seconds(own, 1, stood_ns=(20 * MS,)) == "client-bound"
    assert round(own.stood_s, 3) == 0.180  # the first frame tells of the time before the segment
    own = check()
    assert seconds(own, 5, stood_ns=(20 * MS,), took_ns=500 * MS) == "ok"


def test_sends_that_are_missing_are_seen_although_none_was_late() -> None:
    assert seconds(check(), 5, sent=99) == "ok"
    assert seconds(check(), 5, sent=95) == "client-bound"


def test_the_first_frame_of_a_segment_is_of_the_one_before() -> None:
    own = SelfCheck(OPEN, 5 * S, spins=False)
    own.add_frame(told(5 * S - 50 * MS, stood_ns=(900 * MS,)))
    own.add_frame(told(5 * S + 50 * MS, stood_ns=(900 * MS,)))
    own.add_frame(told(5 * S + 150 * MS))
    own.look(OwnLook(span_s=1.0, cpu_pct=(10.0,)), 0.005)
    assert own.stood_s == 0.0


def test_two_workers_share_the_schedule() -> None:
    own = check()
    for second in range(5):
        for tenth in range(10):
            for worker in (0, 1):
                own.add_frame(told(second * S + (tenth + 1) * 100 * MS, worker=worker, sent=50))
        own.look(OwnLook(span_s=1.0, cpu_pct=(20.0, 20.0)), 0.005)
    assert own.verdict(OK, is_over=False).verdict == "ok"


def test_a_worker_that_polls_is_not_judged_by_its_cpu() -> None:
    assert seconds(check(spins=True), 5, cpu=100.0) == "ok"
    assert seconds(check(), 5, cpu=100.0) == "client-bound"


def test_a_verdict_goes_with_its_reason_and_a_segment_remembers() -> None:
    own = check()
    assert seconds(own, 5, cpu=99.0) == "client-bound"
    assert seconds(own, 7) == "client-bound"  # more than a tenth of its seconds
    assert seconds(own, 100) == "tight"
    over = own.verdict(OK, is_over=True)
    assert (over.verdict, over.bound_s) == ("tight", 7)


def test_a_segment_that_ends_while_it_was_us_keeps_that() -> None:
    own = check()
    seconds(own, 3, cpu=99.0)
    assert own.verdict(OK, is_over=True).verdict == "client-bound"


def test_what_the_kernel_says_of_our_waiting_is_read() -> None:
    import os

    own = waited(os.getpid())
    assert own is None or (own.turns > 0 and own.waiting_ns >= 0)
    assert waited(-1) is None
    assert Waited() == Waited(0, 0)
    assert read_throttled(["usage_usec 5", "nr_throttled 2", "throttled_usec 1500"]) == 1_500_000
    assert read_throttled(["usage_usec 5"]) is None
