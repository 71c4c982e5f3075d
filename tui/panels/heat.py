"""Which rows of a spectrum are shown, and with which glyph. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from engine.books.spectrum import PER_DECADE, ROWS, Spectrum, edge_s
from sessions.format import duration, trim

LEVELS: Final = (0.0, 0.001, 0.01, 0.05, 0.2)
"""Shares of a second's answers above which a cell gets the next glyph; one answer is never invisible."""

HALF: Final = PER_DECADE // 2
"""Rows to half a decade: 3.2 times."""


class Scale(Struct, frozen=True):
    """The axis of latency: rows of the screen, and what each of them holds.

    Attributes:
        first: The first row of the spectrum in the lowest row of the screen.
        step: Rows of the spectrum in one of the screen.
        height: Rows of the screen.
    """

    first: int
    step: int
    height: int

    def folded(self, spectrum: Spectrum) -> Spectrum:
        """Return counts by row of the screen, the lowest latency first; what is beyond counts as nearest."""
        last = self.first + self.step * self.height
        inside = np.zeros(self.step * self.height, np.int64)
        shown = spectrum[self.first : last]
        inside[: shown.size] = shown
        inside[0] += spectrum[: self.first].sum()
        inside[-1] += spectrum[last:].sum()
        folded: Spectrum = inside.reshape(self.height, self.step).sum(axis=1)
        return folded

    def row(self, row: int) -> int | None:
        """Return where on the screen a row of a spectrum is; None where it is beyond."""
        at = (row - self.first) // self.step
        return at if 0 <= at < self.height else None

    def labels(self) -> list[str]:
        """Return what stands beside each row: the decades, and their halves where there is room."""
        labels = [""] * self.height
        for every, gap in ((PER_DECADE, 1), (HALF, 2)):
            for mark in range(0, ROWS + 1, every):
                row = round((mark - self.first) / self.step)  # the one whose lower edge is nearest
                near = labels[max(0, row - gap + 1) : max(0, row + gap)]
                if 0 <= row < self.height and not any(near):
                    labels[row] = trim(duration(edge_s(mark)))
        return labels


def scale_of(spectra: Sequence[Spectrum], height: int) -> Scale:
    """Return an axis of `height` rows that holds everything that is in the spectra."""
    whole = np.sum(spectra, axis=0) if spectra else np.zeros(ROWS, np.int64)
    filled = np.flatnonzero(whole)
    low, high = (int(filled[0]), int(filled[-1])) if filled.size else (PER_DECADE * 2, PER_DECADE * 4)
    step = 1
    while True:
        # begins at a multiple of the step, so that the axis does not creep with every outlier
        first = low // step * step
        if first + step * height > high:
            break
        step += 1
    spare = height - (high // step - first // step + 1)
    first = max(0, first - spare // 2 * step)
    return Scale(first, step, height)


def heat(share: float, glyphs: str) -> str:
    """Return the glyph of a cell with that share of its second's answers."""
    return glyphs[sum(share > level for level in LEVELS)]


def legend(glyphs: str) -> str:
    """Return what the glyphs stand for, lowest first."""
    marks = ("any", *(f"{level * 100:g}" for level in LEVELS[1:]))
    return " ".join(f"{glyph} {mark}" for glyph, mark in zip(glyphs[1:], marks, strict=True)) + " %"
