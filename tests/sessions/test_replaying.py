"""From a session's events to what is to be done again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.errors import UsageError
from engine.figures import Event, SegmentFigures
from engine.plan import Load, Plan
from sessions.model import Session
from sessions.replaying import Script, Step, check_repeatable, script_of

MakeSession = Callable[..., Session]
MakeSegment = Callable[..., SegmentFigures]
C64, C128 = Load(concurrency=64), Load(concurrency=128)


def events(*happened: tuple[float, str, Load | None]) -> list[Event]:
    """Return events of these times and kinds."""
    return [Event(at_s=at_s, kind=kind, after=after) for at_s, kind, after in happened]


def test_changes_and_pauses_come_at_their_times(make_session: MakeSession, make_segment: MakeSegment) -> None:
    happened = events(
        (0.0, "start", C64), (9.0, "settled", None), (60.0, "pause", None), (65.0, "load", C128),
        (70.0, "resume", C128), (122.0, "end", None),
    )  # fmt: skip
    segments = [make_segment(0), make_segment(1, start_s=70.0, end_s=119.9)]
    session = make_session(segments=segments, events=happened, plan=Plan(url="http://h/", load=C64))
    assert script_of(session) == Script(
        C64, (Step(60.0, "pause"), Step(65.0, "load", C128), Step(70.0, "resume")), 119.9
    )


def test_a_run_that_came_to_its_planned_end_is_repeated_to_the_same(
    make_session: MakeSession, make_segment: MakeSegment
) -> None:
    plan = Plan(url="http://h/", duration_s=60.0)
    assert script_of(make_session(segments=[make_segment(end_s=59.99)], plan=plan)).duration_s == 60.0
    assert script_of(make_session(segments=[make_segment(end_s=31.0)], plan=plan)).duration_s == 31.0


def test_a_run_that_ended_paused_is_repeated_until_then(
    make_session: MakeSession, make_segment: MakeSegment
) -> None:
    happened = events((60.0, "pause", None), (75.0, "load", C128), (90.0, "end", None))
    session = make_session(segments=[make_segment(0)], events=happened, plan=Plan(url="http://h/"))
    assert script_of(session).duration_s == 75.0


def test_a_session_without_load_cannot_be_repeated(make_session: MakeSession) -> None:
    with pytest.raises(UsageError, match="no load was sent"):
        script_of(make_session(segments=[], result=None))


@pytest.mark.parametrize(
    ("plan", "given", "said"),
    [
        (Plan(url="http://h/?token=abcdefgh1"), {}, "give the URL"),
        (Plan(url="http://h/?token=abcdefgh1"), {"url_given": True}, ""),
        (Plan(url="http://h/", body=b"four"), {}, "body of 4 bytes was not kept"),
        (Plan(url="http://h/", body=b"four"), {"body_given": True}, ""),
        (Plan(url="http://h/", headers=(("Cookie", "a=b"),)), {}, "'Cookie' is a secret"),
        (Plan(url="http://h/", headers=(("Cookie", "a=b"),)), {"headers_given": frozenset({"cookie"})}, ""),
        (Plan(url="http://h/", headers=(("Accept", "a/b"),)), {}, ""),
    ],
)
def test_what_was_not_kept_must_be_given(
    make_session: MakeSession, plan: Plan, given: dict[str, bool], said: str
) -> None:
    arguments = {"headers_given": frozenset[str](), "body_given": False, "url_given": False} | given
    if not said:
        check_repeatable(make_session(plan=plan), **arguments)  # type: ignore[arg-type]
        return
    with pytest.raises(UsageError, match=said):
        check_repeatable(make_session(plan=plan), **arguments)  # type: ignore[arg-type]
