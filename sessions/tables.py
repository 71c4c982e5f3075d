"""The report as CSV: a row a second, or a row a segment. Comma, CRLF, a heading, as RFC 4180 has it.

Units stand in the names of the columns; what is not known is empty. A cell that a spreadsheet would take for a
formula is quoted by an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from engine.figures import Latency, Second, SegmentFigures
from engine.histogram import QUANTILES
from engine.plan import Load
from sessions.model import Session
from sessions.words import QUANTILE_LABELS

Cell: TypeAlias = str | int | float | None

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def seconds_csv(session: Session) -> str:
    """Return the time series, a row a second."""
    cores = max((len(second.cpu_pct) for second in session.seconds), default=0)
    return _csv(_second_row(second, cores) for second in session.seconds) or _heading(
        _second_row(_NO_SECOND, 0)
    )


def segments_csv(session: Session) -> str:
    """Return the segments, a row each."""
    return _csv(map(segment_row, session.segments)) or _heading(segment_row(_NO_SEGMENT))


def _second_row(second: Second, cores: int) -> dict[str, Cell]:
    cpu = list(second.cpu_pct) + [None] * cores
    return {
        "t_s": second.t_s,
        "span_s": second.span_s,
        "segment": second.segment,
        "done": second.done,
        "errors": second.errors,
        "bytes_in": second.bytes_in,
        "p50_s": second.p50,
        "p90_s": second.p90,
        "p99_s": second.p99,
        "p99.9_s": second.p999,
        "max_s": second.max,
        "target_cpu_pct": second.target_cpu_pct,
        "rss_bytes": second.rss_bytes,
        "gc_count": second.gc_count,
        "gc_pause_s": second.gc_pause_s,
        **{f"core{index}_cpu_pct": cpu[index] for index in range(cores)},
    }


_NO_SECOND: Final = Second(t_s=0.0)
_NO_SEGMENT: Final = SegmentFigures(index=0, start_s=0.0, end_s=0.0, load=Load())


def segment_row(segment: SegmentFigures) -> dict[str, Cell]:
    """Return a segment's figures by column."""
    target, response = segment.target, segment.latency_s.response
    pauses = target.gc.pause_s if target.gc else None
    refused = sum(number for status, number in segment.statuses.items() if status[:1] in ("4", "5"))
    return {
        "segment": segment.index,
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "mode": segment.load.mode,
        "concurrency": segment.load.concurrency,
        "rate_rps": segment.load.rate,
        "arrivals": segment.load.arrivals,
        "state": segment.state,
        "settled_at_s": segment.settled_at_s,
        "requests": segment.requests,
        "throughput_rps": segment.throughput_rps,
        "bytes_in": segment.bytes_in,
        "failed": refused,
        "errors": sum(segment.errors.values()),
        "response_min_s": response.min,
        "response_mean_s": response.mean,
        **_quantiles("response", response),
        "response_max_s": response.max,
        "response_bound_s": response.bound,
        "response_p99_low_s": response.ci95.get("p99", (None, None))[0],
        "response_p99_high_s": response.ci95.get("p99", (None, None))[1],
        **_quantiles("service", segment.latency_s.service),
        "client": segment.client.verdict,
        "client_cpu_pct": segment.client.cpu_pct,
        "target_cpu_pct": target.cpu_pct,
        "rss_mean_bytes": target.rss_bytes.mean if target.rss_bytes else None,
        "rss_max_bytes": target.rss_bytes.max if target.rss_bytes else None,
        "gc_count": target.gc.count if target.gc else None,
        "gc_pause_mean_s": pauses.mean if pauses else None,
        "gc_pause_max_s": pauses.max if pauses else None,
        "gc_pause_total_s": pauses.total if pauses else None,
    }


def _quantiles(clock: str, latency: Latency) -> dict[str, Cell]:
    return {f"{clock}_{QUANTILE_LABELS[name]}_s": getattr(latency, name) for name in QUANTILES}


def csv_of(rows: Iterable[Mapping[str, Cell]]) -> str:
    """Return rows that have the same columns as CSV, "" for none."""
    return _csv(rows)


def _csv(rows: Iterable[Mapping[str, Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    for index, row in enumerate(rows):
        if not index:
            writer.writerow(row)
        writer.writerow(map(_cell, row.values()))
    return text.getvalue()


def _heading(columns: Iterable[str]) -> str:
    return ",".join(columns) + "\r\n"


def _cell(value: Cell) -> Cell:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
