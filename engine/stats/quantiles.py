"""How sure is a percentile? Intervals by the effective number of samples.

Response times that follow each other are alike: they wait in the same queue. The textbook's interval for
independent samples covers the true p99 of a busy queue in 3 to 50 % of cases instead of 95. So the requests are
counted in blocks of a second and more; by how much the share of slow ones varies from block to block, beyond
what chance would do, says how many requests count as one (the design effect, as in surveys). What remains is
the exact interval of order statistics (binomial) for that many samples, less what a variance leaves open that
was estimated from few blocks, or from few that vary (Satterthwaite's degrees of freedom, by their kurtosis;
without that, p99.9 of a queue at a load of 0.7 was covered in 88 % of cases, with it in 94).

While people watch, the interval is looked at every second, and one of those looks would be wrong by chance: the
live band is wider (Wilson's interval with z = 3.1, from an asymptotic confidence sequence; Waudby-Smith et al.
2024). It assumes that nothing slower than a sixth of the time covered is going on.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from engine.stats.distributions import binomial, student_t

Counts: TypeAlias = npt.NDArray[np.int64]

FEWEST_BLOCKS: Final = 10
FEWEST_LIVE: Final = 20
LIVE_Z: Final = 3.1
_NORMAL: Final = 1.96
_MOST_CORRELATION: Final = 0.8
_LEAST_FREEDOM: Final = 3.0
_KURTOSIS: Final = 3.0  # of the normal distribution


class Worth(Struct, frozen=True):
    """What the samples behind a percentile are worth.

    Attributes:
        effective: As how many independent ones they count.
        t: Student's t for the blocks that this rests on, at 97.5 %.
    """

    effective: float
    t: float

    @property
    def trusted(self) -> int:
        """The same, less what the few blocks leave open: the number of samples of the exact interval."""
        return max(1, math.floor(self.effective * (_NORMAL / self.t) ** 2))


def worth(below: Counts, total: Counts, samples: int, quantile: float) -> Worth:
    """Return what samples are worth for a percentile.

    Args:
        below: Of each block, how many samples are not above the percentile; shape (B,), B at least 2.
        total: Of each block, how many samples there are.
        samples: How many there are in all; the blocks may lack the newest.
        quantile: Which percentile, as a fraction.
    """
    blocks = below.size
    counted = int(total.sum())
    share = float(below.sum()) / counted
    off = below - share * total
    squares = max(float(off @ off), 1e-9)
    variance = blocks / (blocks - 1) * squares
    correlation = min(max(float(off[1:] @ off[:-1]) / squares + 1 / blocks, 0.0), _MOST_CORRELATION)
    inflation = (1 + correlation) / (1 - correlation)
    # Many samples in one bin put more below it than the quantile asks for.
    at = share if 0 < share < 1 else quantile
    effect = max(1.0, variance * inflation / (counted * at * (1 - at)))
    # A tail that came in a few bursts varies as those do, and they are few, however many blocks there are.
    quartic = max(float(np.square(off) @ np.square(off)), 1e-18)
    freedom = min(blocks - 1, _KURTOSIS * squares * squares / quartic) / inflation
    return Worth(samples / effect, _t(freedom))


def final_span(quantile: float, known: Worth) -> tuple[float, float]:
    """Return the interval of a fixed sample in ranks, as fractions: 0 is no lower end, above 1 no upper."""
    trials = known.trusted
    low = binomial(0.025, trials, quantile)
    high = binomial(0.975, trials, quantile) + 1
    return low / trials, high / trials


def live_span(quantile: float, known: Worth) -> tuple[float, float]:
    """Return the interval that may be looked at all the time, likewise."""
    z = LIVE_Z * known.t / _NORMAL
    g = z * z / known.effective
    centre = (quantile + g / 2) / (1 + g)
    half = z / (1 + g) * math.sqrt(quantile * (1 - quantile) / known.effective + g / (4 * known.effective))
    high = centre + half
    return max(centre - half, 0.0), high if high < 1 - 0.5 / known.effective else math.inf


def least(quantile: float) -> int:
    """Return the fewest independent samples from which an interval has both ends: 368 for p99."""
    return math.ceil(math.log(0.025) / math.log(quantile))


def mean_half(values: npt.NDArray[np.float64]) -> float:
    """Return half of the 95 % interval of a mean of neighbouring values; shape (B,), B at least 2."""
    blocks = values.size
    off = values - values.mean()
    squares = float(off @ off)
    correlation = min(max(float(off[1:] @ off[:-1]) / max(squares, 1e-12) + 1 / blocks, 0.0), _MOST_CORRELATION)
    inflation = (1 + correlation) / (1 - correlation)
    return _t((blocks - 1) / inflation) * math.sqrt(inflation * squares / (blocks - 1) / blocks)


def _t(freedom: float) -> float:
    """Return Student's t at 97.5 %, for degrees of freedom so rounded that the same ones come again."""
    freedom = max(freedom, _LEAST_FREEDOM)
    return student_t(round(freedom, 1) if freedom < 10 else float(round(freedom)), 0.975)
