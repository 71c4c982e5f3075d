"""The latency spectrogram: time across, latency up on a logarithmic axis, shares of each second as shades.

Modes are bands, a stall is a column that reaches up, a collector that stops the world is a comb.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.books.spectrum import Spectrum, unpack
from tui.panels.base import Panel, View
from tui.panels.chart import LABEL
from tui.panels.heat import Scale, heat, legend, scale_of
from tui.panels.line import Line, Span
from tui.panels.timeline import Slot, axis

WITH_AXIS: Final = 6
"""Rows from which one is spent on the axis of time."""


class Spectrogram(Panel):
    """A column a second, on throughput's axis of time."""

    title = "spectrogram"
    tabular = True

    def note(self, view: View) -> Span:
        """Return what the shades mean."""
        if view.client_bound:
            return "CLIENT-BOUND: the generator's, not the service's", "bad"
        return f"share of answers: {legend(view.glyphs.heat)}", "dim"

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
    cells = [painted(column, scale, view.glyphs.heat) for column in columns]
    labels = scale.labels()
    tone = "dim" if view.client_bound else "heat"
    lines: list[Line] = []
    for row in range(scale.height - 1, -1, -1):
        spans: list[Span] = []
        run = ""
        for slot, cell in zip(time.slots, cells, strict=True):
            if slot.rule is None:
                run += cell[row]
            else:
                spans += [(run, tone), ("│", "rule")]
                run = ""
        lines.append((*spans, (run, tone), (labels[row].rjust(LABEL), "dim")))
    if with_axis:
        lines.append(((axis(time), "dim"),))
    return lines


def summed(slot: Slot) -> Spectrum | None:
    """Return the spectrum of all seconds of a column; None where nothing is known of it."""
    spectra = [unpack(second.spectrum) for second in slot.seconds if second.spectrum]
    if not spectra:
        return None
    return spectra[0] if len(spectra) == 1 else np.sum(spectra, axis=0)


def painted(column: Spectrum | None, scale: Scale, glyphs: str) -> str:
    """Return a column's glyphs, the lowest row first."""
    if column is None:
        return " " * scale.height
    counts = scale.folded(column)
    whole = max(1, int(counts.sum()))
    return "".join(heat(count / whole, glyphs) for count in counts.tolist())
