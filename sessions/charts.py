"""Charts of reports: the one place that knows plotext."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from engine.figures import Second
from sessions.format import clock, duration, trim

FEWEST_POINTS: Final = 8  # fewer are better read as figures
_HEIGHT: Final = 11
_STEPS: Final = (1, 2, 5)
_TIME_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MARGIN: Final = 12  # what the longest label of the left axis and the axis take

Point = tuple[float, float, float]


def latency_chart(seconds: Sequence[Second], bounds: Sequence[float], *, width: int, ascii: bool) -> list[str]:
    """Return p50 (lower line) and p99 (upper line) over time, logarithmic; no lines where there is too little.

    Args:
        seconds: The time series.
        bounds: Where to draw a vertical rule: the begins of segments, in seconds since the run began.
        width: Characters in a line.
        ascii: Whether only ASCII may be used for the curves.
    """
    known = [
        (row.t_s, row.p50, row.p99)
        for row in seconds
        if row.p50 is not None and row.p99 is not None and 0 < row.p50 <= row.p99 < 1e6 and 0 <= row.t_s < 1e9
    ]
    if len(known) < FEWEST_POINTS:
        return []
    points = _thinned(known, most=2 * max(width - _MARGIN, FEWEST_POINTS))
    return _drawn(points, bounds, width=width, ascii=ascii)


def _thinned(points: Sequence[Point], *, most: int) -> list[Point]:
    """Join neighbours where there are more than fit: a percentile is never averaged, its worst is shown."""
    step = math.ceil(len(points) / most)
    groups = [points[start : start + step] for start in range(0, len(points), step)]
    return [
        (group[0][0], median(low for _, low, _ in group), max(high for *_, high in group)) for group in groups
    ]


def _drawn(points: Sequence[Point], bounds: Sequence[float], *, width: int, ascii: bool) -> list[str]:
    import plotext  # 0.3 s, and most commands draw nothing

    begin, end = points[0][0], points[-1][0]
    # plotext 6.1 loses the points of a logarithmic axis whose ticks are given, so the logarithm is taken here.
    low = math.log10(min(point[1] for point in points))
    high = math.log10(max(point[2] for point in points))
    ticks = _value_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.theme("colorless")
    figure.plot_size(width, _HEIGHT)
    for which, mark in ((1, "."), (2, "*")):
        curve = figure.signal(
            [point[0] for point in points],
            [math.log10(point[which]) for point in points],
            marker=mark if ascii else "braille",
        )
        figure.draw(curve.lines(True).density("full"))
    for bound in bounds:
        if begin < bound < end:
            figure.line(bound, 1)
    figure.ruler("y").ticks(ticks, [trim(duration(10**tick)) for tick in ticks])
    figure.ruler("y").lim(low, high)
    times = _time_ticks(begin, end)
    figure.ruler("x").ticks(times, [clock(time) for time in times])
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
