"""The percentile distribution as HdrHistogram's own tools print it, for hdrhistogram.github.io's plotter.

The format is that of Java's AbstractHistogram.outputPercentileDistribution: columns of value, percentile, total
count and 1/(1-percentile), then lines that begin with "#". Values are milliseconds. Requests without an
answer are counted at the least that is known of them, so that the upper percentiles are not too low.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hdrh.histogram import HdrHistogram

from engine.errors import NothingMeasured, UsageError
from engine.figures import SegmentFigures
from engine.histogram import LONGEST_NS
from sessions.format import load_short, segment_name
from sessions.model import Session

NS_IN_A_MS: Final = 1e6
TICKS_PER_HALF_DISTANCE: Final = 5


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


def _lines(histogram: HdrHistogram) -> Iterator[str]:
    # The package has this too, but leaves its standard deviation in the unit of the recorded values.
    yield f"{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}"
    yield ""
    for step in histogram.get_percentile_iterator(TICKS_PER_HALF_DISTANCE):
        share = step.percentile_level_iterated_to / 100
        row = f"{step.value_iterated_to / NS_IN_A_MS:12.3f} {share:2.12f} {step.total_count_to_this_value:10d}"
        yield row if share >= 1 else f"{row} {1 / (1 - share):14.2f}"
    mean, deviation = (value / NS_IN_A_MS for value in (histogram.get_mean_value(), histogram.get_stddev()))
    yield f"#[Mean    = {mean:12.3f}, StdDeviation   = {deviation:12.3f}]"
    most = histogram.get_max_value() / NS_IN_A_MS
    yield f"#[Max     = {most:12.3f}, Total count    = {histogram.get_total_count():12d}]"
    yield f"#[Buckets = {histogram.bucket_count:12d}, SubBuckets     = {histogram.sub_bucket_count:12d}]"
