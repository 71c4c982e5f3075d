"""What stands behind the figures: several runs, experiments, p99 with and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.experiments.outcome import Effect, Experiment, LegFigures, Setting
from engine.figures import Calibration, ClientFigures, LatencySet, LeftOut, SegmentFigures
from engine.plan import Load, Warmup
from engine.record import Record
from sessions.evidence import calibration_lines, experiment_lines, repeat_lines
from sessions.model import Session
from sessions.reading import parse
from sessions.report import as_json, as_markdown, as_text
from sessions.session import session_of

MakeRecord = Callable[..., Record]


def repeated(make_record: MakeRecord, *p99_ms: float, bound: tuple[int, ...] = ()) -> Session:
    """Return the session of several runs, by their p99."""
    record = make_record()
    base = record.segments[-1]
    runs = []
    for number, p99 in enumerate(p99_ms):
        latency = replace(base.latency_s.response, p99=p99 / 1e3, p50=p99 / 4e3, ci95={})
        client = ClientFigures(verdict="client-bound" if number in bound else "ok")
        runs.append(
            replace(
                base,
                state="settled",
                latency_s=LatencySet(response=latency),
                client=client,
                throughput_rps=1000.0,
                throughput_ci95_rps=None,
            )
        )
    return session_of(replace(record, repeats=runs), name="", note="")


def test_three_runs_have_a_median_and_a_band_and_say_first_what_they_could_prove(
    make_record: MakeRecord,
) -> None:
    session = repeated(make_record, 22.9, 23.1, 23.3)
    figure = next(figure for figure in session.repeated if figure.figure == "p99")
    assert figure.median == pytest.approx(0.0231)
    assert figure.values == (0.0229, 0.0231, 0.0233)
    # t(2) = 4.303, s = ln of 1 +- 0.87 %: 4.303 * 0.0087 / sqrt(3) = 2.2 %
    assert figure.half_pct == pytest.approx(2.2, abs=0.05)
    lines = repeat_lines(session)
    assert lines[0].startswith("3 runs against 3 can prove a difference of p99 2.0 %")
    assert "p99: median of 3: 23.1 ms ±2.2 % (95 %); runs 22.9 ms · 23.1 ms · 23.3 ms" in lines
    assert lines[-1] == "the rest of this report is of the last run"
    for report in (as_text(session, width=100), as_markdown(session)):
        assert "23.1 ms ±2.2 %" in report
    assert parse(as_json(session).encode()).repeated == session.repeated


def test_two_runs_differ_but_have_no_band(make_record: MakeRecord) -> None:
    lines = repeat_lines(repeated(make_record, 20, 30))
    assert not any("can prove" in line for line in lines)
    assert any("no band with fewer than 3 runs" in line for line in lines)


def test_a_run_is_left_out_for_being_ours_and_never_for_its_value(make_record: MakeRecord) -> None:
    session = repeated(make_record, 20, 21, 22, 90, bound=(3,))
    assert [len(figure.values) for figure in session.repeated] == [3, 3, 3]
    assert len(session.repeats) == 4
    assert "1 run left out: the generator was the bottleneck" in repeat_lines(session)
    session = repeated(make_record, 20, 21, 22, 90)
    assert [len(figure.values) for figure in session.repeated] == [4, 4, 4]
    session = repeated(make_record, 20, 21, bound=(0, 1))
    assert "the generator was the bottleneck in all of them: these are its figures" in repeat_lines(session)


def test_a_single_run_says_nothing_of_runs(make_record: MakeRecord) -> None:
    assert repeat_lines(repeated(make_record)) == []
    assert repeat_lines(repeated(make_record, 20)) == []


def test_runs_that_did_not_settle_are_told_where_they_were_to(make_record: MakeRecord) -> None:
    record = make_record()
    young: list[SegmentFigures] = [replace(record.segments[-1], state="settling")] * 3
    record = replace(record, repeats=young)
    words = "0 of 3 runs settled: let them run longer"
    assert words in repeat_lines(session_of(record, name="", note=""))
    plan = replace(record.plan, warmup=Warmup(kind="none"))
    assert words not in repeat_lines(session_of(replace(record, plan=plan), name="", note=""))


CALIBRATION = Calibration(
    raw_p99_s=10.0,
    raw_at_least=True,
    calibrated_p99_s=0.002,
    left_out=(
        LeftOut(what="connection set-up", count=64, p99_effect_s=0.0),
        LeftOut(what="failed answers", count=30, p99_effect_s=-0.0005),
        LeftOut(what="without an answer", count=12, in_response=True, p99_effect_s=9.9985, at_least=True),
    ),
)


def test_p99_stands_beside_itself_with_the_reason_for_the_difference(make_record: MakeRecord) -> None:
    assert calibration_lines(CALIBRATION) == [
        "raw ≥ 10.0 s, with everything that was asked for; calibrated 2.00 ms, of the service alone",
        "connection set-up: 64, not in response times, p99 is the same without",
        "failed answers: 30, not in response times, p99 is 500 µs higher without",
        "without an answer: 12, in response times, p99 is at least 10.0 s lower without",
    ]
    record = make_record()
    segments = [replace(segment, calibration=CALIBRATION) for segment in record.segments]
    session = session_of(replace(record, segments=segments), name="", note="")
    for report in (as_text(session, width=100), as_markdown(session)):
        assert "p99 with and without" in report
        assert "calibrated 2.00 ms" in report
    assert parse(as_json(session).encode()).result.calibration == CALIBRATION


def test_nothing_left_out_is_nothing_to_say() -> None:
    assert calibration_lines(None) == []
    assert calibration_lines(Calibration(raw_p99_s=1.0, calibrated_p99_s=1.0)) == []
    assert calibration_lines(Calibration(left_out=CALIBRATION.left_out)) == []


EXPERIMENT = Experiment(
    kind="abba",
    start_s=10.0,
    end_s=160.0,
    a=Setting(name="A", load=Load(concurrency=64), workers=1),
    b=Setting(name="B", load=Load(concurrency=128), workers=1),
    period_s=10.0,
    gap_s=2.0,
    legs=(LegFigures(setting="A", requests=100, p50_s=0.001),),
    effects=(
        Effect(
            figure="p99", kind="real", pairs=6, words="REAL: +12 % (+9 to +15) over 6 pairs", reasons=("why",)
        ),
        Effect(figure="p50", kind="same", pairs=6, words="SAME: +0.1 % (-1.0 to +1.2) over 6 pairs"),
    ),
    notes=("the baseline moved: p50 of A was +22 % at the end",),
    words="p99 REAL",
)


def test_an_experiment_is_told_with_both_settings_and_every_caveat(make_record: MakeRecord) -> None:
    lines = experiment_lines(EXPERIMENT)
    assert lines == [
        "ABBA, 0:10 to 2:40: A 64 conns, 1 worker, B 128 conns, 1 worker",
        "B's p99 REAL: +12 % (+9 to +15) over 6 pairs (why)",
        "B's p50 SAME: +0.1 % (-1.0 to +1.2) over 6 pairs",
        "the baseline moved: p50 of A was +22 % at the end",
    ]
    session = session_of(replace(make_record(), experiments=[EXPERIMENT]), name="", note="")
    assert lines[1] in as_text(session, width=120)
    assert "Experiments" in as_markdown(session)
    assert parse(as_json(session).encode()).experiments == session.experiments


def test_an_aborted_experiment_has_no_verdict_but_a_reason() -> None:
    aborted = replace(EXPERIMENT, state="aborted", effects=(), words="aborted: the load was paused")
    assert experiment_lines(aborted)[1:] == ["aborted: the load was paused"]
