"""How busy each core of this machine is."""

from __future__ import annotations

from typing import Final

from tui.format import percent
from tui.panels.base import Panel, View
from tui.panels.chart import cell, gauge
from tui.panels.line import Line, Span

NARROWEST: Final = 13
"""Columns a core needs for its number, a bar worth the name, and its figure."""
GAP: Final = 2


class Cores(Panel):
    """A bar a core, several to a row where there are many, and one glyph each where there are very many."""

    title = "cores"

    def note(self, view: View) -> Span:
        """Return the mean of all."""
        cores = view.second.cores
        return (f"{len(cores)}, {percent(sum(cores) / len(cores))} busy" if cores else ""), "dim"

    def rows(self, view: View, width: int, height: int) -> list[Line]:
        """Return the bars, folded into the height there is."""
        cores = view.second.cores
        name: Span = ("" if view.framed else "cores ", "title")
        if not cores:
            words = "not recorded" if view.second.saved else "not measured yet"
            return [(name, (words, "dim"))]
        room = width - len(name[0])
        columns = fold(len(cores), room, height)
        if columns == 0:
            return [
                (name, *line) if index == 0 else line for index, line in enumerate(dense(view, room, height))
            ]
        across = (room + GAP) // columns - GAP
        lines: list[Line] = []
        in_rows = -(-len(cores) // columns)
        for row in range(in_rows):
            spans: list[Span] = [name] if row == 0 else [(" " * len(name[0]), "text")]
            for core in range(row, len(cores), in_rows):
                spans += bar(core, cores[core], across, view)
                spans.append((" " * GAP, "text"))
            lines.append(tuple(spans[:-1]))
        return lines


def fold(cores: int, width: int, height: int) -> int:
    """Return into how many columns the cores are folded; 0 where bars do not fit however they are folded."""
    columns = max(1, -(-cores // max(1, height)))
    # two short bars say as much as one very long one, in half the rows
    while columns * 2 <= cores and (width + GAP) // (columns + 1) - GAP >= 30:
        columns += 1
    return columns if (width + GAP) // columns - GAP >= NARROWEST else 0


def bar(core: int, busy: float, width: int, view: View) -> list[Span]:
    """Return one core's number, bar and figure."""
    label = f"{core:<2} "
    figure = percent(busy).rjust(6)
    tone = "warn" if busy >= 95 else "text"
    return [
        (label, "dim"),
        (gauge(busy / 100, width - len(label) - len(figure), view.glyphs), "cpu"),
        (figure, tone),
    ]


def dense(view: View, width: int, height: int) -> list[Line]:
    """Return one glyph for each core, and the figures that such a picture needs beside it."""
    cores = view.second.cores
    words = f" most {percent(max(cores))}, mean {percent(sum(cores) / len(cores))}"
    glyphs = "".join(cell(max(0.125, busy / 100), view.glyphs) for busy in cores)
    first = max(1, width - len(words))
    if len(glyphs) <= first or height == 1:
        return [((glyphs[:first], "cpu"), (words, "text"))]
    lines: list[Line] = [((glyphs[begin : begin + width], "cpu"),) for begin in range(0, len(glyphs), width)]
    return [*lines[: height - 1], ((words[1:], "text"),)]
