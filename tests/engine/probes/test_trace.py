"""The reader of execution traces: by hand, against Go's own tool, and on whatever else bytes may be."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.looks import Stop
from engine.probes import trace as reader
from engine.probes.look_words import by_kind
from engine.probes.trace import WallClock, parse
from engine.probes.trace_batches import BadTrace
from engine.probes.trace_pairs import Cycle, Moment, cycles
from tests.engine.probes.encoding import HZ, batch, clock, event, header, strings, uvarint

SAMPLES = Path(__file__).parent / "samples"
VERSIONS = {"1.22": 22, "1.23": 23, "1.25": 25, "1.26": 26, "1.27": 26}
COLLECTIONS = {"1.22": 2, "1.23": 2, "1.25": 3, "1.26": 3, "1.27": 3}
"""How often `/collect` ran the collector while a sample was taken, by the server's own count (NumGC)."""
TICK_NS = 1_000_000_000 // HZ


def made(version: int) -> bytes:
    """Return a trace as a format has it: a collection with two stops, and one stop across generations."""
    first = (
        event(28, 1, 4)  # one is under way as the trace begins
        + event(16, 1, 7, 1)
        + event(30, 9, 4)
        + event(26, 100, 1, 0)  # stopped at 110 of the thread's clock
        + event(29, 20, 5, 0)
        + event(27, 30)
    )
    second = event(37, 5, 4 << 20) + event(26, 40, 2, 300) + event(30, 10, 5) + event(27, 60)
    across = event(26, 500, 1, 0)
    later = event(27, 1)
    if version >= 23:
        second += event(45, 1, 3, 9)
    parts = [
        batch(7, 1000, first),
        batch(8, 1200, second),
        batch(9, 1200, across),
        strings(["GC sweep termination", "read mem stats"]),  # texts may come after they are used
        batch(0, 1000, b"\x02" + event(3, 1, 1, 0x401000, 1, 2, 30)),
        batch(0, 1000, b"\x06" + event(7, 5, 7, 0, 1, 1)),
        clock(version, 900),
    ]
    if version >= 23:
        parts.append(batch(7, 1000, b"\x81\x01\x02", experiment=True))
    if version >= 26:
        parts.append(b"\x34")
    parts += [batch(9, 3000, later, generation=2), clock(version, 2900, generation=2)]
    return header(version) + b"".join(parts)


@pytest.mark.parametrize("version", [22, 23, 25, 26])
def test_every_known_format_is_read(version: int) -> None:
    log = parse(made(version))
    assert log.format == version
    assert [(stop.kind, stop.start_ns // TICK_NS, stop.end_ns // TICK_NS) for stop in log.stops] == [
        ("GC sweep termination", 1111, 1161),
        ("read mem stats", 1245, 1315),
        ("GC sweep termination", 1700, 3001),
    ]
    assert log.cycles == (
        Cycle(1001 * TICK_NS, 1011 * TICK_NS, False),
        Cycle(1131 * TICK_NS, 1255 * TICK_NS, True),
    )
    assert (log.first_ns, log.last_ns, log.cut) == (1001 * TICK_NS, 3001 * TICK_NS, False)
    wall = WallClock(903 * TICK_NS, 1_800_000_000_000_000_005)
    assert log.wall == (wall if version >= 25 else None)


@pytest.mark.parametrize("version", [22, 23, 25, 26])
def test_a_trace_that_is_cut_anywhere_is_read_as_far_as_it_goes(version: int) -> None:
    whole = made(version)
    counts = []
    for end in range(16, len(whole)):
        try:
            log = parse(whole[:end])
        except BadTrace as refusal:
            assert str(refusal) == "it has no events"
            counts.append(0)
        else:
            counts.append(len(log.stops))
    assert counts == sorted(counts)
    assert counts[-1] == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"<!doctype html>", "it is no execution trace of Go"),
        (header(21), "its format is 21, and only 22 to 26 (Go 1.22 to 1.27) can be read"),
        (header(27), "its format is 27"),
        (header(5), "its format is 5"),
        (header(22), "it has no events"),
        (header(22) + b"\x09", "9 where a batch should begin"),
        (header(23) + batch(1, 0, event(99, 1)), "event 99"),
        (header(23) + batch(1, 0, b"\x0a\x01"), "an event ends where its batch does not"),
        (header(23) + batch(1, 0, b"\x0b" + b"\xff" * 11), "more than ten bytes"),
        (header(23) + b"\x01" + b"\xff" * 12, "more than ten bytes"),
        (header(23) + batch(1, 0, b"\x04\x07"), "7 among its texts"),
        (header(23) + batch(1, 0, b"\x04\x05\x01\x09ab"), "a text ends after its batch"),
        (header(25) + batch(1, 0, b"\x32\x09"), "9 among its clocks"),
    ],
)
def test_what_is_no_trace_is_refused_in_one_line(data: bytes, words: str) -> None:
    with pytest.raises(BadTrace) as refusal:
        parse(data)
    assert words in str(refusal.value)
    assert str(refusal.value).isprintable()


def test_there_is_a_most_of_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_MOST_MOMENTS", 10)
    with pytest.raises(BadTrace, match="more than 10 stops"):
        parse(header(22) + batch(1, 0, event(27, 1) * 11))


def test_a_stop_without_an_end_is_none_and_a_cycle_without_one_is_a_part() -> None:
    data = header(22) + batch(1, 10, event(26, 0, 1, 0)) + batch(2, 10, event(29, 5, 1, 0) + event(23, 95))
    log = parse(data)
    assert log.stops == ()
    assert log.cycles == (Cycle(15 * TICK_NS, 110 * TICK_NS, False),)


def test_that_one_is_under_way_is_said_in_every_generation_and_is_the_same_one() -> None:
    moments = [Moment(at, kind, 1) for at, kind in ((10, 29), (20, 28), (30, 28), (40, 30), (50, 30))]
    assert cycles(moments, 0, 60) == (Cycle(10, 40, True),)


def ranges(version: str) -> tuple[list[tuple[str, int, int]], int]:
    """Return what `go tool trace -d=parsed` says: every stop as (kind, begin, end), and how often it marked."""
    begun: dict[str, int] = {}
    stops: list[tuple[str, int, int]] = []
    marks = 0
    for line in (SAMPLES / f"go{version}.trace.txt").read_text().splitlines():
        found = re.fullmatch(r'Range(Begin|End) Time=(\d+) Name="(.+)"', line)
        assert found, line
        name, at = found[3], int(found[2])
        if name == "GC concurrent mark phase":
            marks += found[1] == "End"
        elif found[1] == "Begin":
            begun[name] = at
        else:
            stops.append((name.removeprefix("stop-the-world (").removesuffix(")"), begun.pop(name), at))
    assert not begun
    return sorted(stops, key=lambda stop: stop[1]), marks


@pytest.mark.parametrize("version", VERSIONS)
def test_it_says_what_gos_own_tool_says_to_the_nanosecond(version: str) -> None:
    log = parse(gzip.decompress((SAMPLES / f"go{version}.trace.gz").read_bytes()))
    stops, marks = ranges(version)
    assert log.format == VERSIONS[version]
    assert [(stop.kind, stop.start_ns, stop.end_ns) for stop in log.stops] == stops
    assert len(log.cycles) == marks == COLLECTIONS[version]
    assert all(cycle.whole and cycle.end_ns > cycle.start_ns for cycle in log.cycles)
    kinds = Counter(stop.kind for stop in log.stops)
    assert kinds == {
        "GC sweep termination": marks,
        "GC mark termination": marks,
        "read mem stats": 2,
        "start trace": 1,
    }
    # The two stops of a collection lie where it begins and ends.
    for cycle in log.cycles:
        assert sum(cycle.start_ns <= stop.end_ns and stop.start_ns <= cycle.end_ns for stop in log.stops) == 2
    assert (log.wall is not None) == (VERSIONS[version] >= 25)


def test_stops_are_summed_by_kind() -> None:
    stops = [Stop("a", 0.0, 1e-3), Stop("b", 1.0, 5e-3), Stop("a", 2.0, 3e-3), Stop("a", 3.0, 2e-3)]
    (one, two) = by_kind(stops)
    assert (one.kind, one.count, one.p50_s, one.max_s) == ("a", 3, 2e-3, 3e-3)
    assert one.total_s == pytest.approx(6e-3)
    assert (two.kind, two.count, two.p50_s) == ("b", 1, 5e-3)
    assert by_kind([]) == ()


@given(st.sampled_from([22, 23, 25, 26]).map(made), st.data())
def test_cut_and_changed_bytes_are_read_or_refused(data: bytes, draw: st.DataObject) -> None:
    """Nothing but BadTrace comes out, however a trace was damaged on its way."""
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 4))):
        damaged[draw.draw(st.integers(16, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    cut = bytes(damaged[: draw.draw(st.integers(0, len(damaged)))])
    try:
        log = parse(cut)
    except BadTrace as refusal:
        assert str(refusal).isprintable()
    else:
        assert all(stop.start_ns <= stop.end_ns for stop in log.stops)
        assert all(cycle.start_ns <= cycle.end_ns for cycle in log.cycles)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for given_ in (data, header(26) + data, header(26) + b"\x01\x01\x01\x01" + uvarint(len(data)) + data):
        try:
            parse(given_)
        except BadTrace as refusal:
            assert str(refusal).isprintable()
