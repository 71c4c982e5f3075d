"""Gauges of the series: in every row in memory, in a file where they change."""

from __future__ import annotations

import json

from engine.figures import Second
from engine.snapshot import Target
from sessions.gauges import GAUGES, every, newest, once
from sessions.reading import parse
from sessions.report import as_json
from sessions.session import snapshot_of
from tests.sessions.conftest import MakeSession


def rows(*threads: int | None) -> list[Second]:
    """Return rows with that many threads; None is a row in which the process was not seen."""
    return [
        Second(t_s=index, done=1, threads=number, target_cpu_pct=None if number is None else 5)
        for index, number in enumerate(threads)
    ]


def test_a_gauge_is_written_where_it_changes_and_read_in_every_row() -> None:
    whole = tuple(rows(None, 7, 7, None, 7, 8, 8, 7))
    written = once(whole)
    assert [row.threads for row in written] == [None, 7, None, None, None, 8, None, 7]
    assert once(written) == written
    assert every(written) == every(whole) == whole


def test_a_gauge_is_written_where_nothing_else_tells_of_the_look() -> None:
    alone = [Second(t_s=index, rss_bytes=100, threads=3, goroutines=5, heap_goal_bytes=9) for index in range(3)]
    assert once(alone) == tuple(alone)


def test_what_is_no_gauge_stays_in_every_row() -> None:
    same = [Second(t_s=index, done=5, cpu_pct=(1, 2), heap_bytes=9) for index in range(3)]
    assert once(same) == tuple(same)


def test_gauges_are_independent_of_each_other() -> None:
    pairs = [Second(t_s=at, threads=1, target_cpu_pct=1, heap_bytes=9, goroutines=1 + at) for at in range(2)]
    assert [(row.threads, row.goroutines) for row in once(pairs)] == [(1, 1), (None, 2)]


def test_memory_is_written_when_it_is_a_hundredth_off_what_was_written() -> None:
    creeping = [Second(t_s=at, target_cpu_pct=1, rss_bytes=1000 + 4 * at) for at in range(6)]
    written = once(creeping)
    assert [row.rss_bytes for row in written] == [1000, None, None, 1012, None, None]
    assert [row.rss_bytes for row in every(written)] == [1000, 1000, 1000, 1012, 1012, 1012]
    assert once(every(written)) == written


def test_the_newest_is_found_and_what_was_never_seen_is_not() -> None:
    seen = rows(None, 7, 7, None)
    assert newest(seen, "threads") == 7
    assert newest(seen[:1], "threads") is None
    assert newest((), "goroutines") is None


def test_a_saved_session_shows_gauges_that_never_changed(make_session: MakeSession) -> None:
    seconds = tuple(
        Second(
            t_s=index,
            done=1,
            rss_bytes=1,
            target_cpu_pct=3,
            heap_bytes=5,
            threads=7,
            heap_goal_bytes=20,
            goroutines=5,
        )
        for index in range(9)
    )
    session = make_session(target=Target(url="http://h/", granularity="every"), seconds=seconds)
    text = as_json(session)
    written = json.loads(text)["seconds"]
    assert [sum(name in row for row in written) for name in GAUGES] == [1, 1, 1, 1]
    assert [row["t_s"] for row in written] == list(range(9))
    again = parse(text.encode())
    assert again.seconds == seconds
    assert as_json(again) == text
    shown = snapshot_of(again, file="x.json")
    assert shown.process is not None and shown.process.threads == 7
    assert shown.gc is not None and (shown.gc.goal_bytes, shown.gc.goroutines) == (20, 5)
