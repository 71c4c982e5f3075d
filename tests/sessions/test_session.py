from __future__ import annotations

import json
import math
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.figures import Event, Latency, LatencySet, Second, SegmentFigures, TargetFigures
from engine.plan import Load, Plan
from engine.record import Record
from engine.snapshot import RunState, Snapshot, Target
from sessions.model import Session
from sessions.printable import clean
from sessions.report import as_json
from sessions.session import session_of, snapshot_of
from sessions.tidy import tidy

MakeRecord = Callable[..., Record]
MakeSession = Callable[..., Session]
MakeSegment = Callable[..., SegmentFigures]


def test_ids_are_unique_and_sort_by_time(make_record: MakeRecord) -> None:
    early = make_record(started_unix_s=1e9)
    late = make_record(started_unix_s=1e9 + 1)
    ids = [session_of(record, name="", note="").id for record in (early, early, late)]
    assert len(set(ids)) == 3
    assert max(ids[:2]) < ids[2]


def test_a_given_id_is_kept(make_record: MakeRecord) -> None:
    assert session_of(make_record(), name="", note="", id="abc").id == "abc"


def test_the_result_is_the_segment_that_speaks_for_the_run(
    make_session: MakeSession, make_segment: MakeSegment
) -> None:
    first, second = make_segment(0), make_segment(1, state="noisy", settled_at_s=None, requests=7)
    session = make_session(segments=[first, second], result=0)
    assert (session.result.segment, session.result.settled) == (0, True)
    assert session.result.latency_s == session.segments[0].latency_s
    session = make_session(segments=[first, second], result=1)
    assert (session.result.segment, session.result.settled, session.result.requests) == (1, False, 7)


def test_nothing_measured_is_said_so(make_session: MakeSession) -> None:
    result = make_session(segments=[], result=None).result
    assert (result.segment, result.settled, result.requests, result.load) == (None, False, 0, None)


def test_what_the_machine_is_is_kept(make_session: MakeSession) -> None:
    session = make_session()
    assert session.environment.generator.cores >= 1
    assert session.environment.generator.kernel
    assert session.environment.generator.cpu
    assert session.environment.target.gomaxprocs == 2
    assert session.tool.packages["msgspec"]
    assert session.created == "2026-11-23T04:05:06Z"


def test_numbers_keep_nine_digits(make_session: MakeSession) -> None:
    assert make_session().segments[0].latency_s.response.p50 == 0.000251234568


def test_a_figure_that_is_no_number_becomes_its_default(
    make_session: MakeSession, make_segment: MakeSegment
) -> None:
    broken = make_segment(
        throughput_rps=math.nan,
        end_s=math.inf,
        latency_s=LatencySet(
            response=Latency(p99=math.inf, p50=1.0, ci95={"p99": (1.0, math.inf), "p50": (0.5, 2.0)})
        ),
        target=TargetFigures(cpu_pct=-math.inf),
    )
    row = Second(t_s=0.0, cpu_pct=(1.0, math.nan))
    session = make_session(segments=[broken], seconds=[row])
    kept = session.segments[0]
    assert (kept.throughput_rps, kept.end_s, kept.latency_s.response.p99, kept.target.cpu_pct) == (
        0,
        0,
        None,
        None,
    )
    assert kept.latency_s.response.ci95 == {"p50": (0.5, 2.0)}
    assert session.seconds[0].cpu_pct == ()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain µ text", "plain µ text"),
        ("a\x1b[31mred\x1b[0m b", "ared b"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\link", "alink"),
        ("a\nb\tc\r", "a b c"),
        ("a\x00\x07\x9b31mb", "a31mb"),
        ("abc\u202edef\u2066", "abcdef"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("\x1b", ""),
        ("x" * 3000, "x" * 1999 + "…"),
    ],
)
def test_text_that_could_steer_a_terminal_is_cleaned(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_text_from_the_target_is_cleaned(make_session: MakeSession) -> None:
    session = make_session(
        target=Target(url="http://h/", command="api\x1b[2J --password=x", runtime="go\x07"),
        last_error="bad\x1b[31m\r\nline",
        events=[Event(at_s=1.0, kind="mark", text="a\x1b[0mb")],
    )
    known = session.environment.target
    assert (known.command, known.runtime) == ("api --password=[redacted]", "go")
    assert (session.last_error, session.events[0].text) == ("bad  line", "ab")


def test_tidying_twice_changes_nothing(make_session: MakeSession) -> None:
    session = make_session()
    assert tidy(session) == session


def test_a_saved_session_is_shown_by_the_same_panels(
    make_session: MakeSession, make_segment: MakeSegment
) -> None:
    segments = [make_segment(0), make_segment(1)]
    session = make_session(segments=segments, result=0, last_error="oops")
    shown = snapshot_of(session, file="demo.json")
    assert isinstance(shown, Snapshot)
    assert (shown.state, shown.saved, shown.at_s) == (RunState.DONE, "demo.json", 120.0)
    assert shown.segment == session.segments[0]
    assert (shown.segments, shown.seconds) == (session.segments, session.seconds)
    assert (shown.events, shown.pauses) == (session.events, session.pauses)
    assert shown.load == session.segments[-1].load
    assert (shown.target.url, shown.target.pid) == ("http://127.0.0.1:8080/ping", 4242)
    assert shown.now.rps == session.seconds[-1].done
    assert shown.now.latency.p99 == session.seconds[-1].p99
    assert list(shown.cores) == [92, 74]
    assert shown.process is not None and shown.process.cpu_pct == 171.0
    assert shown.process.rss_peak_bytes == 140_000_000 + 119 * 10_000
    assert shown.gc is not None and shown.gc.rate_per_s == 31
    assert shown.last_error == "oops"


def test_the_last_second_shown_is_one_with_answers(make_session: MakeSession) -> None:
    rows = [Second(t_s=0.0, done=5, span_s=0.5, p50=0.1), Second(t_s=1.0)]
    shown = snapshot_of(make_session(seconds=rows), file="x")
    assert (shown.now.rps, shown.now.latency.p50) == (10.0, 0.1)
    assert shown.process is None


def test_an_empty_session_can_be_shown(make_session: MakeSession) -> None:
    plan = Plan(url="http://h/", load=Load(concurrency=3), note="simulated")
    session = make_session(plan=plan, segments=[], result=None, seconds=[], pauses=[])
    shown = snapshot_of(session, file="x")
    assert (shown.segment, shown.gc, shown.process, shown.cores) == (None, None, None, ())
    assert (shown.load.concurrency, shown.note) == (3, "simulated")


def test_a_run_that_still_goes_on_can_be_kept(make_record: MakeRecord) -> None:
    record = replace(make_record(), state=RunState.RUNNING)
    assert session_of(record, name="", note="").state == "running"


def test_what_the_runtime_said_is_kept_by_the_second_and_shown_again(make_session: MakeSession) -> None:
    target = Target(url="http://h/", probe="http://h/metrics: mean pause", granularity="mean", gomaxprocs=3)
    rows = [
        Second(
            t_s=0.0, done=1, heap_bytes=10, heap_goal_bytes=20, goroutines=5, series={"jobs": 1.23456789123}
        ),
        Second(t_s=1.0, done=1),
    ]
    session = make_session(target=target, seconds=rows)
    assert session.environment.target.granularity == "mean"
    written = json.loads(as_json(session))["seconds"]
    assert (written[0]["heap_bytes"], written[0]["series"]) == (10, {"jobs": 1.23456789})
    assert "goroutines" not in written[1]
    shown = snapshot_of(session, file="demo.json")
    assert shown.gc is not None
    assert (shown.gc.heap_bytes, shown.gc.goal_bytes, shown.gc.goroutines) == (10, 20, 5)
    assert [(one.name, one.value) for one in shown.chosen] == [("jobs", 1.23456789)]
    assert shown.target.granularity == "mean"


def test_rows_do_not_name_what_was_never_seen(make_session: MakeSession) -> None:
    row = json.loads(as_json(make_session(seconds=[Second(t_s=0.0)])))["seconds"][0]
    assert row.keys().isdisjoint({"heap_bytes", "heap_goal_bytes", "goroutines", "series"})
