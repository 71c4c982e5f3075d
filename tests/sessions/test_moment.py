"""A saved session at one of its moments: nothing of later is in it, and nothing of earlier is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.figures import Event, SegmentFigures
from engine.plan import Load
from engine.snapshot import RunState, Snapshot
from sessions.ghost import Overlay, ghost_of
from sessions.model import Session
from sessions.moment import find_event, moment
from sessions.session import snapshot_of

MakeSession = Callable[..., Session]
MakeSegment = Callable[..., SegmentFigures]


@pytest.fixture
def session(make_session: MakeSession, make_segment: MakeSegment) -> Session:
    """Two segments of a minute, with ten seconds without load between them."""
    return make_session(
        segments=[make_segment(0), make_segment(1, start_s=70.0, end_s=120.0)],
        events=[
            Event(at_s=0.0, kind="start", after=Load(concurrency=64)),
            Event(at_s=60.0, kind="pause"),
            Event(at_s=65.0, kind="load", before=Load(concurrency=64), after=Load(concurrency=128)),
            Event(at_s=70.0, kind="resume", after=Load(concurrency=128)),
            Event(at_s=90.0, kind="worker-lost", text="Worker 3 died"),
        ],
    )


@pytest.fixture
def whole(session: Session) -> Snapshot:
    return snapshot_of(session, file="x.json")


def test_the_end_is_all_of_it(whole: Snapshot) -> None:
    assert moment(whole, 120.0) == moment(whole, 1e9) == replace(whole, whole_s=120.0)


@pytest.mark.parametrize(
    ("at_s", "rows", "segments", "current", "state", "connections", "events"),
    [
        (-5.0, 1, 1, 0, RunState.RUNNING, 64, 1),
        (0.0, 1, 1, 0, RunState.RUNNING, 64, 1),
        (12.7, 13, 1, 0, RunState.RUNNING, 64, 1),
        (60.0, 60, 1, None, RunState.PAUSED, 64, 2),
        (66.0, 60, 1, None, RunState.PAUSED, 128, 3),
        (70.0, 61, 2, 1, RunState.RUNNING, 128, 4),
        (119.0, 110, 2, 1, RunState.RUNNING, 128, 5),
    ],
)
def test_a_moment_has_what_was_until_then(
    whole: Snapshot,
    at_s: float,
    rows: int,
    segments: int,
    current: int | None,
    state: RunState,
    connections: int,
    events: int,
) -> None:
    shown = moment(whole, at_s)
    assert shown.at_s == max(0.0, at_s) and shown.whole_s == 120.0
    assert (len(shown.seconds), len(shown.segments), len(shown.events)) == (rows, segments, events)
    assert (shown.segment.index if shown.segment else None, shown.state) == (current, state)
    assert shown.load.concurrency == connections
    assert all(row.t_s <= shown.at_s for row in shown.seconds) and len(shown.cores) == 2
    assert all(pause.end_s <= shown.at_s for pause in shown.pauses)
    assert shown.now.latency.p99 == shown.seconds[-1].p99
    assert shown.process is not None and shown.process.rss_bytes == shown.seconds[-1].rss_bytes


def test_a_row_that_was_rounded_up_past_the_begin_of_its_segment_is_in_it(whole: Snapshot) -> None:
    rows = [replace(row, t_s=row.t_s + 0.0004) for row in whole.seconds]
    assert len(moment(replace(whole, seconds=rows), 70.0).seconds) == 61


def test_events_are_found_by_their_text_one_after_the_other(whole: Snapshot) -> None:
    at_s, found = 0.0, []
    for _ in range(3):
        event = find_event(whole, "RE", at_s)  # resume; no other
        assert event is not None
        at_s = event.at_s
        found.append(at_s)
    assert found == [70.0, 70.0, 70.0]
    died = find_event(whole, "worker 3", 0.0)
    assert died is not None and died.at_s == 90.0
    assert find_event(whole, "nothing of that", 0.0) is None


def test_a_ghost_begins_with_the_run_or_with_the_segment(session: Session, whole: Snapshot) -> None:
    ghost = ghost_of(Overlay("other", session), whole)
    assert (ghost.shift_s, ghost.seconds) == (0.0, session.seconds)
    assert ghost.response == session.result.latency_s.response
    # What speaks for the other session is its last segment, at 70 s; here the first is shown, from 0 s.
    assert ghost_of(Overlay("other", session, "segment"), moment(whole, 5.0)).shift_s == -70.0
