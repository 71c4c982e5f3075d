"""The axis of the spectrogram, and its glyphs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from msgspec.structs import replace

from engine.books.spectrum import PER_DECADE, ROWS, Spectrum
from engine.figures import Pause
from tests.tui import fake_feed
from tests.tui.test_panels import text, view
from tui.panels.chart import LABEL
from tui.panels.distribution import Distribution
from tui.panels.glyphs import GLYPHS
from tui.panels.heat import LEVELS, Scale, heat, scale_of
from tui.panels.line import plain
from tui.panels.spectrogram import PAUSE, Spectrogram


def spectrum(**rows: int) -> Spectrum:
    """Return counts by row: r40=7."""
    made = np.zeros(ROWS, np.int64)
    for row, number in rows.items():
        made[int(row[1:])] = number
    return made


@pytest.mark.parametrize("height", [1, 2, 5, 8, 13, 40])
def test_the_axis_holds_everything_and_loses_nothing(height: int) -> None:
    for low, high in itertools.combinations((0, 17, 32, 33, 90, ROWS - 1), 2):
        column = spectrum(**{f"r{low}": 3, f"r{high}": 4})
        scale = scale_of([column], height)
        folded = scale.folded(column)
        assert folded.shape == (height,)
        assert folded.sum() == 7
        assert scale.first <= low
        assert scale.first + scale.step * height > high


def test_decades_are_labelled_where_they_are() -> None:
    labels = Scale(first=2 * PER_DECADE, step=PER_DECADE // 4, height=12).labels()
    assert labels[0] == "100 µs"
    assert labels[4] == "1 ms"
    assert labels[8] == "10 ms"
    assert labels[6] == "3.16 ms"
    assert [label for label in Scale(first=0, step=40, height=3).labels() if label]


def test_five_levels_differ_without_colour_and_one_answer_is_never_invisible() -> None:
    for glyphs in (GLYPHS["block"].heat, GLYPHS["ascii"].heat):
        assert len(set(glyphs)) == len(glyphs) == len(LEVELS) + 1
        assert heat(0.0, glyphs) == " "
        assert [heat(share, glyphs) for share in (1e-9, 0.005, 0.02, 0.1, 0.9)] == list(glyphs[1:])
    assert GLYPHS["ascii"].heat.isascii()


def test_a_stall_is_a_column_that_reaches_up_and_a_change_is_a_rule() -> None:
    rows = [plain(line) for line in Spectrogram().rows(view(fake_feed.snapshot()), 70, 12)]
    at = rows[-1].index("2:00")  # a burst of the fake run
    stalled = [row[at] for row in rows[:-1]]
    beside = [row[at + 3] for row in rows[:-1]]
    assert sum(glyph != " " for glyph in stalled) > sum(glyph != " " for glyph in beside) + 1
    assert stalled[1] != " "
    change = rows[-1].index("#4")
    assert all(row[change] == "│" for row in rows[:-1])


def test_a_columns_longest_pause_stands_at_its_length_if_half_of_the_answers_took_less() -> None:
    base = fake_feed.snapshot()
    at_s = base.seconds[-5].t_s
    pauses = [Pause(end_s=at_s + 0.3, pause_s=0.001), Pause(end_s=at_s + 0.4, pause_s=0.0112)]
    marked = replace(base, pauses=pauses)
    panel = Spectrogram()
    lines = panel.rows(view(marked), 70, 12)
    rows = [plain(line) for line in lines]
    places = [(y, row.index(PAUSE)) for y, row in enumerate(rows[:-1]) if PAUSE in row]
    (y, x) = next(iter(places))
    assert places == [(y, x)], "one mark for the longest pause, none for the shorter"
    assert x == 70 - LABEL - 5
    decade = next(y for y, row in enumerate(rows) if row.endswith(" 10 ms"))
    assert y in (decade, decade + 1)  # a label stands at the row whose lower edge is nearest
    assert (PAUSE, "gc") in lines[y]
    assert f"{PAUSE} GC above p50" in panel.note(view(marked))[0]
    for short_s in (1e-6, 0.0001):
        below = replace(base, pauses=[Pause(end_s=at_s + 0.3, pause_s=short_s)])
        assert PAUSE not in "".join(plain(line) for line in panel.rows(view(below), 70, 12)[:-1])
    assert "GC" not in panel.note(view(replace(base, pauses=[])))[0]
    assert all(PAUSE not in glyphs.heat for glyphs in GLYPHS.values())


def test_a_session_without_spectra_says_so() -> None:
    base = fake_feed.snapshot(saved="old.json")
    old = replace(base, seconds=[replace(row, spectrum="") for row in base.seconds], distribution=())
    assert "saved without it" in text(Spectrogram(), view(old), 74, 9)
    assert "no answer yet" in text(Distribution(), view(old), 74, 9)


def test_the_distribution_has_the_mode_as_its_longest_bar() -> None:
    rows = [plain(line) for line in Distribution().rows(view(fake_feed.snapshot()), 60, 12)]
    lengths = [row.count("█") for row in rows]
    shares = [row.rsplit(" ", 2)[-2] for row in rows]
    longest = lengths.index(max(lengths))
    assert float(shares[longest].replace("<", "")) > 50
