"""The exact window, against sorted lists."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from engine import wire
from engine.books.columns import Columns
from engine.books.columns import columns as work_out
from engine.books.window import Window
from engine.figures import Latency
from engine.histogram import MINIMUM_SAMPLES, QUANTILES, rank_of
from tests.engine.books.columns import MS, S, columns

TIMEOUT = wire.ERROR_CODE["timeout"]
UNFINISHED = wire.ERROR_CODE["unfinished"]


def answers(response_ns: np.ndarray, second: int) -> Columns:
    """Return answers that took so long, spread over a second of the clock."""
    last = second * S + np.arange(response_ns.size, dtype=np.int64) * S // max(response_ns.size, 1)
    written = last - response_ns
    return work_out(written, written, last, np.full(response_ns.size, 200, np.uint16))


def exact(response_ns: list[np.ndarray]) -> dict[str, float | None]:
    """Return the percentiles of a sorted list, to the microsecond."""
    ordered = np.sort((np.concatenate(response_ns) + 500) // 1000)
    return {
        name: None
        if ordered.size < MINIMUM_SAMPLES[name]
        else int(ordered[rank_of(quantile, ordered.size) - 1]) / 1e6
        for name, quantile in QUANTILES.items()
    }


def percentiles(latency: Latency) -> dict[str, float | None]:
    """Return the percentiles by field."""
    return {name: getattr(latency, name) for name in QUANTILES}


Law = Callable[[np.random.Generator, int], np.ndarray]

LAWS: dict[str, Law] = {
    "fast": lambda rng, n: rng.exponential(200_000, n),
    "slow": lambda rng, n: rng.lognormal(17, 1, n),
    "two modes": lambda rng, n: np.where(rng.random(n) < 0.02, 50e6, 1e6) + rng.normal(0, 3e4, n),
    "one value": lambda rng, n: np.full(n, 123_456.0),
    "an hour and more": lambda rng, n: rng.uniform(3e12, 3.7e12, n),
}


@pytest.mark.parametrize("law", LAWS)
def test_percentiles_are_those_of_a_sorted_list_whatever_the_law(law: str) -> None:
    rng = np.random.default_rng(7)
    window = Window(0, 5, timeout_s=10.0)
    kept: list[np.ndarray] = []
    for second in range(12):
        response = np.minimum(np.abs(LAWS[law](rng, int(rng.integers(1, 4000)))), 3.6e12).astype(np.int64)
        kept.append(response)
        window.add(answers(response, second))
        span_s, latency = window.read((second + 1) * S)
        inside = kept[-5:]
        assert span_s == min(second + 1, 5)
        assert latency.count == sum(one.size for one in inside)
        assert percentiles(latency) == exact(inside)
        assert latency.max == max(int((one.max() + 500) // 1000) for one in inside) / 1e6
        assert latency.min == min(int((one.min() + 500) // 1000) for one in inside) / 1e6
        assert latency.mean == pytest.approx(float(np.concatenate(inside).mean()) / 1e9)


def test_a_second_counts_once_it_is_over_and_every_worker_has_told_it() -> None:
    window = Window(S // 2, 60, timeout_s=10.0)
    window.add(columns((S // 2, S // 2 + MS, 200)))
    assert window.read(S // 2 + S - 1) == (0.0, Latency())
    window.add(columns((S // 2, S // 2 + S - 1, 200)))
    span_s, latency = window.read(S // 2 + S)
    assert (span_s, latency.count) == (1.0, 2)
    window.add(columns((S // 2, S // 2 + MS, 200)))  # a worker that is late: it is not lost
    assert window.read(S // 2 + 2 * S)[1].count == 3


def test_an_idle_second_is_part_of_the_window() -> None:
    window = Window(0, 3, timeout_s=10.0)
    window.add(columns((0, MS, 200)))
    assert window.read(3 * S)[0] == 3.0
    assert window.read(3 * S)[1].count == 1
    assert window.read(4 * S) == (3.0, Latency())


def test_a_window_that_nobody_looked_at_for_long_forgets_what_is_too_old() -> None:
    window = Window(0, 2, timeout_s=10.0)
    for second in range(10):
        window.add(columns((second * S, second * S + MS, 200)))
    span_s, latency = window.read(10 * S)
    assert (span_s, latency.count) == (2.0, 2)


def test_failed_answers_are_left_out_and_requests_without_one_are_slower_than_all() -> None:
    window = Window(0, 60, timeout_s=10.0)
    window.add(columns(*[(0, MS, 200)] * 90, *[(0, 2 * MS, 503)] * 50, *[(0, 3 * MS, TIMEOUT)] * 10))
    latency = window.read(S)[1]
    assert (latency.count, latency.censored, latency.p90, latency.p95) == (100, 10, 0.001, 10.0)
    assert (latency.bound, latency.max) == (10.0, 10.0)


def test_what_was_given_up_at_an_age_is_bounded_by_that() -> None:
    window = Window(0, 60, timeout_s=10.0)
    window.add(columns(*[(0, MS, 200)] * 90, (S - 3 * MS, S - 1, UNFINISHED), (0, S - 1, UNFINISHED)))
    latency = window.read(S)[1]
    assert (latency.censored, latency.bound, latency.max) == (2, 0.002999999, 0.999999999)


def test_memory_is_bounded_and_the_window_says_that_it_is_shorter() -> None:
    window = Window(0, 60, timeout_s=10.0, most_entries=2500)
    response = np.arange(1000, dtype=np.int64) * 10_000  # a thousand distinct values a second
    for second in range(10):
        window.add(answers(response, second))
        span_s, latency = window.read((second + 1) * S)
    assert (span_s, latency.count) == (2.0, 2000)
    assert percentiles(latency) == exact([response, response])
