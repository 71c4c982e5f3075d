"""The spectrum of a second: how many answers took how long, in few enough rows to be kept for every second.

Rows divide each decade of time equally on a logarithmic axis, from a microsecond to a hundred seconds; what is
shorter or longer counts as the nearest. A spectrum's text is base64 of a byte for its first filled row and one
for each row from there to its last filled one. That byte is `round(8 log2(1 + count))`: counts come back within
5 %, and a second takes some forty characters.
"""

from __future__ import annotations

import base64
import math
from functools import cache, lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.histogram import FINE, Counts, Histogram

PER_DECADE: Final = 16
SHORTEST_S: Final = 1e-6
ROWS: Final = 8 * PER_DECADE

_STEPS: Final = 8
"""Steps an octave of the count in a spectrum's text."""

Spectrum: TypeAlias = npt.NDArray[np.int64]
"""Counts by row, shape (ROWS,)."""


def edge_s(row: float) -> float:
    """Return the shortest time of a row, in seconds."""
    return SHORTEST_S * float(10.0 ** (row / PER_DECADE))


def row_of(time_s: float) -> int:
    """Return the row of a time; what is shorter or longer than all rows has the nearest."""
    row = math.floor(PER_DECADE * math.log10(max(time_s, SHORTEST_S) / SHORTEST_S))
    return min(row, ROWS - 1)


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
    first, last = int(filled[0]), int(filled[-1])
    levels = np.round(_STEPS * np.log2(1.0 + spectrum[first : last + 1]))
    return base64.b64encode(bytes([first]) + np.minimum(levels, 255).astype(np.uint8).tobytes()).decode()


@lru_cache(maxsize=4096)
def unpack(text: str) -> Spectrum:
    """Return the spectrum of a text, read-only; an empty one for text that is none."""
    spectrum = np.zeros(ROWS, np.int64)
    try:
        packed = base64.b64decode(text, validate=True)
    except ValueError:
        packed = b""
    if packed and packed[0] + len(packed) - 1 <= ROWS:
        levels = np.frombuffer(packed, np.uint8, offset=1)
        counts = np.round(2.0 ** (levels / _STEPS) - 1.0)
        spectrum[packed[0] : packed[0] + levels.size] = counts.astype(np.int64)
    spectrum.flags.writeable = False
    return spectrum


@cache
def _row_of_bin() -> Counts:
    middles_s = np.array([FINE.middle(index) for index in range(FINE.size)]) / 1e9
    rows = np.floor(PER_DECADE * np.log10(np.maximum(middles_s, SHORTEST_S) / SHORTEST_S))
    clipped: Counts = np.clip(rows, 0, ROWS - 1).astype(np.int64)
    return clipped
