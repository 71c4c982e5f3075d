"""Charts that people look at slowly, in reports and detail views: the one place that knows plotext."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from msgspec import Struct

from engine.books.spectrum import edge_s
from engine.figures import Second, SegmentFigures
from sessions.format import clock, duration, segment_name, trim

FEWEST_POINTS: Final = 8  # fewer are better read as figures
_HEIGHT: Final = 11
_MARKS: Final = ".*"
"""Of the curves, where only ASCII may be used: the first, the second."""
_STEPS: Final = (1, 2, 5)
_TIME_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MARGIN: Final = 12  # what the longest label of the left axis and the axis take

Point = tuple[float, float, float]


def latency_chart(
    seconds: Sequence[Second], bounds: Sequence[float], *, width: int, ascii: bool, height: int = _HEIGHT
) -> list[str]:
    """Return p50 (lower line) and p99 (upper line) over time, logarithmic; no lines where there is too little.

    Args:
        seconds: The time series.
        bounds: Where to draw a vertical rule: the begins of segments, in seconds since the run began.
        width: Characters in a line.
        ascii: Whether only ASCII may be used for the curves.
        height: Lines.
    """
    known = [
        (row.t_s, row.p50, row.p99)
        for row in seconds
        if row.p50 is not None and row.p99 is not None and 0 < row.p50 <= row.p99 < 1e6 and 0 <= row.t_s < 1e9
    ]
    if len(known) < FEWEST_POINTS:
        return []
    points = _thinned(known, most=2 * max(width - _MARGIN, FEWEST_POINTS))
    begin, end = points[0][0], points[-1][0]
    ticks = _time_ticks(begin, end)
    return _drawn(
        [Curve([(point[0], math.log10(point[which])) for point in points]) for which in (1, 2)],
        times=Axis(begin, end, ticks, [clock(tick) for tick in ticks]),
        width=width,
        height=height,
        ascii=ascii,
        bounds=bounds,
    )


def _thinned(points: Sequence[Point], *, most: int) -> list[Point]:
    """Join neighbours where there are more than fit: a percentile is never averaged, its worst is shown."""
    step = math.ceil(len(points) / most)
    groups = [points[start : start + step] for start in range(0, len(points), step)]
    return [
        (group[0][0], median(low for _, low, _ in group), max(high for *_, high in group)) for group in groups
    ]


def percentile_chart(
    spectra: Sequence[tuple[str, Sequence[int]]], *, width: int, ascii: bool, height: int = _HEIGHT
) -> list[str]:
    """Return latency over the percentile axis, on which each nine takes as much room as the one before.

    Args:
        spectra: Up to two distributions by the rows of `engine.books.spectrum`, each with its name.
        width: Characters in a line.
        ascii: Whether only ASCII may be used for the curves.
        height: Lines.
    """
    curves = [(name, _by_percentile(spectrum)) for name, spectrum in spectra[: len(_MARKS)] if sum(spectrum)]
    if not curves:
        return []
    nines = [nine for _, points in curves for nine, _ in points]
    last = max(1.0, math.ceil(max(nines)))
    ticks = [0.0, math.log10(2), *(float(nine) for nine in range(1, int(last) + 1))]
    labels = ["min", "p50", *(f"p{100 - 10.0 ** (2 - nine):.10g}" for nine in range(1, int(last) + 1))]
    return _drawn(
        [Curve([(nine, math.log10(time_s)) for nine, time_s in points], name) for name, points in curves],
        times=Axis(0.0, last, ticks, labels),
        width=width,
        height=height,
        ascii=ascii,
    )


def operating_points(segments: Sequence[SegmentFigures]) -> list[tuple[str, float, float]]:
    """Return the name, throughput and p99 of each segment that has both."""
    return [
        (segment_name(row.index), row.throughput_rps, row.latency_s.response.p99)
        for row in segments
        if row.latency_s.response.p99 is not None
    ]


def tradeoff_chart(
    points: Sequence[tuple[str, float, float]], *, width: int, ascii: bool, height: int = _HEIGHT
) -> list[str]:
    """Return p99 over throughput, a name for each operating point; no lines for fewer than two.

    Args:
        points: Name, answers a second, p99 in seconds; in the order in which they were driven.
        width: Characters in a line.
        ascii: Whether only ASCII may be used for the curves.
        height: Lines.
    """
    known = [(name, rps, p99_s) for name, rps, p99_s in points if rps > 0 and 0 < p99_s < 1e6]
    if len(known) < 2:
        return []
    most = max(rps for _, rps, _ in known)
    step = _round_step(most)
    ticks = [index * step for index in range(math.ceil(most * 1.05 / step) + 1)]
    along = sorted((rps, math.log10(p99_s)) for _, rps, p99_s in known)
    return _drawn(
        [Curve(along)],
        times=Axis(0.0, ticks[-1], ticks, [_number(tick) for tick in ticks]),
        names=[(name, rps, math.log10(p99_s)) for name, rps, p99_s in known],
        width=width,
        height=height,
        ascii=ascii,
    )


class Curve(Struct, frozen=True):
    """Points that are joined: where on the axis below, and the logarithm of seconds."""

    points: Sequence[tuple[float, float]]
    name: str = ""


class Axis(Struct, frozen=True):
    """The axis below: its ends, and what is written where."""

    begin: float
    end: float
    ticks: Sequence[float]
    labels: Sequence[str]


def _by_percentile(spectrum: Sequence[int]) -> list[tuple[float, float]]:
    """Return (number of nines, seconds): the share that took longer, as -log10, at each row's end."""
    whole = sum(spectrum)
    points: list[tuple[float, float]] = []
    counted = 0
    for row, count in enumerate(spectrum):
        if count:
            if not points:
                points.append((0.0, edge_s(row)))
            counted += count
            # the last answer has none beyond it: it stands where one of a half would
            points.append((-math.log10(max(whole - counted, 0.5) / whole), edge_s(row + 1)))
    return points


def _number(value: float) -> str:
    """Return a round number in few characters: 2.5k, 150k."""
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _round_step(most: float) -> float:
    """Return a round distance of ticks, four to eight of which reach `most`."""
    power = 10.0 ** math.floor(math.log10(most / 4))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if most / (power * step) <= 6)


def _drawn(
    curves: Sequence[Curve],
    *,
    times: Axis,
    width: int,
    ascii: bool,
    height: int = _HEIGHT,
    bounds: Sequence[float] = (),
    names: Sequence[tuple[str, float, float]] = (),
) -> list[str]:
    import plotext  # 0.3 s, and most commands draw nothing

    # plotext 6.1 loses the points of a logarithmic axis whose ticks are given, so the logarithm is taken here.
    low = min(y for curve in curves for _, y in curve.points)
    high = max(y for curve in curves for _, y in curve.points)
    ticks = _value_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.theme("colorless")
    figure.plot_size(width, height)
    for curve, mark in zip(curves, _MARKS, strict=False):
        signal = figure.signal(
            [x for x, _ in curve.points],
            [y for _, y in curve.points],
            marker=mark if ascii else "braille",
        )
        figure.draw(signal.lines(True).density("full"))
        if curve.name:
            figure.draw(figure.text(*curve.points[-1], curve.name, alignment="right"))
    for name, x, y in names:
        figure.draw(figure.text(x, y, name))
    for bound in bounds:
        if times.begin < bound < times.end:
            figure.line(bound, 1)
    figure.ruler("y").ticks(ticks, [trim(duration(10**tick)) for tick in ticks])
    figure.ruler("y").lim(low, high)
    figure.ruler("x").ticks(list(times.ticks), list(times.labels))
    figure.ruler("x").lim(times.begin, times.end)
    figure.axes(False, axis=[0, 1], side=1)
    drawn: str = figure.build().string(colorless=True)
    return drawn.rstrip("\n").split("\n")


def _value_ticks(low: float, high: float) -> list[float]:
    """Return the logarithms of round values from the one below `low` to the one above `high`."""
    decades = range(math.floor(low) - 1, math.ceil(high) + 1)
    every = [decade + math.log10(step) for decade in decades for step in _STEPS]
    first = max((index for index, tick in enumerate(every) if tick <= low), default=0)
    last = min((index for index, tick in enumerate(every) if tick >= high), default=len(every) - 1)
    ticks = every[first : last + 1]
    # Five labels fit; of more than two decades the powers of ten are enough.
    return ticks if len(ticks) <= 5 else [ticks[0], *ticks[1:-1][:: math.ceil(len(ticks) / 4)], ticks[-1]]


def _time_ticks(begin: float, end: float) -> list[float]:
    step = next((step for step in _TIME_STEPS if (end - begin) / step <= 6), max((end - begin) / 6, 1.0))
    first = math.ceil(begin / step) * step
    return [first + index * step for index in range(int((end - first) / step) + 1)]
