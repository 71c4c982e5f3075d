"""Gauges of the series: written when they change, and found again from any later row."""

from __future__ import annotations

import json

from engine.figures import Second
from engine.snapshot import Target
from sessions.gauges import GAUGES, newest, once
from sessions.report import as_json
from sessions.session import snapshot_of
from tests.sessions.conftest import MakeSession


def rows(*threads: int | None) -> list[Second]:
    """Return rows with that many threads."""
    return [Second(t_s=float(index), done=1, threads=number) for index, number in enumerate(threads)]


def test_a_gauge_is_written_where_it_changes() -> None:
    written = once(rows(None, 7, 7, None, 7, 8, 8, 7))
    assert [row.threads for row in written] == [None, 7, None, None, None, 8, None, 7]
    assert once(written) == written


def test_what_is_no_gauge_stays_in_every_row() -> None:
    same = [Second(t_s=float(index), done=5, rss_bytes=100, heap_bytes=9) for index in range(3)]
    assert once(same) == tuple(same)


def test_gauges_are_independent_of_each_other() -> None:
    pairs = [Second(t_s=0.0, threads=1, goroutines=1), Second(t_s=1.0, threads=1, goroutines=2)]
    assert [(row.threads, row.goroutines) for row in once(pairs)] == [(1, 1), (None, 2)]


def test_the_newest_is_found_and_what_was_never_seen_is_not() -> None:
    written = once(rows(None, 7, 7, 7))
    assert newest(written, "threads") == 7
    assert newest(written[:1], "threads") is None
    assert newest((), "goroutines") is None


def test_a_saved_session_shows_gauges_that_never_changed(make_session: MakeSession) -> None:
    seconds = [
        Second(t_s=float(index), done=1, rss_bytes=1, heap_bytes=5, threads=7, heap_goal_bytes=20, goroutines=5)
        for index in range(9)
    ]
    session = make_session(target=Target(url="http://h/", granularity="every"), seconds=seconds)
    written = json.loads(as_json(session))["seconds"]
    assert [sum(name in row for row in written) for name in GAUGES] == [1, 1, 1]
    assert [row["t_s"] for row in written] == list(range(9))
    shown = snapshot_of(session, file="x.json")
    assert shown.process is not None and shown.process.threads == 7
    assert shown.gc is not None and (shown.gc.goal_bytes, shown.gc.goroutines) == (20, 5)
