"""Every form of the report: what other programs read of it, and what must be in none of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from engine.errors import NothingMeasured, UsageError
from engine.figures import Latency, LatencySet, Pause, Second, SegmentFigures
from engine.histogram import QUANTILES, Histogram, decode_hdr, encode_hdr
from engine.plan import Plan
from engine.snapshot import Target
from engine.stats.slo import SloFigures, judge_all
from sessions.formats import ENDINGS, FORMATS, format_of, write
from sessions.hgrm import as_hgrm
from sessions.html.page import as_html
from sessions.junit import as_junit
from sessions.model import Session
from sessions.store import load
from sessions.tables import seconds_csv, segments_csv
from sessions.text import as_text
from tui.arguments import REPORT_FORMATS

MakeSession = Callable[..., Session]
MakeSegment = Callable[..., SegmentFigures]

HOSTILE: Final = "</style><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
VOID: Final = frozenset({"meta", "br", "path"})


@pytest.fixture
def sample(samples: Path) -> Session:
    return load(samples / "demo.json")


class Checker(HTMLParser):
    """Holds that what is opened is closed, in order; keeps tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID, f"<{tag}/> is no void element"
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


def test_the_command_line_names_the_forms_there_are() -> None:
    assert set(REPORT_FORMATS) == set(FORMATS)
    assert set(ENDINGS.values()) <= set(FORMATS)
    assert format_of(Path("a/B.HTML")) == "html"
    assert format_of(Path("report")) == format_of(Path("report.txt")) == "text"


def test_other_implementations_read_the_same_percentiles(sample: Session, samples: Path) -> None:
    # demo.percentiles.json is what the JavaScript package hdr-histogram-js reads in the strings of demo.json.
    theirs = json.loads((samples / "demo.percentiles.json").read_text())
    assert [one["segment"] for one in theirs] == [segment.index for segment in sample.segments]
    for segment, read in zip(sample.segments, theirs, strict=True):
        ours = decode_hdr(segment.histogram["response"])
        assert ours.counted == read["total"]
        assert ours.max_ns == read["max"]
        latency = ours.latency(longest_s=10.0, minimum={})
        for name, quantile in QUANTILES.items():
            value = read["percentiles_ns"][f"{100 * quantile:g}"]
            # They give the upper end of a bin, we its middle: a bin is at most 0.1 % wide.
            assert getattr(latency, name) * 1e9 == pytest.approx(value, rel=1e-3)
            kept = getattr(segment.latency_s.response, name)
            assert kept is None or kept * 1e9 == pytest.approx(value, rel=1e-3)


def test_the_distribution_is_what_java_prints(sample: Session, samples: Path) -> None:
    # demo.hgrm is what Java's HdrHistogram 2.2.2 prints of the result's histogram in demo.json.
    theirs = (samples / "demo.hgrm").read_text()
    ours = as_hgrm(sample)
    assert ours.startswith(theirs)
    assert ours.removeprefix(theirs) == "#[Segment #2, 128 conns, milliseconds]\n"


def test_requests_without_an_answer_are_in_the_distribution(
    make_session: MakeSession, make_segment: MakeSegment
) -> None:
    histogram = Histogram()
    histogram.add(__import__("numpy").full(90, 1_000_000))
    response = Latency(count=100, censored=10, bound=10.0, p50=1e-3, max=10.0)
    segment = make_segment(
        latency_s=LatencySet(response=response), histogram={"response": encode_hdr(histogram)}
    )
    text = as_hgrm(make_session(segments=[segment]))
    assert "Total count    =          100]" in text
    last = text.splitlines()[-6].split()
    assert float(last[0]) == pytest.approx(10_000, rel=1e-3) and last[1:] == ["1.000000000000", "100"]
    assert "10 requests without an answer" in text


def test_without_a_histogram_there_is_no_distribution(
    make_session: MakeSession, make_segment: MakeSegment
) -> None:
    with pytest.raises(NothingMeasured, match="no histogram"):
        as_hgrm(make_session(segments=[make_segment(histogram={})]))
    with pytest.raises(UsageError, match="damaged"):
        as_hgrm(make_session(segments=[make_segment(histogram={"response": "HISTFAAAB4="})]))


def test_the_seconds_are_rows(sample: Session) -> None:
    rows = list(csv.DictReader(io.StringIO(seconds_csv(sample))))
    assert len(rows) == len(sample.seconds)
    assert [float(row["t_s"]) for row in rows] == [second.t_s for second in sample.seconds]
    assert sum(int(row["done"]) for row in rows) == sum(second.done for second in sample.seconds)
    assert float(rows[3]["p99_s"]) == sample.seconds[3].p99
    assert [rows[3][f"core{core}_cpu_pct"] for core in (0, 1)] == [
        str(pct) for pct in sample.seconds[3].cpu_pct
    ]


def test_the_segments_are_rows(make_session: MakeSession, make_segment: MakeSegment) -> None:
    session = make_session(segments=[make_segment(0), make_segment(1)])
    rows = list(csv.DictReader(io.StringIO(segments_csv(session))))
    assert [row["concurrency"] for row in rows] == ["64", "128"]
    assert rows[0]["rate_rps"] == ""  # a closed loop has none
    assert float(rows[1]["response_p99_high_s"]) == 1.18e-3
    assert float(rows[1]["rss_max_bytes"]) == 151e6


def test_a_table_without_rows_has_its_heading(make_session: MakeSession) -> None:
    empty = make_session(segments=[], seconds=())
    assert seconds_csv(empty).startswith("t_s,span_s,segment")
    assert segments_csv(empty).startswith("segment,start_s")


def test_a_cell_is_no_formula(make_session: MakeSession, make_segment: MakeSegment) -> None:
    segment = replace(make_segment(), state="=HYPERLINK(1)")
    rows = list(csv.DictReader(io.StringIO(segments_csv(make_session(segments=[segment])))))
    assert rows[0]["state"] == "'=HYPERLINK(1)"


def test_the_page_is_whole_and_needs_nothing(make_session: MakeSession, make_segment: MakeSegment) -> None:
    session = make_session(segments=[make_segment(0), make_segment(1), make_segment(2)])
    page = checked(as_html(session))
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(page.tags)
    assert not [
        name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href", "xlink:href")
    ]
    assert "url(" not in page.text and "@import" not in page.text
    assert page.tags.count("svg") == 4  # latency, throughput, CPU, memory: this session has no histogram
    for words in ("128.4k/s", "1.09 ms", "SETTLED after 4.0 s", "client ok", "#3", "256 conns", "go1.26.6"):
        assert words in page.text
    assert "prefers-color-scheme:dark" in page.text


def test_the_page_draws_the_distribution(sample: Session) -> None:
    page = as_html(sample)
    assert "Response time by percentile, #2 128 conns" in page
    assert "99.9 %" in page


def test_hostile_text_stays_text(make_session: MakeSession, make_segment: MakeSegment) -> None:
    plan = Plan(url="http://127.0.0.1/", headers=(("X-Hostile", HOSTILE),), note=HOSTILE)
    session = make_session(
        plan=plan,
        segments=[replace(make_segment(), statuses={HOSTILE: 3}, errors={HOSTILE: 1})],
        last_error=HOSTILE,
        target=Target(url=HOSTILE, command=HOSTILE, runtime=HOSTILE, pid=1),
    )
    slo = SloFigures(expr=HOSTILE, reason=HOSTILE)
    session = replace(
        session, name=HOSTILE, note=HOSTILE, slos=(slo,), plan=replace(session.plan, target=HOSTILE)
    )
    page = checked(as_html(session))
    assert not {"script", "img"} & set(page.tags)
    assert page.tags.count("style") == 1
    assert page.text.count(HOSTILE) >= 8
    assert ElementTree.fromstring(as_junit(session)).findtext(".//system-out", "").count(HOSTILE) == 1


def test_nothing_measured_is_a_page_too(make_session: MakeSession) -> None:
    page = checked(as_html(make_session(segments=[], seconds=(), last_error="connection refused")))
    assert "Nothing measured" in page.text and "connection refused" in page.text


numbers = some.one_of(
    some.none(),
    some.floats(allow_nan=False, allow_infinity=False),
    some.sampled_from([0.0, -1.0, 1e-320, 1e300]),
)
a_number = some.floats(-1e300, 1e300)
a_second = some.builds(
    Second,
    t_s=a_number,
    span_s=some.floats(-1, 10),
    done=some.integers(-5, 2**60),
    p50=numbers,
    p99=numbers,
    rss_bytes=some.one_of(some.none(), some.integers(-5, 2**62)),
    target_cpu_pct=numbers,
    cpu_pct=some.lists(a_number, max_size=3).map(tuple),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seconds=some.lists(a_second, max_size=6),
    pauses=some.lists(some.builds(Pause, a_number, a_number), max_size=4),
)
def test_any_numbers_can_be_drawn(
    seconds: list[Second], pauses: list[Pause], make_session: MakeSession
) -> None:
    session = replace(make_session(seconds=()), seconds=tuple(seconds), pauses=tuple(pauses))
    page = checked(as_html(session))
    drawn = [value for name, value in page.attributes if name == "d" and value]
    assert not [path for path in drawn if "nan" in path or "inf" in path]


def test_objectives_are_in_every_form_for_people(make_session: MakeSession) -> None:
    session = make_session()
    slos = judge_all(("p99<5ms", "rate>1M", "p50<0.25ms"), session.segments[0])
    session = replace(session, slos=slos)
    for form in ("text", "markdown", "html"):
        said = write(session, form)
        assert "MISSED" in said and "not enough data" in said, form
    assert "2 of 3 not met" in as_text(session, width=80)


def test_junit_fails_what_was_not_met(make_session: MakeSession) -> None:
    session = make_session()
    texts = ("p99<5ms", "rate>1M", "p50<0.25ms")
    for lenient, failures, skipped in ((False, 2, 0), (True, 1, 1)):
        slos = judge_all(texts, session.segments[0], lenient=lenient)
        top = ElementTree.fromstring(as_junit(replace(session, slos=slos)))
        suite = top.find("testsuite")
        assert suite is not None
        assert suite.get("tests") == "3"
        assert (suite.get("failures"), suite.get("skipped")) == (str(failures), str(skipped))
        cases = suite.findall("testcase")
        assert [case.get("name") for case in cases] == list(texts)
        assert cases[0].find("failure") is None
        failure = cases[1].find("failure")
        assert failure is not None and "128.4k/s" in (failure.get("message") or "")
        assert (cases[2].find("skipped") is not None) == lenient


def test_a_planted_secret_is_in_no_form(make_session: MakeSession) -> None:
    secrets = ("hunter2hunter2", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef", "topsecretvalue")
    plan = Plan(
        url=f"http://127.0.0.1:8080/ping?api_key={secrets[0]}",
        headers=(("Authorization", f"Bearer {secrets[1]}"), ("X-Api-Key", secrets[2])),
        body=b"password=hunter2hunter2",
        slos=("p99<5ms",),
    )
    session = make_session(
        plan=plan,
        target=Target(url=plan.url, command=f"server --token {secrets[2]}", pid=1),
        last_error=f"401 for Bearer {secrets[1]}",
        segments=[],
    )
    kept: dict[str, Any] = {form: write(session, form) for form in FORMATS if form != "hgrm"}
    kept["junit"] = as_junit(session)
    for form, text in kept.items():
        assert not [secret for secret in secrets if secret in text], form
