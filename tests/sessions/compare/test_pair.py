from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from engine.errors import Exit
from engine.figures import ClientFigures, Latency, LatencySet, SegmentFigures
from engine.plan import Load
from sessions.compare.compare import EXITS, compare_sessions
from sessions.compare.model import Comparison
from sessions.compare.points import points_of
from sessions.compare.weights import DEFAULT_WEIGHTS, parse_weights
from sessions.model import Session

MakeSession = Callable[..., Session]
MakeSegment = Callable[..., SegmentFigures]
WEIGHTS = parse_weights(DEFAULT_WEIGHTS)


@pytest.fixture
def make(make_session: MakeSession, make_segment: MakeSegment) -> Callable[..., Session]:
    """A session with a segment each of these p99s in milliseconds, known to within 2 %."""

    def made(name: str, *p99_ms: float, within: float = 0.02, rps: float = 10_000.0, **changes: Any) -> Session:
        segments = []
        for index, p99 in enumerate(p99_ms):
            value = p99 / 1e3
            around = {
                label: (value * share * (1 - within), value * share * (1 + within))
                for label, share in (("p50", 0.2), ("p90", 0.6), ("p99", 1.0))
            }
            response = Latency(
                count=600_000, p50=0.2 * value, p90=0.6 * value, p99=value, mean=0.3 * value, ci95=around
            )
            segments.append(
                make_segment(
                    index,
                    **{
                        "latency_s": LatencySet(response=response),
                        "throughput_rps": rps,
                        "throughput_ci95_rps": (rps * (1 - within / 2), rps * (1 + within / 2)),
                        **changes,
                    },
                )
            )
        return replace(make_session(segments=segments), name=name, id=f"20261123T040506Z-{name}")

    return made


def compared(*sessions: Session, **options: Any) -> Comparison:
    return compare_sessions(sessions, weights=WEIGHTS, **options)


@pytest.mark.parametrize(
    ("after_ms", "rps", "outcome", "code"),
    [
        (1.0, 10_000.0, "same", Exit.OK),
        (0.8, 10_000.0, "better", Exit.OK),
        (1.3, 10_000.0, "worse", Exit.WORSE),
        (1.0, 8_000.0, "worse", Exit.WORSE),  # throughput decides too
        (0.8, 8_000.0, "worse", Exit.WORSE),  # and is not made up for
        (1.05, 10_000.0, "worse", Exit.WORSE),  # changed: how much is unclear, that it is worse is not
    ],
)
def test_the_outcome_and_its_exit_code(
    after_ms: float, rps: float, outcome: str, code: Exit, make: Callable[..., Session]
) -> None:
    told = compared(make("before", 1.0), make("after", after_ms, rps=rps))
    assert told.outcome == outcome
    assert EXITS[told.outcome] == code


def test_what_is_too_wide_cannot_be_told_and_says_how_long_it_takes(make: Callable[..., Session]) -> None:
    told = compared(make("before", 1.0, within=0.2), make("after", 1.05, within=0.2))
    assert told.outcome == "cannot-tell"
    assert EXITS[told.outcome] == Exit.CANNOT_TELL
    change = next(change for change in told.points[0].changes if change.metric == "p99")
    assert change.needs_s is not None and change.needs_s > 60


def test_one_worse_operating_point_is_enough(make: Callable[..., Session]) -> None:
    told = compared(make("before", 1.0, 2.0, 3.0), make("after", 1.0, 2.6, 2.0))
    assert [point.outcome for point in told.points] == ["same", "worse", "better"]
    assert told.outcome == "worse"
    assert told.words.startswith("WORSE: p99 +30 %") and "at 128 conns; so at 1 of 3" in told.words


def test_operating_points_are_matched_by_settings_wherever_they_stand(
    make: Callable[..., Session],
) -> None:
    before, after = make("before", 1.0, 2.0), make("after", 1.0, 2.0)
    turned = replace(after, segments=tuple(reversed(after.segments)))
    told = compared(before, turned)
    assert [point.settings for point in told.points] == ["64 conns", "128 conns"]
    assert told.outcome == "same"
    alone = compared(before, replace(after, segments=after.segments[:1]))
    assert [point.settings for point in alone.points] == ["64 conns"]
    assert alone.unmatched == ("before: 128 conns",)


def test_the_last_settled_segment_speaks(make_session: MakeSession, make_segment: MakeSegment) -> None:
    load = Load(concurrency=8)
    states = ("settled", "settled", "warming")
    segments = [make_segment(index, load=load, state=state) for index, state in enumerate(states)]
    (speaks,) = points_of(make_session(segments=segments)).values()
    assert speaks.index == 1


def test_an_open_loop_is_matched_by_its_rate_not_by_its_connections(make: Callable[..., Session]) -> None:
    loads = [Load(mode="open", rate=2000, arrivals="poisson", concurrency=most) for most in (100, 4096)]
    told = compared(*(make(f"r{load.concurrency}", 1.0, load=load) for load in loads))
    assert told.outcome == "same"
    even = Load(mode="open", rate=2000, arrivals="constant", concurrency=100)
    assert compared(make("a", 1.0, load=loads[0]), make("b", 1.0, load=even)).outcome == "not-comparable"


def test_open_and_closed_loops_are_not_compared(make: Callable[..., Session]) -> None:
    opened = make("opened", 1.0, load=Load(mode="open", rate=2000, arrivals="poisson", concurrency=100))
    told = compared(make("closed", 1.0), opened)
    assert EXITS[told.outcome] == Exit.NOT_COMPARABLE
    assert "open and closed loops measure different things (closed is closed, opened is open)" in told.words
    assert told.points == ()


def test_nothing_in_common_and_nothing_measured_are_said(make: Callable[..., Session]) -> None:
    other = make("other", 1.0, load=Load(concurrency=7))
    assert "no operating point in common" in compared(make("one", 1.0), other).words
    assert "nothing was measured in empty" in compared(make("one", 1.0), make("empty")).words


def test_a_generator_that_was_the_bottleneck_is_not_compared(make: Callable[..., Session]) -> None:
    told = compared(make("before", 1.0), make("after", 0.5, client=ClientFigures(verdict="client-bound")))
    assert told.outcome == "not-comparable"
    assert "CLIENT-BOUND" in told.points[0].reasons[0]


def test_what_did_not_settle_cannot_be_told(make: Callable[..., Session]) -> None:
    told = compared(make("before", 1.0), make("after", 0.5, state="warming"))
    assert told.outcome == "cannot-tell"
    assert "after is warming, not settled" in told.points[0].reasons


def test_a_target_that_refuses_quickly_is_not_better(make: Callable[..., Session]) -> None:
    broken = make("after", 0.1, statuses={"200": 7_000_000, "503": 705_000})
    told = compared(make("before", 1.0), broken)
    assert told.outcome == "worse"
    assert told.points[0].reasons[0] == "there are more errors than before"


def test_an_older_report_without_an_interval_of_its_throughput_is_decided_by_latency(
    make: Callable[..., Session],
) -> None:
    told = compared(make("before", 1.0, throughput_ci95_rps=None), make("after", 1.0))
    assert told.outcome == "same"
    assert [change.metric for change in told.points[0].changes if change.decides] == ["p99"]


def test_another_percentile_can_decide(make: Callable[..., Session]) -> None:
    told = compared(make("before", 1.0), make("after", 1.3), quantile="p50")
    assert {change.metric for change in told.points[0].changes if change.decides} == {"throughput", "p50"}


def test_what_differs_beside_the_figures_is_told_first(make: Callable[..., Session]) -> None:
    before, after = make("before", 1.0), make("after", 1.0)
    machine = replace(after.environment.generator, kernel="Linux 9.9", cgroup_cpus=1.5, vm="kvm")
    target = replace(after.environment.target, gomaxprocs=4, runtime="go1.30")
    after = replace(
        after,
        environment=replace(after.environment, generator=machine, target=target),
        tool=replace(after.tool, version="9.9.9"),
        plan=replace(after.plan, http="2"),
    )
    told = {one.what: one for one in compared(before, after).differences}
    assert set(told) >= {
        "kernel",
        "cgroup limits",
        "virtual machine",
        "GOMAXPROCS",
        "loadtop",
        "HTTP",
        "runtime",
    }
    assert told["cgroup limits"].values[1] == "1.5 CPUs, no memory limit"
    assert told["GOMAXPROCS"].values == ("2", "4")
    assert told["kernel"].weighty and not told["runtime"].weighty


def test_sessions_of_one_name_are_told_apart(make: Callable[..., Session]) -> None:
    one, other = make("x", 1.0), make("x", 1.0)
    other = replace(other, id="20261123T040506Z-ffffff")
    names = [side.name for side in compared(one, other).sessions]
    assert len(set(names)) == 2
    assert [side.name for side in compared(one, one).sessions] == ["x 1", "x 2"]
