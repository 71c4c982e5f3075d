"""The percentile distribution as HdrHistogram's own tools print it, for hdrhistogram.github.io's plotter.

The format is that of Java's AbstractHistogram.outputPercentileDistribution: columns of value, percentile, total
count and 1/(1-percentile), then lines that begin with "#". Values are milliseconds. Requests without an
answer are counted at the least that is known of them, so that the upper percentiles are not too low.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from hdrh.histogram import HdrHistogram
from msgspec import Struct

from engine.errors import NothingMeasured, UsageError
from engine.figures import SegmentFigures
from engine.histogram import LONGEST_NS
from sessions.format import load_short, segment_name
from sessions.model import Session

MOST_HALVINGS: Final = 40
"""Of the distance to 100 %: nobody counts 10^12 requests, and beyond 2^52 doubles would never get there."""

NS_IN_A_MS: Final = 1e6
TICKS_PER_HALF_DISTANCE: Final = 5
HALF_UP: Final = 1e-14
"""Java rounds halves up where Python rounds them to even: the files are to be the same, byte by byte."""


class Step(Struct, frozen=True):
    """A point of a distribution: so many samples, this share of all, took no longer than this."""

    value_ns: int
    share: float
    counted: int


def as_hgrm(session: Session) -> str:
    """Return the distribution of response time of the segment that speaks for the session.

    Raises:
        NothingMeasured: It has no histogram.
        UsageError: The histogram is damaged.
    """
    segment = next((row for row in session.segments if row.index == session.result.segment), None)
    if segment is None or "response" not in segment.histogram:
        raise NothingMeasured("this session has no histogram of response times, so there is no distribution")
    lines = list(_lines(distribution(segment)))
    lines.append(f"#[Segment {segment_name(segment.index)}, {load_short(segment.load)}, milliseconds]")
    censored = segment.latency_s.response.censored
    if censored:
        lines.append(f"#[{censored} requests without an answer are counted at the least known of them]")
    return "\n".join(lines) + "\n"


def distribution(segment: SegmentFigures) -> HdrHistogram:
    """Return a segment's response times with its requests without an answer at their lower bound.

    Raises:
        UsageError: The histogram is damaged.
    """
    response = segment.latency_s.response
    try:
        histogram = HdrHistogram.decode(segment.histogram["response"])
        if response.censored and response.bound is not None:
            histogram.record_value(min(round(response.bound * 1e9), LONGEST_NS), response.censored)
    except Exception as error:  # the library raises whatever its parts raise
        raise UsageError("its histogram is damaged; the other forms of the report have its figures") from error
    return histogram


def steps(histogram: HdrHistogram, ticks: int = TICKS_PER_HALF_DISTANCE) -> Iterator[Step]:
    """Yield the distribution at percentiles that lie closer together the nearer they are to 100 %.

    As Java's PercentileIterator goes; the Python package's own takes other steps.

    Args:
        histogram: The histogram.
        ticks: Steps from one halving of the distance to 100 % to the next.
    """
    total = histogram.get_total_count()
    level, place = 0.0, 0
    bins = [
        (item.value_iterated_to, item.total_count_to_this_value) for item in histogram.get_recorded_iterator()
    ]
    while bins and place < len(bins):
        value_ns, counted = bins[place]
        if 100 * counted / total < level:
            place += 1
            continue
        yield Step(value_ns, level / 100, counted)
        halvings = int(math.log2(100 / (100 - level))) + 1
        if counted >= total or halvings > MOST_HALVINGS:
            yield Step(bins[-1][0], 1.0, total)
            return
        level += 100 / (ticks * 2**halvings)


def _lines(histogram: HdrHistogram) -> Iterator[str]:
    yield f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}"
    yield ""
    for step in steps(histogram):
        share = step.share + HALF_UP
        row = f"{step.value_ns / NS_IN_A_MS:12.3f} {share:2.12f} {step.counted:10d}"
        yield row if step.share >= 1 else f"{row} {1 / (1 - step.share):14.2f}"
    mean, deviation = (value / NS_IN_A_MS for value in (histogram.get_mean_value(), histogram.get_stddev()))
    yield f"#[Mean    = {mean:12.3f}, StdDeviation   = {deviation:12.3f}]"
    most = histogram.get_max_value() / NS_IN_A_MS
    yield f"#[Max     = {most:12.3f}, Total count    = {histogram.get_total_count():12d}]"
    yield f"#[Buckets = {histogram.bucket_count:12d}, SubBuckets     = {histogram.sub_bucket_count:12d}]"
