"""The reader of profiles: by hand, against Go's own tool, and on whatever else bytes may be."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.looks import Frame
from engine.probes import profile as reader
from engine.probes.flame import by_function, column_of, folded, keep
from engine.probes.profile import BadProfile, Sample, ValueType, parse
from tests.engine.probes.encoding import number, packed, piece, texts, unpacked

SAMPLES = Path(__file__).parent / "samples"
VERSIONS = ("1.22", "1.23", "1.25", "1.26", "1.27")
TYPES = piece(1, number(1, 1) + number(2, 2)) + piece(1, number(1, 3) + number(2, 4))
WORDS = texts(
    "samples", "count", "cpu", "nanoseconds", "main.main", "main.work", "main.tiny", "work.go", "/bin/x"
)
FUNCTIONS = b"".join(
    piece(5, number(1, index) + number(2, 4 + index) + number(4, 8) + number(5, 10 * index))
    for index in (1, 2, 3)
)
# Location 3 is `tiny` inlined into `work`; location 4 has an address and no name.
LOCATIONS = (
    piece(4, number(1, 1) + piece(4, number(1, 1) + number(2, 12)))
    + piece(4, number(1, 3) + piece(4, number(1, 3)) + piece(4, number(1, 2)))
    + piece(4, number(1, 4) + number(2, 1) + number(3, 0xBEEF))
)
MAPPING = piece(3, number(1, 1) + number(5, 9))
SCALARS = number(9, 1_000) + number(10, 5_000_000_000) + number(12, 10_000_000)
WHOLE = (
    SCALARS
    + piece(2, packed(1, [3, 1]) + packed(2, [2, 20]))  # samples may come before what they refer to
    + piece(2, unpacked(1, [4, 1]) + unpacked(2, [1, -10]))
    + piece(2, packed(1, [3]) + number(1, 1) + number(2, 1) + packed(2, [5]))
    + TYPES
    + LOCATIONS
    + FUNCTIONS
    + MAPPING
    + WORDS
    + number(15, 7)
    + piece(16, b"from a later day")
)


@pytest.mark.parametrize("data", [WHOLE, gzip.compress(WHOLE)], ids=["plain", "gzip"])
def test_a_profile_is_read_with_all_that_may_be_in_one(data: bytes) -> None:
    profile = parse(data)
    assert profile.types == (ValueType("samples", "count"), ValueType("cpu", "nanoseconds"))
    main, work, tiny = (Frame(f"main.{name}", "work.go", line) for name, line in
                        (("main", 10), ("work", 20), ("tiny", 30)))  # fmt: skip
    assert profile.frames == (main, work, tiny, Frame("0xbeef", "/bin/x"))
    # outermost first; the inlined call is inside of the one it was inlined into
    assert profile.samples == (Sample((0, 1, 2), (2, 20)), Sample((0, 3), (1, -10)), Sample((0, 1, 2), (1, 5)))
    assert (profile.time_ns, profile.duration_ns, profile.period) == (1_000, 5_000_000_000, 10_000_000)
    assert folded(profile, column_of(profile)) == {(0, 1, 2): 25, (0, 3): -10}


def test_the_makers_default_column_is_taken_where_it_names_one() -> None:
    assert column_of(parse(WHOLE)) == 1
    assert column_of(parse(WHOLE + number(14, 1))) == 0


def top_of(version: str) -> tuple[dict[str, tuple[int, int]], int]:
    """Return what `go tool pprof -top` says: nanoseconds of each function, and of all."""
    text = (SAMPLES / f"go{version}.profile.top.txt").read_text()
    total = re.search(r"Total samples = ([\d.]+m?s)", text)
    assert total
    rows: dict[str, tuple[int, int]] = {}
    for line in text.splitlines()[4:]:
        own, _, _, cum, _, name = line.split(maxsplit=5)
        rows[name.removesuffix(" (inline)").removesuffix(" (partial-inline)")] = (ns(own), ns(cum))
    return rows, ns(total[1])


def ns(words: str) -> int:
    """Return nanoseconds of pprof's "0.67s", "10ms" or "0"; samples are whole tens of ms."""
    if words == "0":
        return 0
    return round(float(words[:-2]) * 1e6) if words.endswith("ms") else round(float(words[:-1]) * 1e9)


@pytest.mark.parametrize("version", VERSIONS)
def test_it_says_what_gos_own_tool_says(version: str) -> None:
    profile = parse((SAMPLES / f"go{version}.profile.pb.gz").read_bytes())
    kept = keep(profile, at_s=0.0, asked_s=2.0)
    rows, total = top_of(version)
    assert kept.total == total
    # Two functions of one name are one row there.
    mine: dict[str, tuple[int, int]] = {}
    assert len({frame.function for frame in kept.frames}) == len(kept.frames)
    for one in by_function(kept):
        mine[kept.frames[one.frame].function] = (one.own, one.total)
    assert mine == rows
    assert max(mine, key=lambda name: mine[name][0]) == "main.burnCycles"
    assert kept.seconds is not None and 2.0 <= kept.seconds < 3.0
    frame = next(frame for frame in kept.frames if frame.function == "main.burnCycles")
    assert frame == Frame("main.burnCycles", "loadtop/goserver/work.go", 26)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"<!doctype html><title>shop</title>", "wire type 4 in field 7"),
        (WHOLE[:-3], "it ends in the middle"),
        (gzip.compress(WHOLE)[:-20], "it ends in the middle"),
        (b"\x1f\x8b" + bytes(40), "what is compressed cannot be read"),
        (WORDS, "it does not say what it counts"),
        (b"\x00\x00", "a field has number 0"),
        (b"\xff" * 12, "more than ten bytes"),
        (TYPES + WORDS + piece(2, packed(1, [9]) + packed(2, [1, 1])), "from location 9, which there is not"),
        (TYPES + WORDS + piece(2, packed(2, [1])), "a sample with 1 values instead of 2"),
        (piece(1, number(1, 99)) + WORDS, "text 99 of 10"),
        (number(1, 5), "field 1 is a number"),
        (TYPES + WORDS + piece(10, b"x"), "field 10 is no number"),
    ],
)
def test_what_is_no_profile_is_refused_in_one_line(data: bytes, words: str) -> None:
    with pytest.raises(BadProfile) as refusal:
        parse(data)
    assert words in str(refusal.value)
    assert str(refusal.value).isprintable()


def test_a_few_bytes_cannot_become_any_number_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_PLAIN_BYTES", 1 << 20)
    for data in (gzip.compress(bytes(2 << 20)), bytes(2 << 20)):
        with pytest.raises(BadProfile, match="more than 1 MB"):
            parse(data)


def test_nor_any_number_of_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = piece(4, number(1, 7) + piece(4, number(1, 1)) * 3000)
    sample = piece(2, packed(1, [7] * 50) + packed(2, [1, 1]))
    start = TYPES + WORDS + FUNCTIONS + deep
    assert {len(one.stack) for one in parse(start + sample * 10).samples} == {reader.DEEPEST}
    monkeypatch.setattr(reader, "MOST_FRAMES", 9 * reader.DEEPEST)
    with pytest.raises(BadProfile, match="frames"):
        parse(start + sample * 10)
    monkeypatch.setattr(reader, "MOST_SAMPLES", 9)
    with pytest.raises(BadProfile, match="more than 9 samples"):
        parse(start + sample * 10)


REAL = gzip.decompress((SAMPLES / "go1.26.profile.pb.gz").read_bytes())


@given(st.sampled_from([WHOLE, REAL]), st.data())
def test_cut_and_changed_bytes_are_read_or_refused(data: bytes, draw: st.DataObject) -> None:
    """Nothing but BadProfile comes out, however a profile was damaged on its way."""
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 4))):
        damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
    cut = damaged[: draw.draw(st.integers(0, len(damaged)))]
    try:
        keep(parse(bytes(cut)), at_s=0.0, asked_s=1.0)
    except BadProfile as refusal:
        assert str(refusal).isprintable()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for given_ in (data, TYPES + WORDS + data):
        try:
            parse(given_)
        except BadProfile as refusal:
            assert str(refusal).isprintable()
