"""The spectrum of a second: how many answers took how long, in few enough rows to be kept for every second.

Rows divide each decade of time equally on a logarithmic axis, from a microsecond to a hundred seconds; what is
shorter or longer counts as the nearest. A spectrum's text is a full stop and digits to the base 64 (RFC 4648,
section 5): one for half the number of its first row, which is even, and one for each row from there to the last
filled one. That digit is `round(3 log2(1 + count))`: counts come back within an eighth, and a second takes some
thirty characters.
"""

from __future__ import annotations

import string
from functools import cache, lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.histogram import FINE, Counts, Histogram

PER_DECADE: Final = 12
SHORTEST_S: Final = 1e-6
ROWS: Final = 8 * PER_DECADE

_STEPS: Final = 3
"""Steps an octave of the count in a spectrum's text: 63 of them are two million answers."""

_MARK: Final = "."
_DIGITS: Final = (string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_").encode()
_NONE: Final = 255
_WRITTEN: Final = bytes.maketrans(bytes(range(len(_DIGITS))), _DIGITS)
_READ: Final = bytes(_DIGITS.find(byte) % 256 for byte in range(256))
"""What a character's byte stands for; `_NONE` for one that is no digit."""

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
    levels = np.minimum(np.round(_STEPS * np.log2(1.0 + spectrum[2 * first : last + 1])), len(_DIGITS) - 1)
    digits: bytes = bytes([first]) + levels.astype(np.uint8).tobytes()
    return _MARK + digits.translate(_WRITTEN).decode()


@lru_cache(maxsize=4096)
def unpack(text: str) -> Spectrum:
    """Return the spectrum of a text, read-only; an empty one for text that is none."""
    spectrum = np.zeros(ROWS, np.int64)
    digits = np.frombuffer(text.removeprefix(_MARK).encode().translate(_READ), np.uint8)
    if text.startswith(_MARK) and digits.size and _NONE not in digits:
        first, levels = 2 * int(digits[0]), digits[1:]
        if first + levels.size <= ROWS:
            counts = np.round(2.0 ** (levels / _STEPS) - 1.0)
            spectrum[first : first + levels.size] = counts.astype(np.int64)
    spectrum.flags.writeable = False
    return spectrum


@cache
def _row_of_bin() -> Counts:
    return _rows_of(np.array([FINE.middle(index) for index in range(FINE.size)]) / 1e9)


def _rows_of(times_s: npt.NDArray[np.float64]) -> Counts:
    rows = np.floor(PER_DECADE * np.log10(np.maximum(times_s, SHORTEST_S) / SHORTEST_S))
    clipped: Counts = np.minimum(rows, ROWS - 1).astype(np.int64)
    return clipped
