from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.plan import Load
from sessions import format


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 s"),
        (850e-9, "0.850 µs"),
        (85e-6, "85.0 µs"),
        (0.25e-3, "250 µs"),
        (999.4e-6, "999 µs"),
        (999.96e-6, "1.00 ms"),
        (1.09e-3, "1.09 ms"),
        (0.99996, "1.00 s"),
        (2.314, "2.31 s"),
        (10.0, "10.0 s"),
        (3600.0, "3 600 s"),
    ],
)
def test_a_duration_has_three_digits_in_the_unit_that_suits(value: float, text: str) -> None:
    assert format.duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12, "12.00"), (0.3333, "0.333"), (999.97, "1 000"), (128_412.3, "128.4k"), (1.5e6, "1.500M")],
)
def test_a_rate_has_four_digits(value: float, text: str) -> None:
    assert format.rate(value) == text


@pytest.mark.parametrize(
    ("text", "trimmed"),
    [("2.000k", "2k"), ("10.0 s", "10 s"), ("1.500M", "1.5M"), ("1.20 s", "1.2 s"), ("100 ms", "100 ms")],
)
def test_a_setting_is_shown_without_idle_zeros(text: str, trimmed: str) -> None:
    assert format.trim(text) == trimmed


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0 %"),
        (10, 10, "100 %"),
        (0, 0, "0 %"),
        (1, 17_077_212, "<0.001 %"),
        (17_077_211, 17_077_212, ">99.999 %"),
        (341, 17_077_212, "0.002 %"),
        (17_076_871, 17_077_212, "99.998 %"),
        (1, 3, "33 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(part: int, whole: int, text: str) -> None:
    assert format.share(part, whole) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (512, "512 B"), (1420, "1.42 kB"), (142e6, "142 MB"), (1.5e9, "1.50 GB")]
)
def test_sizes_are_decimal(value: float, text: str) -> None:
    assert format.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(12.34, "12.3 s"), (59.97, "1 min 00 s"), (133, "2 min 13 s"), (3725, "1 h 02 min")]
)
def test_spans_are_said_as_people_say_them(value: float, text: str) -> None:
    assert format.span(value) == text


def test_a_load_is_said_in_words() -> None:
    assert format.load_words(Load(concurrency=1)) == "closed loop, 1 connection"
    opened = Load(mode="open", rate=2000, arrivals="poisson", concurrency=4096)
    assert format.load_words(opened) == "open loop, 2 000 requests/s Poisson, at most 4 096 connections"
    assert format.load_short(opened) == "2 000/s"
    assert format.load_short(replace(opened, rate=12.5, arrivals="constant")) == "12.5/s constant"


def test_a_change_of_load_names_what_changes() -> None:
    closed = Load(concurrency=128)
    opened = Load(mode="open", rate=20_000, arrivals="poisson", concurrency=4096)
    assert format.change_words(closed, Load(concurrency=1)) == "128 → 1 conn"
    assert format.change_words(closed, opened) == "128 conns → 20 000/s"
    assert format.change_words(opened, replace(opened, rate=12_345)) == "20 000/s → 12 345/s"
    assert format.change_words(opened, replace(opened, concurrency=100)) == "at most 4 096 → 100 conns"


def test_people_count_segments_from_one() -> None:
    assert format.segment_name(0) == "#1"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0:00"), (-1, "0:00"), (133.2, "2:13"), (133.9, "2:14"), (3723, "1:02:03")]
)
def test_a_clock_is_of_the_run(value: float, text: str) -> None:
    assert format.clock(value) == text


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_can_be_formatted_in_one_short_line(value: float) -> None:
    for show in (format.duration, format.rate, format.size, format.percent, format.span, format.clock):
        if show is format.clock and math.isnan(value):
            continue
        assert 0 < len(show(value)) <= 28
