"""Service level objectives: `p99<5ms`, `errors<0.1%`, `rate>10k`, read from text and judged on a segment.

A figure that has an interval is judged by it: met where all of the interval is on the right side of the
limit, missed where all of it is on the wrong side, and otherwise there are not enough data. What has no
interval is judged by itself, if enough samples stand behind it. A generator that was the bottleneck measures
latencies too high and throughput too low: what is met in spite of that is met, a miss says nothing of the
target.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from engine.errors import UsageError
from engine.figures import Latency, SegmentFigures

SloVerdict: TypeAlias = Literal["met", "missed", "not-enough-data"]
Unit: TypeAlias = Literal["s", "1/s", "share", "bytes"]

EXAMPLES: Final = "'p99<5ms', 'errors<0.1%', 'rate>10k', 'rss<500MB'"
Z95: Final = 1.959964
"""Two-sided 95 % of the normal distribution."""

_FORM: Final = re.compile(r"\s*([A-Za-z][\w.]*)\s*(<=|>=|<|>)\s*(\d+(?:\.\d*)?|\.\d+)\s*([^\d\s]*)\s*")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_RATES: Final = {"": 1.0, "k": 1e3, "M": 1e6, "m": 1e6, "/s": 1.0, "k/s": 1e3, "M/s": 1e6}
_DECIMAL_BYTES: Final = {"B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9}
_BYTES: Final = {**_DECIMAL_BYTES, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}


class SloFigures(Struct, frozen=True, kw_only=True):
    """An objective, and whether a segment met it."""

    expr: str
    unit: Unit = "s"
    """Seconds, requests a second, a share of 1, or bytes."""
    value: float | None = None
    """The figure; None where there is none."""
    low: float | None = None
    high: float | None = None
    """Its 95 % interval, where it has one."""
    verdict: SloVerdict = "not-enough-data"
    reason: str = ""
    lenient: bool = False
    """Whether not enough data are let pass."""

    @property
    def passed(self) -> bool:
        """Whether a build may go on."""
        return self.verdict == "met" or (self.lenient and self.verdict == "not-enough-data")


class Slo(Struct, frozen=True):
    """An objective: a figure, and the side of a limit that it must be on.

    Attributes:
        expr: As it was written, without spaces.
        name: The figure's name, such as "p99".
        unit: What the limit is in.
        below: Whether the figure must be below the limit; else above.
        inclusive: Whether it may equal the limit.
        limit: The limit, in `unit`.
    """

    expr: str
    name: str
    unit: Unit
    below: bool
    inclusive: bool
    limit: float

    def holds(self, value: float) -> bool:
        """Return whether a value is on the right side."""
        if self.inclusive and value == self.limit:
            return True
        return value < self.limit if self.below else value > self.limit


class _Measured(Struct, frozen=True):
    """A figure as far as it is known. `at_least`: a lower bound; `missing`: why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    at_least: bool = False
    missing: str = ""


class _Metric(Struct, frozen=True):
    unit: Unit
    units: Mapping[str, float]
    measure: Callable[[SegmentFigures], _Measured]
    example: str


@cache
def parse_slo(text: str) -> Slo:
    """Return the objective that was written.

    Raises:
        UsageError: It is none.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise UsageError(f"--slo '{text}' is no objective; write one like {EXAMPLES}")
    name, relation, number, unit = form.groups()
    metric = _METRICS.get(name)
    if metric is None:
        raise UsageError(f"--slo '{text}': '{name}' is no figure; there are {', '.join(_METRICS)}")
    factor = metric.units.get(unit)
    if factor is None:
        said = f"'{unit}' is no unit of {name}" if unit else f"{number} of what?"
        raise UsageError(f"--slo '{text}': {said}; write it like '{metric.example}'")
    limit = float(number) * factor
    if not math.isfinite(limit) or (metric.unit == "share" and limit > 1):
        raise UsageError(f"--slo '{text}': {number}{unit} is beyond what {name} can be")
    return Slo(
        expr="".join(text.split()),
        name=name,
        unit=metric.unit,
        below=relation[0] == "<",
        inclusive=relation.endswith("="),
        limit=limit,
    )


def judge_all(
    expressions: Sequence[str], figures: SegmentFigures | None, *, lenient: bool = False
) -> tuple[SloFigures, ...]:
    """Return what is to be said of each objective.

    Args:
        expressions: What `parse_slo` takes.
        figures: The segment that they are judged on; None where nothing was measured.
        lenient: Whether not enough data are to be let pass.
    """
    return tuple(judge(parse_slo(text), figures, lenient=lenient) for text in expressions)


def judge(slo: Slo, figures: SegmentFigures | None, *, lenient: bool = False) -> SloFigures:
    """Return whether a segment meets an objective: by its settled part, where it settled."""
    if figures is None or not (figures.requests or figures.errors):
        return SloFigures(expr=slo.expr, unit=slo.unit, reason="nothing was measured", lenient=lenient)
    measured = _METRICS[slo.name].measure(figures)
    verdict, reason = _judged(slo, measured)
    latency_or_rate = slo.unit in ("s", "1/s")
    if verdict == "missed" and latency_or_rate and figures.client.verdict == "client-bound":
        verdict, reason = "not-enough-data", "the generator was the bottleneck, not the target"
    elif verdict != "missed" and slo.unit == "s" and slo.below and figures.state == "overloaded":
        verdict, reason = "missed", "the target was overloaded: latency grows for as long as that lasts"
    elif latency_or_rate and not reason and figures.state not in ("settled", "not-judged"):
        reason = f"{figures.state}: judged on all of the segment"
    return SloFigures(
        expr=slo.expr,
        unit=slo.unit,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        verdict=verdict,
        reason=reason,
        lenient=lenient,
    )


def _judged(slo: Slo, measured: _Measured) -> tuple[SloVerdict, str]:
    value = measured.value
    if value is None:
        return "not-enough-data", measured.missing
    if measured.at_least:
        if slo.holds(value) != slo.below:  # the truth lies above it, on the same side of the limit
            return ("missed" if slo.below else "met"), "requests without an answer lie there"
        return "not-enough-data", "only a lower bound is known: requests without an answer lie there"
    if slo.inclusive and slo.limit == 0:  # "none at all" can be seen, though never proven
        return ("met" if slo.holds(value) else "missed"), ""
    low = value if measured.low is None else measured.low
    high = value if measured.high is None else measured.high
    if slo.holds(low) and slo.holds(high):
        return "met", ""
    if not slo.holds(low) and not slo.holds(high):
        return "missed", ""
    return "not-enough-data", "the limit lies within the 95 % interval"


def _quantile(field: str, label: str) -> Callable[[SegmentFigures], _Measured]:
    def measure(figures: SegmentFigures) -> _Measured:
        latency = figures.latency_s.response
        value: float | None = getattr(latency, field)
        if value is None:
            return _Measured(missing=f"{latency.count} samples are too few for {label}")
        if _is_bound(latency, value):
            return _Measured(value=value, at_least=True)
        low, high = latency.ci95.get(label, (None, None))
        return _Measured(value=value, low=low, high=high)

    return measure


def _mean(figures: SegmentFigures) -> _Measured:
    latency = figures.latency_s.response
    if latency.mean is None:
        return _Measured(missing="no request was answered")
    # The mean is of the answered: with others beside them, the true one is above it.
    return _Measured(value=latency.mean, at_least=latency.censored > 0)


def _max(figures: SegmentFigures) -> _Measured:
    latency = figures.latency_s.response
    if latency.max is None:
        return _Measured(missing="no request was answered")
    return _Measured(value=latency.max, at_least=_is_bound(latency, latency.max))


def _rate(figures: SegmentFigures) -> _Measured:
    return _Measured(value=figures.throughput_rps)


def _errors(figures: SegmentFigures) -> _Measured:
    lost = sum(figures.errors.values())
    refused = sum(number for status, number in figures.statuses.items() if status[:1] in ("4", "5"))
    total = lost + figures.requests
    if not total:
        return _Measured(missing="no request was sent")
    low, high = wilson(lost + refused, total)
    return _Measured(value=(lost + refused) / total, low=low, high=high)


def _rss(figures: SegmentFigures) -> _Measured:
    if figures.target.rss_bytes is None:
        return _Measured(missing="the target's memory could not be seen; --pid says where it is")
    return _Measured(value=figures.target.rss_bytes.max)


def _is_bound(latency: Latency, value: float) -> bool:
    return latency.bound is not None and value >= latency.bound


def wilson(events: int, trials: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share (E. B. Wilson, JASA 22, 1927).

    Failures come in bursts, and then it is too narrow; it is what can be said from counts alone.
    """
    share, g = events / trials, Z95 * Z95 / trials
    centre = (share + g / 2) / (1 + g)
    half = Z95 / (1 + g) * math.sqrt(share * (1 - share) / trials + g / (4 * trials))
    return (0.0 if not events else max(centre - half, 0.0)), (1.0 if events == trials else centre + half)


_QUANTILES: Final = (
    ("p50", "p50", "p50"),
    ("p90", "p90", "p90"),
    ("p95", "p95", "p95"),
    ("p99", "p99", "p99"),
    ("p99.9", "p999", "p99.9"),
    ("p999", "p999", "p99.9"),
    ("p99.99", "p9999", "p99.99"),
    ("p9999", "p9999", "p99.99"),
)
"""What may be written, the field of `Latency`, and what it is called in the report."""

_METRICS: Final[Mapping[str, _Metric]] = {
    **{
        name: _Metric("s", _SECONDS, _quantile(field, label), f"{name}<5ms")
        for name, field, label in _QUANTILES
    },
    "mean": _Metric("s", _SECONDS, _mean, "mean<5ms"),
    "max": _Metric("s", _SECONDS, _max, "max<100ms"),
    "rate": _Metric("1/s", _RATES, _rate, "rate>10k"),
    "errors": _Metric("share", {"%": 0.01}, _errors, "errors<0.1%"),
    "rss": _Metric("bytes", _BYTES, _rss, "rss<500MB"),
}
"""Every figure that an objective can be about."""
