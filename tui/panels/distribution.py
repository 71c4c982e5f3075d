"""The distribution of the current segment's response times, on a logarithmic axis of counts."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from sessions.format import segment_name, share
from tui.panels.base import Panel, View
from tui.panels.chart import gauge
from tui.panels.heat import scale_of
from tui.panels.line import Line, Span

LABEL: Final = 8
NUMBER: Final = 10


class Distribution(Panel):
    """A bar a row of latency; its length is the logarithm of the count, so that a tail of ten is seen."""

    title = "distribution"
    tabular = True

    def note(self, view: View) -> Span:
        """Return whose answers these are, and what the length of a bar means."""
        if view.client_bound:
            return "CLIENT-BOUND: the generator's, not the service's", "bad"
        if view.figures is None:
            return "", "dim"
        return f"segment {segment_name(view.figures.index)}, answers, logarithmic", "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the bars, the longest latency first."""
        head: list[Line] = [] if view.framed else [((" " * 15 + self.note(view)[0], "dim"),)]
        counts = np.array(view.second.distribution, np.int64)
        if not counts.size or not counts.any():
            return [*head, (("no answer yet", "dim"),)]
        scale = scale_of([counts], max(1, height - len(head)))
        folded = scale.folded(counts).tolist()
        whole = sum(folded)
        most = math.log1p(max(folded))
        room = max(1, width - LABEL - NUMBER - 1)
        labels = scale.labels()
        tone = "dim" if view.client_bound else "heat"
        lines = head
        for row in range(scale.height - 1, -1, -1):
            number = folded[row]
            bar = gauge(math.log1p(number) / most, room, view.glyphs)
            shown = share(number, whole) if number else ""
            lines.append(((labels[row].ljust(LABEL), "dim"), (bar, tone), (shown.rjust(NUMBER), "dim")))
        return lines
