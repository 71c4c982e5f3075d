from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.errors import UsageError
from engine.figures import ClientFigures, Latency, LatencySet, MeanMax, SegmentFigures, TargetFigures
from sessions.compare.model import Candidate, Ranking
from sessions.compare.ranking import Entry, rank
from sessions.compare.weights import DEFAULT_WEIGHTS, parse_weights

MakeSegment = Callable[..., SegmentFigures]


@pytest.fixture
def entry(make_segment: MakeSegment) -> Callable[..., Entry]:
    def made(name: str, qps: float, p99_ms: float, rss_mb: float | None = 100.0, **changes: Any) -> Entry:
        p99 = p99_ms / 1e3
        response = Latency(count=10**6, p50=p99 / 2, p99=p99, ci95={"p99": (p99 * 0.98, p99 * 1.02)})
        memory = MeanMax(mean=rss_mb * 1e6, max=rss_mb * 1e6) if rss_mb is not None else None
        values = {
            "latency_s": LatencySet(response=response),
            "throughput_rps": qps,
            "target": TargetFigures(rss_bytes=memory),
        }
        return Entry(name, make_segment(**{**values, **changes}))

    return made


def ranked(*entries: Entry, weights: str = DEFAULT_WEIGHTS, **options: Any) -> Ranking:
    return rank("64 conns", entries, parse_weights(weights), **options)


def by_name(ranking: Ranking) -> dict[str, Candidate]:
    return {candidate.name: candidate for candidate in ranking.candidates}


def test_the_score_is_the_weighted_share_of_the_best(entry: Callable[..., Entry]) -> None:
    told = by_name(ranked(entry("a", 1000, 2.0, 100), entry("b", 800, 1.0, 200)))
    assert told["a"].score == pytest.approx(0.4 * 1 + 0.45 * 0.5 + 0.15 * 1)
    assert told["b"].score == pytest.approx(0.4 * 0.8 + 0.45 * 1 + 0.15 * 0.5)
    assert [told["a"].standing, told["b"].standing] == ["front", "best"]


def test_who_is_beaten_in_everything_is_dominated_and_told_by_whom(entry: Callable[..., Entry]) -> None:
    told = by_name(
        ranked(entry("good", 1000, 1.0, 100), entry("bad", 900, 1.2, 120), entry("lean", 500, 2.0, 50))
    )
    assert told["bad"].standing == "dominated" and "dominated by good" in told["bad"].reason
    assert told["lean"].standing == "front"


def test_differences_below_a_hundredth_are_nobodys_advantage(entry: Callable[..., Entry]) -> None:
    # In an open loop all have the rate that was asked for, but never quite.
    told = by_name(ranked(entry("a", 20_000.0, 1.0, 100), entry("b", 20_000.4, 1.5, 100)))
    assert told["b"].standing == "dominated"


def test_equals_are_all_on_the_front(entry: Callable[..., Entry]) -> None:
    told = ranked(entry("a", 1000, 1.0), entry("b", 1000, 1.0))
    assert sorted(candidate.standing for candidate in told.candidates) == ["best", "front"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"client": ClientFigures(verdict="client-bound")}, "CLIENT-BOUND"),
        ({"state": "overloaded"}, "OVERLOADED"),
        ({"requests": 0, "throughput_rps": 0.0, "errors": {"refused": 3}}, "no request was answered"),
        ({"latency_s": LatencySet(response=Latency(count=20, p50=1e-3))}, "p99 is not known"),
        (
            {
                "latency_s": LatencySet(
                    response=Latency(count=9000, p50=1e-3, p99=10.0, bound=10.0, censored=99)
                )
            },
            "only a lower bound",
        ),
    ],
)
def test_figures_that_are_not_the_targets_are_rejected(
    changes: dict[str, Any], why: str, entry: Callable[..., Entry]
) -> None:
    told = by_name(ranked(entry("ok", 500, 2.0), entry("out", 1000, 1.0, **changes)))
    assert told["out"].standing == "rejected" and why in told["out"].reason
    assert told["out"].score is None
    assert told["ok"].standing == "best" and told["ok"].score == pytest.approx(1)


def test_an_objective_eliminates_first(entry: Callable[..., Entry]) -> None:
    entries = [entry("fast", 1000, 1.0, 900), entry("lean", 500, 2.0, 50), entry("near", 900, 1.01, 450)]
    told = by_name(ranked(*entries, slos=("rss<500MB", "p99<2.01ms")))
    assert told["fast"].reason == "misses rss<500MB"
    assert told["lean"].reason.startswith("cannot be held to p99<2.01ms")
    assert told["near"].standing == "best" and told["near"].score == pytest.approx(1)
    lenient = by_name(ranked(*entries, slos=("rss<500MB", "p99<2.01ms"), lenient=True))
    assert lenient["lean"].standing == "front"


def test_memory_that_is_not_seen_of_all_does_not_count(entry: Callable[..., Entry]) -> None:
    told = ranked(entry("a", 1000, 1.0, None), entry("b", 500, 2.0, 100))
    assert told.remarks == ("memory does not count: it is not known of all",)
    assert told.weights == pytest.approx({"qps": 0.4 / 0.85, "p99": 0.45 / 0.85})
    assert by_name(told)["b"].standing == "dominated"


def test_none_left(entry: Callable[..., Entry]) -> None:
    told = ranked(entry("a", 1000, 1.0), entry("b", 500, 2.0), slos=("p99<1us",))
    assert {candidate.standing for candidate in told.candidates} == {"rejected"}


def test_each_is_held_against_the_first(entry: Callable[..., Entry]) -> None:
    told = by_name(ranked(entry("first", 1000, 1.0), entry("same", 1000, 1.0), entry("slow", 1000, 2.0)))
    assert told["first"].against_first is None
    assert [told["same"].against_first, told["slow"].against_first] == ["same", "real"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no weight; write qps=0.4,p99=0.45,rss=0.15"),
        ("qps", "'qps' is no weight"),
        ("qps=0.5,", "'' is no weight"),
        ("speed=1", "'speed' is no measure; there are qps, p50"),
        ("qps=1,qps=0", "qps is given twice"),
        ("qps=much", "'much' is no number"),
        ("qps=nan", "must be from 0 to 1"),
        ("qps=-0.5,p99=1.5", "must be from 0 to 1"),
        ("qps=0.5,p99=0.4", "they sum to 0.9; they must sum to 1"),
        ("qps=0,p99=0", "they sum to 0; they must sum to 1"),
    ],
)
def test_weights_that_are_none(text: str, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_weights(text)
    assert words in str(refusal.value) and "\n" not in str(refusal.value)


def test_weights_may_be_rounded() -> None:
    assert parse_weights("qps=0.333, p99=0.333,rss=0.334") == {"qps": 0.333, "p99": 0.333, "rss": 0.334}
    assert parse_weights("p99.9=1") == {"p99.9": 1.0}
