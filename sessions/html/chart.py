"""A chart: curves in an SVG that stretches with the page, and labels beside it that do not.

The SVG holds shapes alone, drawn over 1000 x 1000 units without regard to proportions; strokes keep their
width. Labels are HTML, placed in percent, so that they can be read on a phone as on a desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from sessions.html.markup import Markup, element, joined
from sessions.html.scale import Axis

Point: TypeAlias = tuple[float, float | None]
"""Across and up, in the units of the axes; no height is a gap."""


class Curve(Struct, frozen=True):
    """A line, with its name in the legend and its colour, a variable of the style sheet."""

    name: str
    color: str
    points: Sequence[Point]
    filled: bool = False


class Bars(Struct, frozen=True):
    """Thin bars from the bottom, such as pauses."""

    name: str
    color: str
    points: Sequence[tuple[float, float]]


class Rule(Struct, frozen=True):
    """A line from bottom to top, with a word at its top where there is room."""

    at: float
    label: str = ""


class Chart(Struct, frozen=True):
    """What is drawn.

    Attributes:
        title: Said above it.
        about: What is said to those who cannot see it.
        across, up: Its axes.
        curves, bars, rules: Its content.
        tall: Whether it gets the greater height.
    """

    title: str
    about: str
    across: Axis
    up: Axis
    curves: Sequence[Curve]
    bars: Sequence[Bars] = ()
    rules: Sequence[Rule] = ()
    tall: bool = False


def draw(chart: Chart) -> Markup:
    """Return a chart as a figure."""
    return element(
        "figure",
        element("figcaption", element("span", chart.title, class_="title"), _legend(chart)),
        element(
            "div",
            element("div", *_heights(chart.up), class_="heights", aria_hidden="true"),
            element("div", _shapes(chart), *_names(chart), class_="area"),
            element("div", *_widths(chart.across), class_="widths", aria_hidden="true"),
            class_="plot tall" if chart.tall else "plot",
        ),
    )


def _legend(chart: Chart) -> Markup:
    named = [(part.name, part.color) for part in chart.curves] + [
        (part.name, part.color) for part in chart.bars
    ]
    marks = [element("span", element("i", style=f"background:var(--{color})"), name) for name, color in named]
    return element("span", *marks, class_="legend")


def _heights(axis: Axis) -> Iterator[Markup]:
    for value, label in axis.ticks:
        yield element("span", label, style=f"bottom:{100 * axis.place(value):.2f}%")


def _widths(axis: Axis) -> Iterator[Markup]:
    for value, label in axis.ticks:
        place = 100 * axis.place(value)
        side = "first" if place < 2 else "last" if place > 95 else None
        yield element("span", label, class_=side, style=f"left:{place:.2f}%")


def _names(chart: Chart) -> Iterator[Markup]:
    room = -1.0
    for rule in chart.rules:
        place = chart.across.place(rule.at)
        if rule.label and place - room >= 0.06:  # else the words would run into one another
            room = place
            side = "rule last" if place > 0.9 else "rule"
            yield element("span", rule.label, class_=side, style=f"left:{100 * place:.2f}%")


def _shapes(chart: Chart) -> Markup:
    grid = "".join(f"M0 {_y(chart.up, value)}H1000" for value, _ in chart.up.ticks)
    rules = "".join(f"M{_x(chart.across, rule.at)} 0V1000" for rule in chart.rules)
    parts = [element("path", class_="grid", d=grid)]
    for bars in chart.bars:
        lines = "".join(f"M{_x(chart.across, at)} 1000V{_y(chart.up, height)}" for at, height in bars.points)
        parts.append(element("path", class_="bars", d=lines, style=f"stroke:var(--{bars.color})"))
    if rules:
        parts.append(element("path", class_="rules", d=rules))
    for curve in chart.curves:
        parts += _curve(chart, curve)
    return element(
        "svg",
        element("title", chart.about),
        joined(parts),
        viewBox="0 0 1000 1000",
        preserveAspectRatio="none",
        role="img",
    )


def _curve(chart: Chart, curve: Curve) -> Iterator[Markup]:
    for stretch in _stretches(curve.points):
        places = [(_x(chart.across, at), _y(chart.up, height)) for at, height in stretch]
        if len(places) == 1:  # a point alone would not be seen
            places.append((places[0][0], places[0][1]))
        line = "M" + "L".join(f"{x} {y}" for x, y in places)
        if curve.filled:
            area = f"{line}L{places[-1][0]} 1000L{places[0][0]} 1000Z"
            yield element("path", class_="fill", d=area, style=f"fill:var(--{curve.color})")
        yield element("path", class_="curve", d=line, style=f"stroke:var(--{curve.color})")


def _stretches(points: Iterable[Point]) -> Iterator[list[tuple[float, float]]]:
    stretch: list[tuple[float, float]] = []
    for at, height in points:
        if height is None:
            if stretch:
                yield stretch
            stretch = []
        else:
            stretch.append((at, height))
    if stretch:
        yield stretch


def _x(axis: Axis, value: float) -> str:
    return f"{1000 * axis.place(value):.1f}"


def _y(axis: Axis, value: float) -> str:
    return f"{1000 * (1 - axis.place(value)):.1f}"
