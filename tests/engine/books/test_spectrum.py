"""Spectra: every answer in the row of its time, and the same again after a report."""

from __future__ import annotations

import numpy as np
import pytest

from engine.books.spectrum import PER_DECADE, ROWS, edge_s, fold, pack, unpack
from engine.histogram import Histogram


def histogram(*times_s: float) -> Histogram:
    """Return a histogram of these times."""
    made = Histogram()
    made.add(np.array([round(time_s * 1e9) for time_s in times_s], np.int64))
    return made


def test_every_answer_is_in_the_row_of_its_time() -> None:
    times = np.random.default_rng(1).lognormal(-7, 1.5, 5000)
    spectrum = fold(histogram(*times))
    assert spectrum.sum() == 5000
    for row in range(ROWS):
        # a bin of the histogram may straddle an edge: a thousandth of its time on either side
        inside = ((times >= edge_s(row) * 1.001) & (times < edge_s(row + 1) * 0.999)).sum()
        around = ((times >= edge_s(row) * 0.999) & (times < edge_s(row + 1) * 1.001)).sum()
        assert inside <= spectrum[row] <= around


def test_what_is_beyond_the_axis_counts_as_the_nearest() -> None:
    spectrum = fold(histogram(1e-9, 500.0, 3000.0))
    assert spectrum[0] == 1
    assert spectrum[-1] == 2


def test_edges_divide_each_decade_equally() -> None:
    assert edge_s(0) == pytest.approx(1e-6)
    assert edge_s(3 * PER_DECADE) == pytest.approx(1e-3)
    assert edge_s(PER_DECADE // 2) == pytest.approx(1e-6 * 10**0.5)


@pytest.mark.parametrize("first", [0, 40, 41, ROWS - 10])
def test_text_brings_counts_back_within_three_tenths_and_small_ones_within_one(first: int) -> None:
    spectrum = np.zeros(ROWS, np.int64)
    spectrum[first : first + 10] = [1, 2, 3, 0, 7, 100, 12_345, 999_999, 2_000_000, 1]
    back = unpack(pack(spectrum))
    assert back[:first].sum() == back[first + 10 :].sum() == 0
    assert np.all(np.abs(back[first : first + 3] - [1, 2, 3]) <= 1)
    assert back[first + 3] == 0
    assert np.all(np.abs(back[first + 4 : first + 9] / spectrum[first + 4 : first + 9] - 1) < 0.3)
    assert back[first + 9] == 1


def test_whatever_the_counts_are_they_come_back_in_their_rows() -> None:
    random = np.random.default_rng(1)
    for spread in (0.5, 1.0, 3.0, 6.0):
        for _ in range(50):
            spectrum = np.where(random.random(ROWS) < 0.7, random.lognormal(3, spread, ROWS), 0).astype(
                np.int64
            )
            back = unpack(pack(spectrum))
            assert ((back > 0) == (spectrum > 0)).all()
            assert (np.abs(back - spectrum) <= np.maximum(1, 0.3 * spectrum)).all()


def test_a_bell_takes_little_more_than_a_digit_for_two_rows() -> None:
    rows = np.arange(30)
    spectrum = np.zeros(ROWS, np.int64)
    spectrum[40:70] = np.round(20_000 * np.exp(-(((rows - 12) / 4.5) ** 2)))
    filled = np.flatnonzero(spectrum)
    assert len(pack(spectrum)) < 4 + 0.6 * (filled[-1] - filled[0])


def test_the_most_that_can_be_counted_is_more_than_any_second_has() -> None:
    spectrum = np.zeros(ROWS, np.int64)
    spectrum[50] = 10**12
    assert unpack(pack(spectrum))[50] == pytest.approx(10**12, rel=0.3)


def test_nothing_is_no_text_and_no_text_is_nothing() -> None:
    assert pack(np.zeros(ROWS, np.int64)) == ""
    assert unpack("").sum() == 0


@pytest.mark.parametrize(
    "text", ["ä", ":ä", ":not digits!", ":", ":A", "FxgsOj4=", ".vAAA", ":vNNN", ":A0", ":____"]
)
def test_text_that_is_none_is_an_empty_spectrum(text: str) -> None:
    assert unpack(text).sum() == 0
    assert unpack(text).shape == (ROWS,)
