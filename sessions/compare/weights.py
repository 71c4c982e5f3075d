"""What counts how much when sessions are ranked: `qps=0.4,p99=0.45,rss=0.15`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from engine.errors import UsageError
from engine.figures import SegmentFigures

DEFAULT_WEIGHTS: Final = "qps=0.4,p99=0.45,rss=0.15"
ROUNDING: Final = 0.001


class Measure(Struct, frozen=True):
    """Something that sessions are ranked by.

    Attributes:
        read: The figure in a segment, None where it is not known.
        more_is_better: Whether the largest is the best; else the smallest.
    """

    read: Callable[[SegmentFigures], float | None]
    more_is_better: bool = False


MEASURES: Final[Mapping[str, Measure]] = {
    "qps": Measure(lambda row: row.throughput_rps or None, more_is_better=True),
    "p50": Measure(lambda row: row.latency_s.response.p50),
    "p90": Measure(lambda row: row.latency_s.response.p90),
    "p95": Measure(lambda row: row.latency_s.response.p95),
    "p99": Measure(lambda row: row.latency_s.response.p99),
    "p99.9": Measure(lambda row: row.latency_s.response.p999),
    "rss": Measure(lambda row: row.target.rss_bytes.max if row.target.rss_bytes else None),
    "cpu": Measure(lambda row: row.target.cpu_pct),
}


def parse_weights(text: str) -> dict[str, float]:
    """Return the weight of each measure; they sum to 1.

    Raises:
        UsageError: The text is no list of weights.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign or not name:
            raise UsageError(f"--weights '{text}': '{part.strip()}' is no weight; write {DEFAULT_WEIGHTS}")
        if name not in MEASURES:
            raise UsageError(f"--weights '{text}': '{name}' is no measure; there are {', '.join(MEASURES)}")
        if name in weights:
            raise UsageError(f"--weights '{text}': {name} is given twice")
        try:
            weights[name] = float(number)
        except ValueError:
            raise UsageError(f"--weights '{text}': '{number}' is no number") from None
        if not 0 <= weights[name] <= 1:  # neither is nan
            raise UsageError(f"--weights '{text}': {name}={number} must be from 0 to 1")
    total = math.fsum(weights.values())
    if abs(total - 1) > ROUNDING:
        raise UsageError(f"--weights '{text}': they sum to {total:.3g}; they must sum to 1")
    return weights
