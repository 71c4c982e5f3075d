"""What the words of a verdict mean, in one place for the text and the Markdown report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from engine.figures import Cause, GcFigures, Latency, SegmentFigures, SegmentState, TailFigures
from engine.histogram import LABELS, MINIMUM_SAMPLES, QUANTILES
from engine.probes.reading import WORDS
from sessions.format import clock, count, digits, duration, percent, rate, share, span, trim
from sessions.model import Result

Mood: TypeAlias = Literal["good", "warn", "bad", "plain"]

NO_FIGURE: Final = "…"
"""Stands where a figure would need more samples."""

QUANTILE_LABELS: Final[Mapping[str, str]] = LABELS
"""Field of `engine.figures.Latency` to what it is called."""

STATES: Final[Mapping[SegmentState, tuple[Mood, str]]] = {
    "starting": ("warn", "it ended before it could be judged"),
    "warming": ("warn", "it ended while latency was still falling, so the figures contain the warm-up"),
    "settling": ("warn", "it ended before latency was seen to be steady"),
    "settled": ("good", ""),
    "shifted": ("warn", "latency jumped to another level in between, so the figures blend two"),
    "drifting": ("warn", "latency kept creeping, so the figures depend on when it was stopped"),
    "noisy": ("warn", "latency varied too much to be called steady"),
    "overloaded": (
        "bad",
        "more was asked than the target can do; latency grows as long as it lasts, so percentiles are withheld",
    ),
    "no-steady-state": ("warn", "latency never became steady"),
    "not-judged": ("plain", ""),
}

CLIENT: Final[Mapping[str, tuple[Mood, str]]] = {
    "ok": ("good", "client ok"),
    "tight": ("warn", "client tight: the generator itself was nearly the bottleneck"),
    "client-bound": (
        "bad",
        "CLIENT-BOUND: the generator, not the target, was the bottleneck; "
        "latencies are too high and throughput is a lower bound",
    ),
    "not-judged": ("plain", ""),
}


_WORTH_A_WORD_S: Final = 10.0
"""So much later a level has to have begun than what the figures cover."""


class Figure(Struct, frozen=True):
    """A cell of a table of latencies, and what is to be said beside it."""

    text: str
    remark: str = ""


def verdict(result: Result) -> tuple[Mood, str]:
    """Return whether the figures can be trusted to be of a steady state, as a sentence with its mood."""
    mood, why = STATES[result.state]
    covered = f"figures cover {clock(covered_from(result))} to {clock(result.end_s)}"
    steadiness = result.steadiness
    if result.state == "not-judged":
        return mood, f"{covered}, warm-up included"
    if result.state == "settled":
        took = max(covered_from(result) - result.start_s, 0.0)
        within = f", drift within {percent(steadiness.unsure_pct)}" if steadiness.unsure_pct is not None else ""
        return mood, f"SETTLED after {span(took)}{within}; the {covered}{_afterthought(result)}"
    if steadiness.reason:
        why += f" ({steadiness.reason})"
    if result.state == "settling" and steadiness.eta_s is not None:
        why += f"; about {span(steadiness.eta_s)} more should have done"
    return mood, f"{result.state.upper()}: {why}; the {covered}"


def _afterthought(result: Result) -> str:
    """Return what is to be said of figures that hindsight would have cut otherwise; "" where it agrees."""
    seen = result.steadiness.hindsight
    if seen is None:
        return ""
    if seen.course == "no-steady-state":
        return "; looking back, the median kept no level"
    if seen.since_s - covered_from(result) <= _WORTH_A_WORD_S:
        return ""
    return f"; looking back, the median kept its last level from {clock(seen.since_s)} on"


def state_words(figures: SegmentFigures) -> str:
    """Return a segment's state with what is most worth knowing of it: `settling 63 %, steady in about 12 s`."""
    about = figures.steadiness
    words = figures.state.replace("-", " ")
    match figures.state:
        case "settled" if figures.settled_at_s is not None:
            return f"{words} since {clock(figures.settled_at_s)}"
        case "settling" if about.progress:
            left = f", steady in about {about.eta_s:.0f} s" if about.eta_s is not None else ""
            return f"{words} {100 * about.progress:.0f} %{left}"
        case "warming" if about.direction is not None:
            return f"{words} {'▲' if about.direction == 'rising' else '▼'}"
        case "shifted" if about.shift_pct is not None and about.shift_at_s is not None:
            return f"{words} {about.shift_pct:+.0f} % since {clock(about.shift_at_s)}"
        case "drifting" if about.drift_pct_per_min is not None:
            return f"{words} {about.drift_pct_per_min:+.1f} %/min"
        case "noisy" if about.unsure_pct is not None:
            return f"{words} ±{min(about.unsure_pct, 999.0):.0f} %"
        case "overloaded" if about.backlog is not None:
            growth, capacity = about.backlog.growth_rps, about.backlog.capacity_rps
            return f"{words}, queue +{digits(growth)}/s, capacity ≈ {digits(capacity)}/s"
        case "no-steady-state" if about.period_s is not None:
            return f"{words}, period {about.period_s:.0f} s"
        case _:
            return words


def warmup_words(result: Result) -> str:
    """Return what the warm-up cost, "" where that is not known."""
    warmup = result.steadiness.warmup
    if warmup is None or warmup.first_second_pct is None:
        return ""
    ten = ""
    if warmup.first_ten_seconds_pct is not None:
        ten = f", of the first ten {warmup.first_ten_seconds_pct:+.0f} %"
    return f"mean of the first second {warmup.first_second_pct:+.0f} % against the settled part{ten}"


def throughput_words(result: Result) -> str:
    """Return the throughput with what is not known of it: `128.4k requests/s ±0.4 %`."""
    words = f"{rate(result.throughput_rps)} requests/s"
    if result.throughput_ci95_rps is None or not result.throughput_rps:
        return words
    low, high = result.throughput_ci95_rps
    return f"{words} ±{percent(100 * (high - low) / 2 / result.throughput_rps)}"


def half_pct(latency: Latency, name: str) -> float | None:
    """Return half of a percentile's interval in percent of it; None where it has none.

    Args:
        latency: The figures.
        name: Field of `Latency`.
    """
    value: float | None = getattr(latency, name)
    label = QUANTILE_LABELS[name]
    if not value or label not in latency.ci95:
        return None
    low, high = latency.ci95[label]
    return 100 * (high - low) / 2 / value


def covered_from(result: Result) -> float:
    """Return from when on the figures count, in seconds since the run began."""
    counted = result.settled_at_s if result.counted_from_s is None else result.counted_from_s
    return result.start_s if counted is None else counted


def measured_s(result: Result) -> float:
    """Return over how long a time things were counted: counts are of the whole segment, warm-up included."""
    return max(result.end_s - result.start_s, 0.0)


def latency_figure(latency: Latency, name: str, timeout_s: float) -> Figure:
    """Return a percentile, or `min`, `mean` or `max`, as it may be printed.

    Args:
        latency: The figures.
        name: Field of `Latency`.
        timeout_s: The time-out, which is named where it is what bounds a figure.
    """
    value: float | None = getattr(latency, name)
    quantile = QUANTILES.get(name)
    if quantile is not None and (value is None or latency.count < MINIMUM_SAMPLES[name]):
        missing = MINIMUM_SAMPLES[name] - latency.count
        needed = f"{count(missing)} more samples" if missing > 0 else ""
        return Figure(NO_FIGURE, _needs(latency, QUANTILE_LABELS[name]) or needed)
    if value is None:
        return Figure("-")
    if is_bound(latency, name):
        # A kept figure has fewer digits than the plan's.
        is_timeout = math.isclose(value, timeout_s, rel_tol=1e-3)
        return Figure(f"≥ {trim(duration(value))}", "time-out" if is_timeout else "")
    if latency.censored and quantile is None:
        return Figure(duration(value), "of the answered")
    return Figure(duration(value), _interval(latency, QUANTILE_LABELS.get(name, name)))


def is_bound(latency: Latency, name: str) -> bool:
    """Return whether a percentile or `max` is only a lower bound: requests without an answer lie there."""
    value: float | None = getattr(latency, name)
    ranked = name == "max" or name in QUANTILES
    return ranked and value is not None and latency.bound is not None and value >= latency.bound


def _interval(latency: Latency, label: str) -> str:
    if label not in latency.ci95:
        above = f"at least {duration(latency.at_least[label])}" if label in latency.at_least else ""
        return "; ".join(filter(None, (above, _needs(latency, label))))
    lower, upper = latency.ci95[label]
    low, _, unit_low = duration(lower).partition(" ")
    high, _, unit_high = duration(upper).partition(" ")
    return f"{low} - {high} {unit_high}" if unit_low == unit_high else f"{low} {unit_low} - {high} {unit_high}"


def _needs(latency: Latency, label: str) -> str:
    """Return how much longer it would have taken to know a percentile, or both ends of its interval."""
    if label not in latency.needs_s:
        return ""
    seconds = latency.needs_s[label]
    return f"needs about {f'{seconds:.0f} s' if seconds < 60 else span(seconds)} more"


def gc_pauses(gc: GcFigures, over_s: float) -> str:
    """Return what is known of the pauses of a collector, "" where that is nothing.

    Args:
        gc: The figures.
        over_s: The time they were counted over.
    """
    known = gc.count - gc.lost
    if known <= 0:
        return ""
    pause = gc.pause_s
    if pause.total is None or pause.mean is None:
        return ""
    of_time = f" ({share(pause.total, over_s)} of the time)" if over_s > 0 else ""
    words = [f"mean {duration(pause.mean)}"]
    if gc.granularity == "every":
        words.append(f"p99 {NO_FIGURE if pause.p99 is None else duration(pause.p99)}")
    elif pause.p99_at_most is not None:
        words.append(f"p99 at most {duration(pause.p99_at_most)}")
    if pause.max is not None:
        words.append(f"max {duration(pause.max)}")
    return ", ".join([*words, f"total {duration(pause.total)}{of_time}"])


def gc_known(gc: GcFigures) -> str:
    """Return how much of a collector's pauses is known: how many are lost, or what the source tells at all."""
    return f"{count(gc.lost)} lost" if gc.granularity == "every" else WORDS[gc.granularity]


FEWEST_SLOW: Final = 20
"""Slow requests from which a share of them says anything."""

CAUSES: Final[Mapping[Cause, str]] = {
    "gc-pause": "a GC pause",
    "throttled": "a time in which the container was throttled",
    "poll": "a poll of loadtop's",
}


def tail_words(tail: TailFigures | None) -> list[str]:
    """Return a line for each thing that may have made requests slow, of which enough is known."""
    if tail is None:
        return []
    slow = duration(tail.slower_than_s)
    return [
        f"of {count(cause.slow)} over {slow}, {percent(100 * cause.share)} in flight during "
        f"{CAUSES[cause.what]} (by chance {percent(100 * cause.chance)})"
        for cause in tail.causes
        if cause.slow >= FEWEST_SLOW
    ]


def per_second(number: float, seconds: float) -> str:
    """Return a count over a time as a rate, or "" where there was no time."""
    return f"{digits(number / seconds)}/s" if seconds > 0 and number else ""
