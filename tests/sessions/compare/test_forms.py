"""A comparison as text, Markdown, CSV and JSON: the same verdicts in all of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from engine.figures import SegmentFigures
from sessions.compare.compare import compare_sessions
from sessions.compare.forms import FORMS
from sessions.compare.model import Comparison
from sessions.compare.weights import DEFAULT_WEIGHTS, parse_weights
from sessions.formats import Paper
from sessions.model import Session
from tui.arguments import COMPARISON_FORMATS

MakeSession = Callable[..., Session]
MakeSegment = Callable[..., SegmentFigures]


@pytest.fixture
def sessions(make_session: MakeSession, make_segment: MakeSegment) -> list[Session]:
    names = ("base", "pool=64|evil", "third")
    return [
        replace(
            make_session(segments=[make_segment(0, throughput_ci95_rps=(128_000, 129_000)), make_segment(1)]),
            name=name,
            id=f"x-{name}",
        )
        for name in names
    ]


def compared(sessions: list[Session]) -> Comparison:
    return compare_sessions(sessions, weights=parse_weights(DEFAULT_WEIGHTS))


def test_the_command_line_names_the_forms_there_are() -> None:
    assert set(COMPARISON_FORMATS) == set(FORMS)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("number", [2, 3])
def test_no_line_of_the_text_is_wider_than_asked(width: int, number: int, sessions: list[Session]) -> None:
    text = FORMS["text"](compared(sessions[:number]), Paper(width))
    assert max(map(len, text.splitlines())) <= width
    text = FORMS["text"](compared(sessions[:number]), Paper(width, ascii=True))
    assert text.isascii()


def test_two_as_text(sessions: list[Session]) -> None:
    before, after = sessions[:2]
    machine = replace(after.environment.generator, kernel="Linux 9.9")
    after = replace(after, environment=replace(after.environment, generator=machine))
    text = FORMS["text"](compared([before, after]), Paper(100))
    lines = text.splitlines()
    assert lines[0].startswith("CAN'T TELL")  # its p99 is known to within 8 %
    order = [
        text.index(words) for words in ("different beside the figures", "Linux 9.9", "64 conns: ", "p99.9")
    ]
    assert order == sorted(order)


def test_markdown_is_escaped(sessions: list[Session]) -> None:
    text = FORMS["markdown"](compared(sessions[:2]), Paper())
    assert "pool=64\\|evil" in text and "pool=64|evil" not in text
    assert text.count("| throughput |") == 2
    ranking = FORMS["markdown"](compared(sessions), Paper())
    assert "## Ranking at 64 conns" in ranking


def test_csv_has_a_row_a_figure_or_a_session(sessions: list[Session]) -> None:
    pair = list(csv.DictReader(io.StringIO(FORMS["csv"](compared(sessions[:2]), Paper()))))
    assert {row["settings"] for row in pair} == {"64 conns", "128 conns"}
    p99 = next(row for row in pair if row["metric"] == "p99")
    assert (float(p99["ratio"]), p99["decides"]) == (1.0, "1")
    assert float(p99["ratio_low"]) < 1 < float(p99["ratio_high"])
    several = list(csv.DictReader(io.StringIO(FORMS["csv"](compared(sessions), Paper()))))
    assert [row["place"] for row in several] == ["1", "2", "3"] * 2
    assert {row["session"] for row in several} == {"base", "pool=64|evil", "third"}


def test_json_has_it_all(sessions: list[Session]) -> None:
    told = json.loads(FORMS["json"](compared(sessions[:2]), Paper()))
    assert told["schema"] == "loadtop.comparison/1"
    assert told["outcome"] == "cannot-tell"
    assert [point["settings"] for point in told["points"]] == ["64 conns", "128 conns"]
    assert {change["metric"] for change in told["points"][0]["changes"]} >= {
        "throughput",
        "p99",
        "errors",
        "rss",
    }
    several = json.loads(FORMS["json"](compared(sessions), Paper()))
    assert [ranking["settings"] for ranking in several["rankings"]] == ["64 conns", "128 conns"]
    assert several["outcome"] == "ranked"
