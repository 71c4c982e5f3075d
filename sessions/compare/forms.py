"""Every form of a comparison by its name: what `loadtop compare --report-format` takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from sessions.compare.model import Comparison
from sessions.compare.text import as_markdown, as_text
from sessions.formats import Paper
from sessions.tables import Cell, csv_of

Write: TypeAlias = Callable[[Comparison, Paper], str]


def as_json(comparison: Comparison) -> str:
    """Return a comparison as JSON, its keys as in `sessions.compare.model`."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=2).decode() + "\n"


def as_csv(comparison: Comparison) -> str:
    """Return a comparison as CSV: a row a figure and operating point, or for a ranking a row a session."""
    return csv_of(_changes(comparison)) or csv_of(_candidates(comparison))


def _changes(comparison: Comparison) -> Iterator[dict[str, Cell]]:
    for point in comparison.points:
        for change in point.changes:
            yield {
                "settings": point.settings,
                "outcome": point.outcome,
                "before_segment": point.before_segment,
                "after_segment": point.after_segment,
                "metric": change.metric,
                "before": change.before,
                "after": change.after,
                "ratio": change.ratio,
                "ratio_low": change.low,
                "ratio_high": change.high,
                "verdict": change.verdict,
                "decides": int(change.decides),
                "needs_s": change.needs_s,
            }


def _candidates(comparison: Comparison) -> Iterator[dict[str, Cell]]:
    for ranking in comparison.rankings:
        for place, one in enumerate(ranking.candidates, start=1):
            yield {
                "settings": ranking.settings,
                "place": place,
                "session": one.name,
                "standing": one.standing,
                "score": one.score,
                "segment": one.segment,
                "throughput_rps": one.throughput_rps,
                "p50_s": one.p50_s,
                "p99_s": one.p99_s,
                "p99_low_s": one.p99_low_s,
                "p99_high_s": one.p99_high_s,
                "rss_bytes": one.rss_bytes,
                "cpu_pct": one.cpu_pct,
                "errors": one.errors,
                "against_first": one.against_first,
                "reason": one.reason,
            }


FORMS: Final[Mapping[str, Write]] = {
    "text": lambda comparison, paper: as_text(comparison, width=paper.width, ascii=paper.ascii),
    "markdown": lambda comparison, _: as_markdown(comparison),
    "csv": lambda comparison, _: as_csv(comparison),
    "json": lambda comparison, _: as_json(comparison),
}
