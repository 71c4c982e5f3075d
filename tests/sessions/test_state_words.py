"""What reports and panels say of a state, of the warm-up and of what is not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.figures import Backlog, Hindsight, Latency, SegmentFigures, Steadiness, WarmUp
from sessions.model import Session, result_of
from sessions.text import as_text
from sessions.words import half_pct, latency_figure, state_words, verdict, warmup_words


@pytest.mark.parametrize(
    ("state", "about", "words"),
    [
        ("settling", {"progress": 0.634, "eta_s": 12.0}, "settling 63 %, steady in about 12 s"),
        ("settling", {"progress": 0.4}, "settling 40 %"),
        ("warming", {"direction": "falling"}, "warming ▼"),
        ("shifted", {"shift_pct": 9.1, "shift_at_s": 134.0}, "shifted +9 % since 2:14"),
        ("drifting", {"drift_pct_per_min": 3.14}, "drifting +3.1 %/min"),
        ("noisy", {"unsure_pct": 8.2}, "noisy ±8 %"),
        ("no-steady-state", {"period_s": 20.0}, "no steady state, period 20 s"),
        (
            "overloaded",
            {"backlog": Backlog(requests=900, growth_rps=312.4, capacity_rps=1688.0)},
            "overloaded, queue +312/s, capacity ≈ 1 690/s",
        ),
        ("starting", {}, "starting"),
    ],
)
def test_a_state_with_what_is_most_worth_knowing_of_it(
    make_segment: Callable[..., SegmentFigures], state: str, about: dict[str, Any], words: str
) -> None:
    assert state_words(make_segment(state=state, steadiness=Steadiness(**about), settled_at_s=None)) == words


def test_a_settled_state_says_since_when(make_segment: Callable[..., SegmentFigures]) -> None:
    assert state_words(make_segment()) == "settled since 0:04"


def test_a_verdict_has_its_reason(make_segment: Callable[..., SegmentFigures]) -> None:
    about = Steadiness(reason="the median drifts by +3.1 % a minute")
    result = result_of(make_segment(state="drifting", steadiness=about, settled_at_s=None))
    assert "(the median drifts by +3.1 % a minute)" in verdict(result)[1]
    settled = result_of(make_segment(steadiness=Steadiness(unsure_pct=2.1)))
    assert verdict(settled)[1].startswith("SETTLED after 4.0 s, drift within 2.1 %;")


@pytest.mark.parametrize(
    ("course", "since_s", "words"),
    [
        ("flat", 0.0, ""),
        ("warm-up", 9.0, ""),
        ("warm-up", 42.0, "; looking back, the median kept its last level from 0:42 on"),
        ("no-steady-state", 70.0, "; looking back, the median kept no level"),
    ],
)
def test_hindsight_speaks_where_it_would_have_counted_otherwise(
    make_segment: Callable[..., SegmentFigures], course: Any, since_s: float, words: str
) -> None:
    about = Steadiness(hindsight=Hindsight(course, since_s))
    said = verdict(result_of(make_segment(steadiness=about)))[1]
    without = verdict(result_of(make_segment()))[1]
    assert said == without + words


def test_a_warm_up_s_cost_is_a_line_of_the_report(
    make_segment: Callable[..., SegmentFigures], make_session: Callable[..., Session]
) -> None:
    about = Steadiness(warmup=WarmUp(first_second_pct=84.2, first_ten_seconds_pct=31.0))
    segment = make_segment(steadiness=about, throughput_ci95_rps=(127_900.0, 128_900.0))
    assert warmup_words(result_of(segment)) == (
        "mean of the first second +84 % against the settled part, of the first ten +31 %"
    )
    assert warmup_words(result_of(make_segment())) == ""
    text = as_text(make_session(segments=(segment,)), width=100)
    assert "warm-up     mean of the first second +84 %" in text
    assert "128.4k requests/s ±0.39 %" in text


def test_a_percentile_that_is_refused_says_how_much_longer_it_takes() -> None:
    latency = Latency(count=500, p99=0.02, needs_s={"p99": 40.0, "p99.9": 400.0}, at_least={"p99": 0.018})
    assert latency_figure(latency, "p99", 10.0).remark == "at least 18.0 ms; needs about 40 s more"
    refused = latency_figure(latency, "p999", 10.0)
    assert (refused.text, refused.remark) == ("…", "needs about 6 min 40 s more")


def test_half_of_an_interval_in_percent() -> None:
    latency = Latency(count=500, p99=0.020, ci95={"p99": (0.019, 0.022)})
    assert half_pct(latency, "p99") == pytest.approx(7.5)
    assert half_pct(latency, "p50") is None
