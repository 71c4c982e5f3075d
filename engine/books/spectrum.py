"""The spectrum of a second: how many answers took how long, in few enough rows to be kept for every second.

Rows divide each decade of time equally on a logarithmic axis, from a microsecond to a hundred seconds; what is
shorter or longer counts as the nearest.

Its text is a colon and digits to the base 64 (RFC 4648, section 5). The first is half the number of its first
row, which is even. From there on a row's level is 1.5 log2(1 + count), rounded to the nearest, halves down;
digits say by how much it is above that of the row before, which for the first is 0. In the order of the digits
there is one for each three steps from -1 to 1, for each two from -2 to 2, and for each one from -5 to 5, all
ascending with the last step the quickest; the 64th says that the next digit is the level itself. Neighbours are
alike: a second takes some twenty characters, and counts come back within three tenths, those below six within
one.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.histogram import FINE, Counts, Histogram

PER_DECADE: Final = 12
SHORTEST_S: Final = 1e-6
ROWS: Final = 8 * PER_DECADE

_STEPS: Final = 1.5
"""Levels to an octave of the count."""

_MARK: Final = ":"
_DIGITS: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_VALUES: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_MOST: Final = len(_DIGITS) - 1
_MOVES: Final = tuple(
    moves
    for length, most in ((3, 1), (2, 2), (1, 5))
    for moves in itertools.product(range(-most, most + 1), repeat=length)
)
_DIGIT_OF: Final = dict(zip(_MOVES, _DIGITS, strict=False))
_ABSOLUTE: Final = _DIGITS[len(_MOVES)]

Spectrum: TypeAlias = npt.NDArray[np.int64]
"""Counts by row, shape (ROWS,)."""


def edge_s(row: float) -> float:
    """Return the shortest time of a row, in seconds."""
    return SHORTEST_S * float(10.0 ** (row / PER_DECADE))


def row_of(time_s: float) -> int:
    """Return the row of a time; what is shorter or longer than all rows has the nearest."""
    return int(_rows_of(np.array(time_s)))


def fold(histogram: Histogram) -> Spectrum:
    """Return a histogram of `engine.histogram.FINE` bins as a spectrum; censored samples are not in it."""
    filled = histogram.filled()
    counts = np.bincount(_row_of_bin()[filled], weights=histogram.counts[filled], minlength=ROWS)
    return counts.astype(np.int64)


def pack(spectrum: Spectrum) -> str:
    """Return a spectrum as text; "" for an empty one."""
    filled = np.flatnonzero(spectrum)
    if not filled.size:
        return ""
    first, last = int(filled[0]) // 2, int(filled[-1])
    levels = np.minimum(np.ceil(_STEPS * np.log2(1.0 + spectrum[2 * first : last + 1]) - 0.5), _MOST)
    return _MARK + _DIGITS[first] + "".join(_digits(levels.astype(int).tolist()))


@lru_cache(maxsize=4096)
def unpack(text: str) -> Spectrum:
    """Return the spectrum of a text, read-only; an empty one for text that is none."""
    spectrum = np.zeros(ROWS, np.int64)
    if text.startswith(_MARK) and len(text) > 2 and all(digit in _VALUES for digit in text[1:]):
        first, levels = 2 * _VALUES[text[1]], np.array(_levels(text[2:]))
        if first + levels.size <= ROWS and np.all((levels >= 0) & (levels <= _MOST)):
            spectrum[first : first + levels.size] = np.round(2.0 ** (levels / _STEPS) - 1.0)
    spectrum.flags.writeable = False
    return spectrum


def _digits(levels: Sequence[int]) -> Iterator[str]:
    steps = tuple(level - before for before, level in itertools.pairwise((0, *levels)))
    at = 0
    while at < len(steps):
        longest = next((n for n in (3, 2, 1) if steps[at : at + n] in _DIGIT_OF), None)
        if longest is None:
            yield _ABSOLUTE + _DIGITS[levels[at]]
            at += 1
        else:
            yield _DIGIT_OF[steps[at : at + longest]]
            at += longest


def _levels(digits: str) -> list[int]:
    levels: list[int] = []
    level = 0
    rest = iter(digits)
    for digit in rest:
        if digit == _ABSOLUTE:
            level = _VALUES[next(rest, _DIGITS[0])]
            levels.append(level)
            continue
        for move in _MOVES[_VALUES[digit]]:
            level += move
            levels.append(level)
    return levels


@cache
def _row_of_bin() -> Counts:
    return _rows_of(np.array([FINE.middle(index) for index in range(FINE.size)]) / 1e9)


def _rows_of(times_s: npt.NDArray[np.float64]) -> Counts:
    rows = np.floor(PER_DECADE * np.log10(np.maximum(times_s, SHORTEST_S) / SHORTEST_S))
    clipped: Counts = np.minimum(rows, ROWS - 1).astype(np.int64)
    return clipped
