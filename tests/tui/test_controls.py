"""The load keys."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.errors import UsageError
from engine.plan import Load
from tui.controls import Step, step, with_connections, with_rate


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("more", 256, 282),
        ("more", 1, 2),
        ("less", 256, 230),
        ("less", 1, 1),
        ("one-more", 5, 6),
        ("one-less", 5, 4),
        ("one-less", 1, 1),
        ("double", 5, 10),
        ("halve", 5, 2),
        ("halve", 1, 1),
    ],
)
def test_a_key_turns_connections(key: Step, before: int, after: int) -> None:
    assert step(Load(concurrency=before), key) == Load(concurrency=after)


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("more", 20_000, 22_000),
        ("less", 15, 13),
        ("one-more", 1, 2),
        ("halve", 5, 2.5),
        ("halve", 1, 1),
        ("halve", 0.5, 0.5),
    ],
)
def test_in_an_open_loop_it_turns_the_rate_and_nothing_else(key: Step, before: float, after: float) -> None:
    load = Load(mode="open", rate=before, concurrency=4096, arrivals="poisson")
    assert step(load, key) == Load(mode="open", rate=after, concurrency=4096, arrivals="poisson")


OPEN = Load(mode="open", rate=200, concurrency=4096, arrivals="constant")


@pytest.mark.parametrize(
    ("text", "value"), [("512", 512), (" 2k ", 2000), ("1.5m", 1_500_000), ("20 000", 20_000), ("1_000", 1000)]
)
def test_connections_are_read_as_people_write_them(text: str, value: int) -> None:
    assert with_connections(Load(), text) == Load(concurrency=value)
    assert with_connections(OPEN, text) == replace(OPEN, concurrency=value)


@pytest.mark.parametrize("text", ["", "many", "k", "0", "-4", "1.5", "nan", "inf", "1e12", "0x10"])
def test_what_is_not_a_number_of_connections_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        with_connections(Load(), text)
    assert f"'{text}'" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("text", "rate"), [("200", 200), ("2k/s", 2000), ("0.5", 0.5), ("20 000", 20_000)])
def test_a_rate_makes_an_open_loop_with_room_for_slow_answers(text: str, rate: float) -> None:
    poisson = Load(mode="open", rate=rate, arrivals="poisson", concurrency=4096)
    assert with_rate(Load(concurrency=64), text, open_now=64, most=4096) == poisson
    more = with_rate(Load(concurrency=5000), text, open_now=5000, most=4096)
    assert more == replace(poisson, concurrency=5000)


def test_another_rate_changes_nothing_else() -> None:
    assert with_rate(OPEN, "300", open_now=9, most=4096) == replace(OPEN, rate=300.0)


@pytest.mark.parametrize("text", ["0", "closed", " Closed "])
def test_no_rate_is_a_closed_loop_over_the_connections_that_are_open(text: str) -> None:
    assert with_rate(OPEN, text, open_now=37, most=4096) == Load(concurrency=37)
    assert with_rate(OPEN, text, open_now=0, most=4096) == Load(concurrency=1)
    assert with_rate(Load(concurrency=64), text, open_now=3, most=4096) == Load(concurrency=64)


@pytest.mark.parametrize("text", ["", "fast", "-1", "1e9", "200m", "open"])
def test_what_is_no_rate_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="must be requests a second") as refusal:
        with_rate(Load(), text, open_now=1, most=4096)
    assert "\n" not in str(refusal.value)
