"""What a perfect instrument would measure: closed forms, for services whose behaviour is known.

The unit of time is the mean service time 1, and T is the time in the system, waiting included: multiply by the
service time at hand. `load` is arrivals per service time (rho, for one server). Sources are named where a form
is not in every book on queues; the tests hold all of them against printed tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from statistics import NormalDist
from typing import Final

QUANTILES: Final = (0.5, 0.9, 0.99, 0.999)

_HALVINGS: Final = 60  # a bisection is exact to 2^-60 of its range
_DIGITS: Final = 60  # the sum of M/D/1 alternates, and cancels most of them


def mm1(load: float, quantile: float) -> float:
    """Return a quantile of T for Poisson arrivals at one server with exponential service times."""
    return -math.log(1 - quantile) / (1 - load)


def dm1(load: float, quantile: float) -> float:
    """Return a quantile of T for evenly paced arrivals at one server with exponential service times.

    T is exponential too, at the rate 1 - sigma, where sigma = exp(-(1 - sigma) / load).
    """
    # The other root is 1; the iteration rises to the smaller one from below.
    sigma = 0.0
    for _ in range(10_000):
        before, sigma = sigma, math.exp(-(1 - sigma) / load)
        if sigma - before < 1e-15:
            break
    return -math.log(1 - quantile) / (1 - sigma)


def mmc(load: float, servers: int, quantile: float) -> float:
    """Return a quantile of T for Poisson arrivals at one queue of several exponential servers.

    Args:
        load: Of each server, below 1.
        servers: How many there are.
        quantile: Which.
    """
    offered = load * servers
    waits = _erlang_c(offered, servers)
    spare = servers - offered

    def tail(time: float) -> float:
        if math.isclose(spare, 1):
            return math.exp(-time) * (1 + waits * time)
        return math.exp(-time) * (1 + waits / (spare - 1) * (1 - math.exp(-(spare - 1) * time)))

    return _where(lambda time: 1 - tail(time), quantile)


def md1(load: float, quantile: float) -> float:
    """Return a quantile of T for Poisson arrivals at one server that always takes as long (Erlang, 1909)."""

    def waits_at_most(time: float) -> float:
        with localcontext() as context:
            context.prec = _DIGITS
            rate, at = Decimal(load), Decimal(time)
            total = Decimal(0)
            factorial = Decimal(1)
            for number in range(int(time) + 1):
                factorial *= max(number, 1)
                past = rate * (at - number)
                power = (-past) ** number if number else Decimal(1)
                total += power / factorial * past.exp()
            return float((1 - rate) * total)

    if waits_at_most(0) >= quantile:
        return 1.0
    return 1 + _where(waits_at_most, quantile)


def erlang(users: int, quantile: float) -> float:
    """Return a quantile of T for users who ask again as soon as they are answered, by one exponential server.

    Whoever asks finds all others before them, so that T is the sum of as many service times as there are users.
    """

    def at_most(time: float) -> float:
        term = tail = math.exp(-time)
        for number in range(1, users):
            term *= time / number
            tail += term
        return 1 - tail

    return _where(at_most, quantile)


def stall(stalled_s: float, period_s: float, load: float, quantile: float) -> float:
    """Return a quantile of the response time, in seconds, where a service stands still once a period.

    Evenly paced arrivals, worked off first come, first served, at a service time that is small beside the stall
    (as a fluid). A response longer than x has the probability (stalled - x) / ((1 - load) * period).

    Args:
        stalled_s: How long it stands still.
        period_s: How often; for a single stall, how long the whole run is.
        load: Share of the time in which the server works, without the stall.
        quantile: Which.

    Returns:
        0 where the quantile is one of the answers that the stall does not reach.
    """
    return max(0.0, stalled_s - (1 - quantile) * (1 - load) * period_s)


def lognormal(median: float, sigma: float, quantile: float) -> float:
    """Return a quantile of a lognormal delay."""
    return median * math.exp(sigma * NormalDist().inv_cdf(quantile))


def bimodal(fast: float, slow: float, share: float, quantile: float) -> float:
    """Return a quantile of a delay that is `slow` for a share of the answers and `fast` for the others."""
    return slow if quantile > 1 - share else fast


def _erlang_c(offered: float, servers: int) -> float:
    """Return the probability of having to wait."""
    blocked = 1.0  # Erlang B, by its recursion over the number of servers
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


def _where(distribution: Callable[[float], float], quantile: float) -> float:
    """Return where a distribution function reaches a quantile."""
    low, high = 0.0, 1.0
    while distribution(high) < quantile:
        low, high = high, high * 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if distribution(middle) < quantile:
            low = middle
        else:
            high = middle
    return high
