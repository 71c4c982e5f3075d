from __future__ import annotations

from typing import Any

import pytest

from engine.errors import UsageError
from engine.figures import ClientFigures, Latency, LatencySet, MeanMax, SegmentFigures, TargetFigures
from engine.plan import Load
from engine.stats.slo import judge, judge_all, parse_slo, wilson


def figures(**changes: Any) -> SegmentFigures:
    response = Latency(
        count=100_000, p50=1e-3, p99=4.9e-3, p999=9e-3, mean=1.1e-3, max=20e-3, ci95={"p99": (4.5e-3, 5.3e-3)}
    )
    values: dict[str, Any] = {
        "index": 0,
        "start_s": 0.0,
        "end_s": 60.0,
        "load": Load(),
        "state": "settled",
        "requests": 100_000,
        "throughput_rps": 12_000.0,
        "statuses": {"200": 100_000},
        "latency_s": LatencySet(response=response),
        "target": TargetFigures(rss_bytes=MeanMax(mean=400e6, max=450e6)),
        "client": ClientFigures(verdict="ok"),
    }
    return SegmentFigures(**{**values, **changes})


def response(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"count": 100_000, "p99": 4.9e-3, "mean": 1e-3, "max": 20e-3}
    return {"latency_s": LatencySet(response=Latency(**{**values, **changes}))}


@pytest.mark.parametrize(
    ("text", "name", "below", "limit"),
    [
        ("p99<5ms", "p99", True, 5e-3),
        (" p99.9 <= 250us ", "p99.9", True, 250e-6),
        ("p999<250µs", "p999", True, 250e-6),
        ("max<1.5s", "max", True, 1.5),
        ("mean<.5ms", "mean", True, 5e-4),
        ("errors<0.1%", "errors", True, 1e-3),
        ("rate>10k", "rate", False, 10_000),
        ("rate>=1.5M/s", "rate", False, 1.5e6),
        ("rss<500MB", "rss", True, 5e8),
        ("rss<512MiB", "rss", True, 512 * 2**20),
    ],
)
def test_an_objective_is_read(text: str, name: str, below: bool, limit: float) -> None:
    slo = parse_slo(text)
    assert (slo.name, slo.below) == (name, below)
    assert slo.limit == pytest.approx(limit)
    assert " " not in slo.expr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no objective; write one like 'p99<5ms'"),
        ("p99", "is no objective"),
        ("p99=5ms", "is no objective"),
        ("p99<-5ms", "is no objective"),
        ("p99<5ms;rm", "'ms;rm' is no unit of p99"),
        ("p98<5ms", "'p98' is no figure; there are p50, p90"),
        ("latency<5ms", "'latency' is no figure"),
        ("p99<5", "5 of what?; write it like 'p99<5ms'"),
        ("p99<5MB", "'MB' is no unit of p99"),
        ("errors<0.001", "0.001 of what?; write it like 'errors<0.1%'"),
        ("errors<200%", "beyond what errors can be"),
        ("rss<500", "500 of what?"),
        ("p99<" + "9" * 400 + "s", "beyond what p99 can be"),
    ],
)
def test_what_is_no_objective_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_slo(text)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("p99<5.4ms", "met"),  # beyond the whole interval
        ("p99<5ms", "not-enough-data"),  # the figure is below, its interval is not
        ("p99<4.4ms", "missed"),
        ("p99>4ms", "met"),
        ("p50<2ms", "met"),  # no interval: the figure itself
        ("p50<0.5ms", "missed"),
        ("p50<1ms", "missed"),
        ("p50<=1ms", "met"),
        ("p99.99<1s", "not-enough-data"),  # too few samples
        ("mean<2ms", "met"),
        ("max<10ms", "missed"),
        ("rate>10k", "met"),
        ("rate>13k", "missed"),
        ("rss<500MB", "met"),
        ("rss<400MB", "missed"),
        ("errors<0.01%", "met"),
        ("errors<0.001%", "not-enough-data"),  # none in 100 000 may still be 0.004 %
        ("errors<=0%", "met"),
    ],
)
def test_an_objective_is_judged_by_the_interval(text: str, verdict: str) -> None:
    assert judge(parse_slo(text), figures()).verdict == verdict


@pytest.mark.parametrize(
    ("statuses", "errors", "verdict"),
    [
        ({"200": 99_000, "503": 1000}, {}, "missed"),
        ({"200": 99_000}, {"timeout": 1000}, "missed"),
        ({"200": 99_990, "404": 5}, {"reset": 5}, "met"),
        ({"200": 99_900}, {"reset": 100}, "not-enough-data"),
    ],
)
def test_errors_are_those_without_an_answer_and_those_with_a_bad_one(
    statuses: dict[str, int], errors: dict[str, int], verdict: str
) -> None:
    given = figures(statuses=statuses, errors=errors, requests=sum(statuses.values()))
    assert judge(parse_slo("errors<0.1%"), given).verdict == verdict


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        ("p99<5s", 10.0, "missed"),  # it is at least 10 s
        ("p99<15s", 10.0, "not-enough-data"),  # at least 10 s may be 20 s
        ("p99>5s", 10.0, "met"),
    ],
)
def test_a_lower_bound_proves_only_what_it_can(text: str, value: float, verdict: str) -> None:
    given = figures(**response(p99=value, bound=value, censored=2000))
    assert judge(parse_slo(text), given).verdict == verdict


def test_a_mean_of_the_answered_alone_is_a_lower_bound() -> None:
    given = figures(**response(censored=10, bound=10.0, max=10.0))
    assert judge(parse_slo("mean<5ms"), given).verdict == "not-enough-data"
    assert judge(parse_slo("mean<0.5ms"), given).verdict == "missed"


def test_a_generator_that_was_the_bottleneck_proves_no_miss() -> None:
    given = figures(client=ClientFigures(verdict="client-bound"))
    assert judge(parse_slo("p99<1ms"), given).verdict == "not-enough-data"
    assert judge(parse_slo("rate>1M"), given).verdict == "not-enough-data"
    assert judge(parse_slo("p99<1s"), given).verdict == "met"
    assert judge(parse_slo("rss<1MB"), given).verdict == "missed"


def test_an_overload_misses_any_latency() -> None:
    assert judge(parse_slo("p99<60s"), figures(state="overloaded")).verdict == "missed"
    assert judge(parse_slo("rate>1k"), figures(state="overloaded")).verdict == "met"


def test_where_it_did_not_settle_that_is_said() -> None:
    assert (
        "warming: judged on all of the segment" in judge(parse_slo("p50<2ms"), figures(state="warming")).reason
    )


def test_leniency_lets_pass_what_lacks_data_and_nothing_else() -> None:
    strict, missed = judge_all(("p99<5ms", "p99<1ms"), figures())
    lenient, still_missed = judge_all(("p99<5ms", "p99<1ms"), figures(), lenient=True)
    assert not strict.passed and not missed.passed
    assert lenient.passed and not still_missed.passed


def test_nothing_measured_meets_nothing() -> None:
    assert [slo.verdict for slo in judge_all(("p99<5ms", "errors<1%"), None)] == ["not-enough-data"] * 2


@pytest.mark.parametrize(
    ("events", "trials", "low", "high"),
    # R: prop.test(x, n, correct = FALSE)$conf.int
    [(0, 10, 0.0, 0.2775328), (1, 10, 0.01787621, 0.4041500), (50, 100, 0.4038315, 0.5961685)],
)
def test_wilson_is_that_of_the_books(events: int, trials: int, low: float, high: float) -> None:
    assert wilson(events, trials) == pytest.approx((low, high), abs=1e-6)
