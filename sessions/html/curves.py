"""The charts of a session: what is drawn over time, and the distribution of its response times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from engine.errors import LoadtopError
from engine.figures import Pause, Second, SegmentFigures
from sessions.format import clock, duration, load_short, percent, rate, segment_name, size, trim
from sessions.hgrm import distribution, steps
from sessions.html.chart import Bars, Chart, Curve, Point, Rule
from sessions.html.scale import Axis, from_zero, logarithmic, of_percentiles, of_time
from sessions.model import Session

MOST_POINTS: Final = 1200
"""More than a screen has columns for; beyond it neighbours are joined."""
MOST_BARS: Final = 400
LONGEST_GAP_S: Final = 1.5
BEYOND: Final = 1e15
"""A file may hold any number; from here on it is none that was measured."""

Read: TypeAlias = Callable[[Second], float | None]
Join: TypeAlias = Callable[[Sequence[float]], float]


def charts_of(session: Session) -> Iterator[Chart]:
    """Yield the charts that there are data for."""
    times = [row.t_s for row in session.seconds]
    if len(times) < 2 or not 0 <= min(times) <= max(times) < BEYOND:
        return
    begin, end = min(times), max(times) + 1.0
    rules = _rules(session)
    for make, labels in ((_latency, 7), (_throughput, 3), (_cpu, 3), (_memory, 3)):
        chart = make(session, of_time(begin, end, clock, most=labels), rules)
        if chart is not None:
            yield chart


def percentile_chart(session: Session) -> Chart | None:
    """Return the distribution of response times over 1/(1-p), None where there is no histogram."""
    segment = next((row for row in session.segments if row.index == session.result.segment), None)
    points = _percentiles(segment) if segment is not None else []
    if segment is None or len(points) < 2:
        return None
    lowest, highest = min(y for _, y in points), max(y for _, y in points)
    wide = lowest > 0 and highest / lowest > 20
    up = logarithmic(lowest, highest, _short) if wide else from_zero(highest, _short)
    name = f"{segment_name(segment.index)} {load_short(segment.load)}"
    about = f"Response time of {name} by percentile, from {_short(lowest)} to {_short(highest)}."
    return Chart(
        f"Response time by percentile, {name}",
        about,
        of_percentiles(segment.latency_s.response.count),
        up,
        [Curve("response time", "one", points)],
        tall=True,
    )


def _percentiles(segment: SegmentFigures) -> list[tuple[float, float]]:
    if "response" not in segment.histogram:
        return []
    try:
        histogram = distribution(segment)
    except LoadtopError:  # the page has more to say than this chart
        return []
    total = max(histogram.get_total_count(), 1)
    return [
        (min(1 / max(1 - step.share, 1e-12), float(total)), step.value_ns / 1e9)
        for step in steps(histogram, 10)
    ]


def _latency(session: Session, across: Axis, rules: Sequence[Rule]) -> Chart | None:
    curves = [
        Curve(name, color, _series(session.seconds, read, join))
        for name, color, read, join in (
            ("p99", "two", lambda row: row.p99, max),
            ("p50", "one", lambda row: row.p50, _middle),
        )
    ]
    known = [y for curve in curves for _, y in curve.points if y and y >= 1e-9]
    if not known:
        return None
    pauses = _pauses(session.pauses, across)
    lowest = min([*known, *(height for _, height in pauses)])
    up = logarithmic(lowest, max([*known, *(height for _, height in pauses)]), _short)
    bars = [Bars("longest GC pauses", "three", pauses)] if pauses else []
    about = f"Median and 99th percentile of response time by the second, up to {_short(max(known))}."
    return Chart("Response time by the second", about, across, up, curves, bars, rules, tall=True)


def _throughput(session: Session, across: Axis, rules: Sequence[Rule]) -> Chart | None:
    curves = [Curve("requests/s", "one", _series(session.seconds, _rps, _middle), filled=True)]
    if any(row.errors for row in session.seconds):
        curves.append(Curve("errors/s", "bad", _series(session.seconds, _errors, max)))
    most = max((y for curve in curves for _, y in curve.points if y is not None), default=0.0)
    about = f"Answers a second over time, up to {rate(most)}."
    return Chart("Throughput", about, across, from_zero(most, _plain_rate, most=4), curves, rules=_bare(rules))


def _cpu(session: Session, across: Axis, rules: Sequence[Rule]) -> Chart | None:
    curves = [
        Curve("target", "two", _series(session.seconds, lambda row: row.target_cpu_pct, max)),
        Curve(
            "busiest core",
            "dim",
            _series(session.seconds, lambda row: max(row.cpu_pct, default=None), max),
        ),
    ]
    curves = [curve for curve in curves if any(y is not None for _, y in curve.points)]
    if not curves:
        return None
    most = max(y for curve in curves for _, y in curve.points if y is not None)
    about = f"CPU of the target and of the busiest core over time, up to {percent(most)}."
    return Chart(
        "CPU, 100 % is a core",
        about,
        across,
        from_zero(most, lambda v: f"{v:.0f} %", most=4),
        curves,
        rules=_bare(rules),
    )


def _memory(session: Session, across: Axis, rules: Sequence[Rule]) -> Chart | None:
    points = _series(session.seconds, lambda row: row.rss_bytes, max)
    known = [y for _, y in points if y is not None]
    if not known:
        return None
    up = from_zero(max(known), lambda value: trim(size(value)), most=4)
    about = f"Resident memory of the target over time, up to {size(max(known))}."
    curve = Curve("resident", "three", points, filled=True)
    return Chart("Memory of the target", about, across, up, [curve], rules=_bare(rules))


def _series(seconds: Sequence[Second], read: Read, join: Join) -> list[Point]:
    """Return a series with its gaps; where there are too many points, neighbours are joined."""
    step = math.ceil(len(seconds) / MOST_POINTS)
    points: list[Point] = []
    before: Second | None = None
    for start in range(0, len(seconds), step):
        group = seconds[start : start + step]
        if before is not None and group[0].t_s - before.t_s > before.span_s + LONGEST_GAP_S:
            points.append((group[0].t_s, None))
        values = [value for value in map(read, group) if value is not None and 0 <= value < BEYOND]
        middle = (group[0].t_s + group[-1].t_s + group[-1].span_s) / 2
        points.append((middle, join(values) if values else None))
        before = group[-1]
    return points


def _pauses(pauses: Sequence[Pause], across: Axis) -> list[tuple[float, float]]:
    """Return the longest pause of each of MOST_BARS stretches of time."""
    longest: dict[int, Pause] = {}
    for pause in pauses:
        place = int(across.place(pause.end_s) * MOST_BARS)
        if 1e-9 <= pause.pause_s < BEYOND and (place not in longest or pause.pause_s > longest[place].pause_s):
            longest[place] = pause
    return [(pause.end_s, pause.pause_s) for pause in longest.values()]


def _rules(session: Session) -> list[Rule]:
    return [
        Rule(row.start_s, f"{segment_name(row.index)} {load_short(row.load)}") for row in session.segments[1:]
    ]


def _bare(rules: Sequence[Rule]) -> list[Rule]:
    return [Rule(rule.at) for rule in rules]


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _rps(row: Second) -> float | None:
    return row.done / row.span_s if row.span_s > 0.2 else None


def _errors(row: Second) -> float | None:
    return row.errors / row.span_s if row.span_s > 0.2 else None


def _short(value: float) -> str:
    return trim(duration(value))


def _plain_rate(value: float) -> str:
    return trim(rate(value))
