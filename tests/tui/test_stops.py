"""The picture of a trace, without a console."""

from __future__ import annotations

import msgspec
import pytest

from engine.looks import Cycle, Stop, Trace
from tests.tui import fake_feed, looks
from tui.panels.glyphs import GLYPHS
from tui.panels.line import TONES, plain
from tui.panels.stops import lines

SECONDS = fake_feed.snapshot().seconds


def text(trace: Trace, width: int = 80, height: int = 40) -> str:
    """Return the picture as text."""
    return "\n".join(plain(line) for line in lines(trace, SECONDS, width, height, glyphs=GLYPHS["block"]))


def cells(shown: str, head: str) -> list[str]:
    """Return the figures of the row that begins with these words."""
    row = next(row for row in shown.splitlines() if row.startswith(f" {head}"))
    return row.removeprefix(f" {head}").split()


def test_stops_are_counted_by_kind_beside_the_collections() -> None:
    shown = text(looks.trace())
    assert " execution trace  at 1:01.80   0.25 s   same clock as the latencies" in shown
    assert cells(shown, "GC sweep termination") == ["3", "0.93", "0.32", "0.39"]
    assert cells(shown, "read mem stats")[0] == "2"
    assert cells(shown, "GC cycles, begin to end")[0] == "3"
    assert "in part" not in shown


def test_the_latency_of_the_same_seconds_stands_below() -> None:
    shown = text(looks.trace(61.8))
    first, second = cells(shown, "1:01"), cells(shown, "1:02")
    assert (first[-2], second[-2]) == ("9", "0")
    row = next(row for row in SECONDS if row.t_s == 61.0)
    assert row.p99 is not None
    assert float(first[1]) == pytest.approx(row.p99 * 1e3, rel=0.05)
    assert "1:00 " not in shown and "1:03 " not in shown
    assert "nothing was measured in these moments" in text(looks.trace(5000.0))


def test_stops_stand_where_they_were() -> None:
    trace = Trace(
        at_s=10.0,
        asked_s=1.0,
        span_s=1.0,
        stw=(Stop("a", 10.5, 0.01), Stop("b", 10.99, 0.01)),
        gc_cycles=(Cycle(10.0, 0.5, False),),
    )
    shown = text(trace, width=14 + 100)
    stopped = next(row for row in shown.splitlines() if row.startswith(" stopped "))[13:113]
    collector = next(row for row in shown.splitlines() if row.startswith(" collector "))[13:113]
    assert [index for index, cell in enumerate(stopped) if cell != " "] == [50, 99]
    assert [index for index, cell in enumerate(collector) if cell != " "] == list(range(50))
    assert "1 in part" in shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clock": "wall"}, "placed by the wall clocks of both machines"),
        ({"clock": "arrival"}, "placed by when it was asked for"),
        ({"cut": True}, "its end is missing"),
        ({"stw": ()}, "none: the world never stopped"),
    ],
)
def test_what_a_reader_must_know_is_said(changes: dict[str, object], words: str) -> None:
    assert words in text(msgspec.structs.replace(looks.trace(), **changes), width=120)


@pytest.mark.parametrize(("width", "height"), [(20, 4), (40, 10), (80, 24), (120, 40), (200, 50)])
def test_it_fits_every_size(width: int, height: int) -> None:
    many = msgspec.structs.replace(
        looks.trace(), stw=tuple(Stop(f"kind {index}\x1b[2J", 61.8, 1e-5) for index in range(60))
    )
    for trace in (looks.trace(), many, Trace(at_s=0.0, asked_s=1.0)):
        made = lines(trace, SECONDS, width, height, glyphs=GLYPHS["ascii"])
        assert len(made) == height
        assert all(plain(line).isprintable() and tone in TONES for line in made for _, tone in line)
        assert "other traces" in plain(made[-1])[:width]
