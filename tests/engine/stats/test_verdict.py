"""Whether two stretches differ: the table of verdicts, what stands in the way of one, and its words."""

from __future__ import annotations

import math
from typing import Any

import pytest
from msgspec.structs import replace

from engine.figures import ClientFigures, Latency, LatencySet, SegmentFigures
from engine.plan import Load
from engine.stats.verdict import Estimate, compare, decide, difference


def side(p99: float | None = 0.02, low: float = 0.019, high: float = 0.021, **changes: Any) -> SegmentFigures:
    """Return a settled minute whose p99 has an interval."""
    latency = Latency(count=60_000, p50=0.002, p99=p99, ci95={"p99": (low, high)})
    figures = SegmentFigures(
        index=0,
        start_s=0.0,
        end_s=70.0,
        load=Load(concurrency=64),
        state="settled",
        settled_at_s=10.0,
        requests=70_000,
        throughput_rps=1000.0,
        throughput_ci95_rps=(990.0, 1010.0),
        latency_s=LatencySet(response=latency, service=latency),
        client=ClientFigures(verdict="ok"),
    )
    return replace(figures, **changes)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (0.06, 0.20, "real"),
        (-0.20, -0.06, "real"),
        (0.01, 0.20, "changed"),
        (-0.20, -0.01, "changed"),
        (-0.04, 0.04, "same"),
        (0.01, 0.04, "same"),  # within the margin: the same for all purposes, though not zero
        (-0.04, 0.06, "cannot-tell"),
        (-math.inf, 0.2, "cannot-tell"),
        (0.06, math.inf, "real"),
    ],
)
def test_the_table_of_verdicts(low: float, high: float, kind: str) -> None:
    assert decide(low, high) == kind


def test_the_margin_is_of_the_ratio_and_not_of_its_logarithm() -> None:
    assert decide(math.log(1.051), 1.0) == "real"
    assert decide(math.log(1.049), 1.0) == "changed"


def test_the_interval_of_a_difference_takes_the_far_ends_of_both() -> None:
    low, high = difference(Estimate(0.0, -0.03, 0.04), Estimate(0.1, 0.07, 0.12))
    assert low == pytest.approx(0.1 - math.hypot(0.03, 0.04))
    assert high == pytest.approx(0.1 + math.hypot(0.02, 0.03))
    low, high = difference(Estimate(0.0, 0.0, 0.0), Estimate(0.1, 0.1, 0.1), between_runs=0.05)
    assert high - 0.1 == pytest.approx(1.96 * 0.05 * math.sqrt(2))


def test_a_real_difference_is_said_with_its_size_and_its_caveat() -> None:
    found = compare(side(), side(0.03, 0.028, 0.032))
    assert found.kind == "real"
    assert found.ratio == pytest.approx(1.5)
    assert 1.05 < found.low < 1.5 < found.high
    assert found.words == "REAL: p99 +50 % (+38 to +63)"
    assert found.needs_s is None
    assert "these two runs differ" in found.reasons[0]
    switched = compare(side(), side(0.03, 0.028, 0.032), design="switch")
    assert "a single switch" in switched.reasons[0]


def test_what_is_narrow_and_equal_is_the_same() -> None:
    found = compare(side(0.02, 0.0198, 0.0202), side(0.0201, 0.0199, 0.0203))
    assert (found.kind, found.needs_s, found.reasons) == ("same", None, ())


def test_what_cannot_be_told_says_how_much_more_would_tell() -> None:
    found = compare(side(0.02, 0.018, 0.022), side(0.02, 0.018, 0.022))
    assert found.kind == "cannot-tell"
    # Half of the interval is some 14 %, and has to be 5 %: about nine times the minute.
    assert found.needs_s == pytest.approx(60 * ((0.1408 / math.log(1.05)) ** 2 - 1), rel=0.1)
    assert "needs about" in found.words
    assert found.needs_s is not None
    shorter = compare(side(0.02, 0.018, 0.022), side(0.02, 0.018, 0.022, end_s=40.0, settled_at_s=10.0))
    assert shorter.needs_s == pytest.approx(found.needs_s / 2, rel=0.01)


def test_a_bound_without_an_upper_end_can_still_prove_a_rise_and_nothing_else() -> None:
    open_ended = Latency(count=60_000, p50=0.002, p99=0.05, at_least={"p99": 0.04}, needs_s={"p99": 40.0})
    above = side(latency_s=LatencySet(response=open_ended))
    assert compare(side(), above).kind == "real"
    assert compare(side(), above).high == math.inf
    unclear = compare(above, side(0.045, 0.044, 0.046))
    assert (unclear.kind, unclear.needs_s) == ("cannot-tell", 40.0)


def test_a_percentile_among_requests_without_an_answer_is_only_a_lower_bound() -> None:
    cut_off = Latency(count=60_000, p99=10.0, bound=10.0, at_least={"p99": 8.0})
    found = compare(side(), side(latency_s=LatencySet(response=cut_off)))
    assert found.kind == "real"
    assert found.high == math.inf


def test_throughput_is_compared_by_its_own_interval() -> None:
    faster = side(throughput_rps=1200.0, throughput_ci95_rps=(1190.0, 1210.0))
    assert compare(side(), faster, quantile="throughput").kind == "real"
    assert compare(side(), side(throughput_ci95_rps=None), quantile="throughput").kind == "cannot-tell"


@pytest.mark.parametrize(
    ("changes", "kind", "reason"),
    [
        ({"load": Load(mode="open", rate=100.0, arrivals="poisson")}, "not-comparable", "open"),
        ({"client": ClientFigures(verdict="client-bound")}, "not-comparable", "CLIENT-BOUND"),
        ({"state": "overloaded"}, "not-comparable", "OVERLOADED"),
        ({"requests": 0}, "not-comparable", "no answers"),
        ({"state": "settling"}, "cannot-tell", "after is settling"),
        ({"state": "no-steady-state"}, "cannot-tell", "no steady state"),
        ({"unstable": ("p99",)}, "cannot-tell", "UNSTABLE BASELINE"),
        ({"latency_s": LatencySet()}, "cannot-tell", "after has no p99"),
    ],
)
def test_what_stands_in_the_way_of_a_verdict(changes: dict[str, Any], kind: str, reason: str) -> None:
    found = compare(side(), side(0.03, 0.028, 0.032, **changes))
    assert found.kind == kind
    assert any(reason in said for said in found.reasons)


def test_another_load_is_mentioned_and_compared() -> None:
    found = compare(side(), side(0.03, 0.028, 0.032, load=Load(concurrency=128)))
    assert found.kind == "real"
    assert "the load was not the same" in found.reasons


def test_a_percentile_that_nobody_keeps_is_refused() -> None:
    with pytest.raises(ValueError, match="'p42' is neither"):
        compare(side(), side(), quantile="p42")
