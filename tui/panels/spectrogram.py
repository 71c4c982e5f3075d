"""The latency spectrogram: time across, latency up on a logarithmic axis, shares of each second as shades.

Modes are bands, a stall is a column that reaches up, a collector that stops the world is a comb. Where all
pauses are known, a column's longest is marked at its own length if half of the answers took less.
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

import numpy as np

from engine.books.spectrum import Spectrum, row_of, unpack
from tui.panels.base import Panel, View
from tui.panels.chart import LABEL
from tui.panels.gc import every
from tui.panels.heat import Scale, heat, legend, scale_of
from tui.panels.line import Line, Span, Tone
from tui.panels.timeline import Slot, axis, longest_pauses

WITH_AXIS: Final = 6
"""Rows from which one is spent on the axis of time."""

PAUSE: Final = "o"
"""Stands over a cell's shade; no shade looks like it, in any set of glyphs."""


class Spectrogram(Panel):
    """A column a second, on throughput's axis of time."""

    title = "spectrogram"
    tabular = True

    def note(self, view: View) -> Span:
        """Return what the shades mean."""
        if view.client_bound:
            return "CLIENT-BOUND: the generator's, not the service's", "bad"
        shades = legend(view.glyphs.heat)
        if marks_pauses(view):
            return f"share: {shades}, {PAUSE} GC above p50", "dim"
        return f"share of answers: {shades}", "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the map, and the axis of time below it."""
        # without a frame the first row is the title's
        head: list[Line] = [] if view.framed else [((" " * 14 + self.note(view)[0], "dim"),)]
        room = height - len(head)
        return head + view.once(("spectrogram", width, room), lambda: chart(view, width, room))


def chart(view: View, width: int, height: int) -> list[Line]:
    """Return the rows of the map, the longest latency first."""
    time = view.time(max(1, width - LABEL))
    columns = [summed(slot) for slot in time.slots]
    known = [column for column in columns if column is not None]
    if not known:
        words = "this session was saved without it" if view.second.saved else "no second has passed yet"
        return [((words, "dim"),)]
    with_axis = height >= WITH_AXIS
    scale = scale_of(known, max(1, height - with_axis))
    longest = longest_pauses(time, view.second.pauses) if marks_pauses(view) else [None] * len(time.slots)
    tone = "dim" if view.client_bound else "heat"
    cells = [
        column_of(slot, column, pause, scale, view.glyphs.heat, tone)
        for slot, column, pause in zip(time.slots, columns, longest, strict=True)
    ]
    labels = scale.labels()
    lines: list[Line] = []
    for row in range(scale.height - 1, -1, -1):
        runs = groupby((column[row] for column in cells), key=lambda cell: cell[1])
        spans = [("".join(glyph for glyph, _ in run), of) for of, run in runs]
        lines.append((*spans, (labels[row].rjust(LABEL), "dim")))
    if with_axis:
        lines.append(((axis(time), "dim"),))
    return lines


def marks_pauses(view: View) -> bool:
    """Return whether there are pauses to mark, each of them known."""
    return bool(view.second.pauses) and every(view)


def column_of(
    slot: Slot, column: Spectrum | None, pause_s: float | None, scale: Scale, glyphs: str, tone: Tone
) -> list[Span]:
    """Return a column's cells, the lowest row first: shades, the mark of a pause, or the rule of a change."""
    if slot.rule is not None:
        return [("│", "rule")] * scale.height
    if column is None:
        return [(" ", tone)] * scale.height
    counts = scale.folded(column).tolist()
    whole = max(1, sum(counts))
    cells = [(heat(count / whole, glyphs), tone) for count in counts]
    row = scale.row(row_of(pause_s)) if pause_s else None
    if row is not None and 2 * sum(counts[:row]) > whole:
        cells[row] = (PAUSE, "gc")
    return cells


def summed(slot: Slot) -> Spectrum | None:
    """Return the spectrum of all seconds of a column; None where nothing is known of it."""
    spectra = [unpack(second.spectrum) for second in slot.seconds if second.spectrum]
    if not spectra:
        return None
    return spectra[0] if len(spectra) == 1 else np.sum(spectra, axis=0)
