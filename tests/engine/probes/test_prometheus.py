from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from engine.probes.prometheus import Reader, Series, parse

SHAPES = rb"""# HELP http_requests_total The total \n number of "requests".
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total { method = "post" , code="400", }    3 1395066363000

# a comment, and an empty line
msdos_file_access{path="C:\\DIR\\FILE.TXT",error="Cannot find \"x\":\n}, {a=\"b\" 7",odd="\q"} 1.458e+09
metric_without_labels 12.47
tabs{a="1"}	-3.5	-17
beyond{problem="division by zero"} +Inf -3982045
below -Inf
nothing NaN
no_space{a="b"}7
empty{} .5
# TYPE rpc_duration_seconds histogram
rpc_duration_seconds_bucket{le="0.05"} 24054 # {trace_id="KOO5S4vxi0o"} 0.67 1520879607.789
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 144320
# TYPE colour gauge
colour:rate5m{name="b\u00e4r"} 5.
# EOF
"""


def test_everything_that_the_format_allows_is_read() -> None:
    page = Reader().read(SHAPES)
    assert page.broken == 0
    told = {(series.name, *series.labels.values()): series.value for series in page.series}
    assert math.isnan(told.pop(("nothing",)))
    assert told == {
        ("http_requests_total", "post", "200"): 1027,
        ("http_requests_total", "post", "400"): 3,
        ("msdos_file_access", r"C:\DIR\FILE.TXT", 'Cannot find "x":\n}, {a="b" 7', r"\q"): 1.458e9,
        ("metric_without_labels",): 12.47,
        ("tabs", "1"): -3.5,
        ("beyond", "division by zero"): math.inf,
        ("below",): -math.inf,
        ("no_space", "b"): 7,
        ("empty",): 0.5,
        ("rpc_duration_seconds_bucket", "0.05"): 24054,
        ("rpc_duration_seconds_sum",): 1.7560473e7,
        ("rpc_duration_seconds_count",): 144320,
        ("colour:rate5m", r"b\u00e4r"): 5,
    }
    assert page.types == {
        "http_requests_total": "counter",
        "rpc_duration_seconds": "histogram",
        "colour": "gauge",
    }


@pytest.mark.parametrize(
    "line",
    [
        b"<!doctype html>",
        b"name",
        b"name{} ",
        b"name one",
        b"name 1_000",
        b"name 0x10",
        b"name 1e",
        b"name 1 2 3",
        b"name{a=b} 1",
        b'name{a="b} 1',
        b'name{a="b"c="d"} 1',
        b"name{,} 1",
        b'name{a-b="c"} 1',
        b'name{a="b"} 1 # exemplar',
        b"1name 1",
        b"name1",
        b"na\xc3\xafve 1",
        b"name \xef\xbc\x91",
        b"\x1b[31mname 1",
    ],
)
def test_a_line_of_nothing_that_the_format_knows_is_skipped_and_counted(line: bytes) -> None:
    page = Reader().read(b"before 1\n" + line + b"\nafter 2\n")
    assert [(series.name, series.value) for series in page.series] == [("before", 1), ("after", 2)]
    assert page.broken == 1


def test_a_second_page_with_the_same_names_is_read_as_strictly() -> None:
    reader = Reader()
    first = reader.read(b'a{b="c"} 1\r\nplain 2\n')
    second = reader.read(b'a{b="c"} 3\r\nplain 1_0\nplain four\nplain 5 6\n')
    assert second.series == [Series("a", {"b": "c"}, 3), Series("plain", {}, 5)]
    assert second.broken == 2
    assert second.series[0].labels is first.series[0].labels


def test_labels_that_come_and_go_are_not_kept_for_ever() -> None:
    reader = Reader()
    for turn in range(30):
        reader.read("".join(f'a{{id="{turn}-{index}"}} 1\n' for index in range(200)).encode())
    assert len(reader._heads) <= 2 * 200 + 1000


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("requests_total", "counter"),
        ("requests_created", ""),
        ("took_bucket", "counter"),
        ("took_sum", "counter"),
        ("quantiles_count", "counter"),
        ("quantiles_bucket", ""),
        ("quantiles", "summary"),
        ("level", "gauge"),
        ("level_total", ""),
        ("unheard", ""),
    ],
)
def test_what_a_series_is_follows_from_its_family(name: str, kind: str) -> None:
    types = b"# TYPE requests counter\n# TYPE took histogram\n# TYPE quantiles summary\n# TYPE level gauge\n"
    assert Reader().read(types).type_of(name) == kind


def test_what_the_official_client_writes_is_read_as_its_own_parser_reads_it() -> None:
    registry = CollectorRegistry()
    Counter("jobs", "Jobs.", ["kind"], registry=registry).labels('a\\b"c\nd').inc(3)
    Gauge("level", "Level.", registry=registry).set(float("-inf"))
    Summary("size", "Size.", registry=registry).observe(7)
    took = Histogram("took", "Took.", registry=registry)
    took.observe(0.3, {"trace_id": "abc"})
    text = generate_latest(registry)
    theirs = [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    ]
    assert [(series.name, series.labels, series.value) for series in parse(text)] == theirs
    modern = Reader().read(openmetrics.generate_latest(registry))  # type: ignore[no-untyped-call]
    assert modern.broken == 0
    assert {series.name for series in modern.series} == {name for name, _, _ in theirs}
    assert modern.type_of("jobs_total") == "counter"


@given(st.dictionaries(st.from_regex(r"[a-z_]\w*", fullmatch=True).filter(str.isascii), st.text(), max_size=4))
def test_any_label_comes_back(labels: dict[str, str]) -> None:
    labels = {name: value.encode("utf-8", "replace").decode() for name, value in labels.items()}
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        for name, value in labels.items()
    }
    line = "m{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "} 1"
    assert parse(line.encode()) == [Series("m", labels, 1)]


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd_to_be_read(text: bytes) -> None:
    page = Reader().read(text)
    assert page.broken + len(page.series) <= text.count(b"\n") + 1


@pytest.mark.parametrize(
    "text",
    [b"a", b"a{", b'a{b="', b'a{b="c",', b'a{b="\\', b" ", b"# ", b"# TYPE a ", b"1", b"a 1 # {", b"\r", b'{"'],
)
def test_no_text_takes_more_than_time_in_proportion(text: bytes) -> None:
    # At a quadratic cost this would take hours.
    assert len(parse(text * (2_000_000 // len(text)))) <= 1
