"""Figures as words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.figures import Event, Latency, SegmentFigures
from engine.plan import Load
from tui import format as words


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (words.rate, 0, "0"),
        (words.rate, 31.24, "31.2"),
        (words.rate, 99.96, "100"),
        (words.rate, 128_412.4, "128 412"),
        (words.rate, 12_345_678.9, "12.35M"),
        (words.axis_number, 140_000, "140k"),
        (words.axis_number, 2.5e6, "2.5M"),
        (words.milliseconds, None, "…"),
        (words.milliseconds, 0.0, "0"),
        (words.milliseconds, 87e-6, "0.087"),
        (words.milliseconds, 254e-6, "0.25"),
        (words.milliseconds, 1.1449e-3, "1.14"),
        (words.milliseconds, 9.996e-3, "10.0"),
        (words.milliseconds, 0.0123, "12.3"),
        (words.milliseconds, 0.9996, "1 000"),
        (words.milliseconds, 12.5, "12 500"),
        (words.ago, 0.42, "0.4 s ago"),
        (words.ago, 300, "5:00 ago"),
        (words.nice_top, 0, 1.0),
        (words.nice_top, 131_000, 150_000.0),
        (words.nice_top, 100, 100.0),
        (words.nice_top, float("inf"), 1.0),
    ],
)
def test_a_figure_reads_as_people_write_it(
    function: Callable[[object], object], value: object, text: object
) -> None:
    assert function(value) == text


def test_a_missing_percentile_says_how_many_answers_it_needs() -> None:
    latency = Latency(count=30, p50=1.5e-3, max=2e-3)
    assert words.amount(latency, "p50") == "1.50 ms"
    assert words.amount(latency, "p99") == "…269 more"
    assert words.amount(latency, "p999") == "…2 965 more"
    assert words.amount(Latency(), "max") == "…1 more"
    assert words.amount(Latency(count=300), "p99") == "…"


def test_a_lower_bound_is_marked_whatever_it_is() -> None:
    latency = Latency(count=300, censored=9, min=1.0, p50=0.5, p99=1.0, max=2.0, bound=1.0)
    assert words.amount(latency, "p50") == "500 ms"
    assert words.amount(latency, "min") == "1 000 ms"
    assert words.amount(latency, "p99") == "≥1 000 ms"
    assert words.bare(latency, "max") == "≥2 000"
    assert words.bare(latency, "p999") == "…"


def test_foreign_text_cannot_move_the_cursor_or_the_columns() -> None:
    cleaned = words.clean("\x1b[2J boom\r\n\x07 [red]日本[/red] e\u0301 \u202eabc")
    assert cleaned == "[2J boom [red]··[/red] e· abc"
    assert cleaned.isprintable()


def test_texts_are_cut_with_a_sign() -> None:
    assert words.fit("abcdef", 4) == "abc…"
    assert words.fit("abc", 3) == "abc"
    assert words.fit("abc", 0) == ""
    assert words.wrapped("one two three", 7) == ["one two", "three"]
    assert words.join_fitting(["aa", "bb", "cc"], 7) == "aa   bb"


def test_loads_and_events_read_as_sentences() -> None:
    closed, more = Load(concurrency=128), Load(concurrency=1)
    poisson = Load(mode="open", rate=20_000, concurrency=4096, arrivals="poisson")
    assert words.load_words(closed) == "closed, 128 connections"
    assert words.load_words(more, 1) == "closed, 1 connection"
    assert words.load_words(poisson) == "open, 20 000/s poisson, at most 4 096 connections"
    assert words.load_words(poisson, 37) == "open, 20 000/s poisson, 37 of at most 4 096 connections"
    assert words.event_words(Event(at_s=1, kind="load", before=closed, after=more)) == "load 128 → 1 conn"
    assert words.event_words(Event(at_s=1, kind="probe-gap", text="no\x07 answer")) == "probe-gap no answer"


def test_failures_are_what_got_no_answer_or_a_refusal() -> None:
    figures = SegmentFigures(
        index=0,
        start_s=0,
        end_s=1,
        load=Load(),
        statuses={"200": 5, "404": 2, "503": 3},
        errors={"timeout": 7},
    )
    assert words.failures(figures) == 12
