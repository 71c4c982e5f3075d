"""Two settings in turn, A B B A: the one comparison within a session that may speak of a cause.

Neighbouring stretches share what the machine does at the time, so that each pair's ratio is free of most of it;
a paired t over the ratios knows how much is left. By simulation, noise that wanders by 10 % within seconds or
minutes makes a single switch cry wolf in up to 45 % of cases, and this in 4 to 10 %.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import fmean, median, stdev
from typing import Final, Literal, TypeAlias

from engine.stats.distributions import student_t
from engine.stats.settle import MARGIN
from engine.stats.verdict import KINDS, Verdict, decide, ratio_words, wanted

Pair: TypeAlias = Literal["AB", "BA"]

PAIRS: Final = 6
"""Fewest pairs, and the default; the number is fixed before the first."""
MOST_PAIRS: Final = 200
LEG_S: Final = 10.0
GAP_S: Final = 2.0
"""Least time that is discarded after each switch."""

CONFIDENCE: Final = 0.975


def order(pairs: int, seed: int | None = None) -> tuple[Pair, ...]:
    """Return the order within each pair: of every two, one is AB and one BA, by lot.

    Either way two pairs cancel a steady drift; the lot keeps a disturbance that recurs in the rhythm of the
    switches from always falling on the same setting.

    Args:
        pairs: How many.
        seed: For the same order again; None for a new one.
    """
    lot = random.Random(seed)
    drawn: list[Pair] = []
    while len(drawn) < pairs:
        drawn += lot.choice((("AB", "BA"), ("BA", "AB")))
    return tuple(drawn[:pairs])


def verdict(log_ratios: Sequence[float], *, margin: float = MARGIN) -> Verdict:
    """Return what the pairs say.

    Args:
        log_ratios: ln(B) - ln(A) of the figure, one a pair; a pair with a leg that cannot be trusted is left
            out by the caller for that reason, never for its value.
        margin: Difference that does not matter, as a share.
    """
    pairs = len(log_ratios)
    if pairs < PAIRS:
        reason = f"{pairs} of at least {PAIRS} pairs are done"
        change = math.exp(fmean(log_ratios)) if pairs else math.nan
        return Verdict(
            "cannot-tell", change, math.nan, math.nan, None, f"{KINDS['cannot-tell']}: {reason}", (reason,)
        )
    change = fmean(log_ratios)
    half = student_t(pairs - 1, CONFIDENCE) * stdev(log_ratios) / math.sqrt(pairs)
    low, high = change - half, change + half
    kind = decide(low, high, margin)
    more = more_pairs(log_ratios, margin=margin) if kind == "cannot-tell" else 0
    reasons: tuple[str, ...] = ()
    if kind in ("real", "changed"):
        reasons = (f"{pairs} pairs in balanced order: caused by the setting",)
    elif more is None:
        reasons = (f"not even {MOST_PAIRS} pairs would tell",)
    elif more:
        reasons = (f"needs about {more} pairs more",)
    return Verdict(
        kind=kind,
        ratio=math.exp(change),
        low=math.exp(low),
        high=math.exp(high),
        needs_s=None,
        words=f"{KINDS[kind]}: {ratio_words(change, low, high)} over {pairs} pairs",
        reasons=reasons,
    )


def more_pairs(log_ratios: Sequence[float], *, margin: float = MARGIN) -> int | None:
    """Return how many pairs more would tell if they went on like these; None for more than is reasonable.

    Args:
        log_ratios: As of `verdict`; at least two.
        margin: Difference that does not matter, as a share.
    """
    spread = stdev(log_ratios)
    narrow = wanted(fmean(log_ratios), margin)
    for pairs in range(len(log_ratios) + 1, MOST_PAIRS + 1):
        if student_t(pairs - 1, CONFIDENCE) * spread / math.sqrt(pairs) <= narrow:
            return pairs - len(log_ratios)
    return None


def gap_s(values: Sequence[float], *, margin: float = MARGIN) -> float:
    """Return how many seconds to discard after a switch, from the seconds after the first one.

    Args:
        values: Logarithms of the figure, one a second since the switch; the second half of them is taken to
            be of the new level.
        margin: Distance from it, on logarithms, that counts as having arrived.

    Returns:
        At least `GAP_S`.
    """
    if not values:
        return GAP_S
    level = median(values[len(values) // 2 :])
    first_half = values[: len(values) // 2]
    away = [second for second, value in enumerate(first_half) if abs(value - level) > margin]
    return max(GAP_S, away[-1] + 1.0 if away else 0.0)


def baseline_moved(first: float, last: float, *, margin: float = MARGIN) -> bool:
    """Return whether setting A itself is another at the end than at the begin.

    Args:
        first: The logarithm of the figure in the first leg of A.
        last: In the last one.
        margin: Difference that does not matter, as a share.
    """
    return abs(last - first) > math.log1p(margin)
