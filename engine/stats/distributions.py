"""Quantiles of Student's t and of the binomial distribution: all of a statistics library that is needed here.

Loading one would take a second of start-up and 100 MB for two functions. Both are held against printed tables
and against exact sums in tests/engine/stats.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

import numpy as np

_NORMAL: Final = NormalDist()
_CLOSE: Final = 1e-12
_MOST_STEPS: Final = 200
_EXACT_VARIANCE: Final = 10_000.0
"""Up to here the binomial's probabilities are summed; beyond it an expansion errs by less than a hundredth of
a rank in ten thousand."""
_REACH: Final = 12.0
"""How many standard deviations to either side are summed: what lies beyond is less than 1e-20."""


@lru_cache(maxsize=4096)
def student_t(freedom: float, quantile: float) -> float:
    """Return a quantile above 0.5 of Student's t, for any number of degrees of freedom from 1, whole or not.

    Newton's method from the normal quantile, which lies below; the distribution is concave there, so that
    every step goes up and none too far.
    """
    constant = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    t = _NORMAL.inv_cdf(quantile)
    for _ in range(_MOST_STEPS):
        tail = _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2
        density = math.exp(constant - (freedom + 1) / 2 * math.log1p(t * t / freedom))
        step = (quantile - 1 + tail) / density
        t += step
        if abs(step) < 1e-9 * t:
            break
    return t


def binomial(quantile: float, trials: int, probability: float) -> int:
    """Return the smallest number of successes that is not exceeded with a probability of at least `quantile`.

    Args:
        quantile: Between 0 and 1, both excluded.
        trials: At least 1.
        probability: Of a success; between 0 and 1, both excluded.
    """
    mean = trials * probability
    variance = mean * (1 - probability)
    deviation = math.sqrt(variance)
    if variance > _EXACT_VARIANCE:
        # Cornish & Fisher, with the correction for continuity.
        z = _NORMAL.inv_cdf(quantile)
        return math.ceil(mean + z * deviation + (1 - 2 * probability) * (z * z - 1) / 6 - 0.5)
    low = max(0, math.floor(mean - _REACH * deviation - 2 * _REACH))
    high = min(trials, math.ceil(mean + _REACH * deviation + 2 * _REACH))
    successes = np.arange(low + 1, high + 1)
    first = (
        math.lgamma(trials + 1)
        - math.lgamma(low + 1)
        - math.lgamma(trials - low + 1)
        + low * math.log(probability)
        + (trials - low) * math.log1p(-probability)
    )
    ratios = np.log((trials - successes + 1) / successes) + math.log(probability / (1 - probability))
    cumulative = np.cumsum(np.exp(first + np.r_[0.0, np.cumsum(ratios)]))
    return min(low + int(np.searchsorted(cumulative, quantile - _CLOSE)), trials)


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction (Lentz; DLMF 8.17.22)."""
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):  # where it converges slowly
        return 1 - _incomplete_beta(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / (1 + even * d), 1 + even / c
        fraction *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + odd * d), 1 + odd / c
        fraction *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return front * fraction / a
