"""Settings in turn: which is in force, which part of its time counts, and what was due in it.

A pure state machine: whoever drives it tells the time, puts a setting in force when it is asked to and says so,
and hands over what was counted. What is due in the gap after a switch belongs to nobody. A leg's figures are
complete when everything that was due in it has ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct, field

from engine.books.columns import Columns
from engine.experiments.outcome import LegFigures, Setting
from engine.histogram import Histogram
from engine.stats import switchback

FIRST_GAP_S: Final = 5.0
"""Left out until the first switch has shown how much needs to be; and the most that ever is."""

_NS: Final = 1_000_000_000


class _Leg(Struct):
    """One stretch with one setting; counted from `from_ns` to `until_ns`."""

    setting: Setting
    start_ns: int
    from_ns: int
    until_ns: int
    histogram: Histogram = field(default_factory=Histogram)
    answered: int = 0
    client_bound: bool = False
    seconds: dict[int, Histogram] | None = None  # since the switch; of the leg that measures the gap


class Turns:
    """Goes through settings, each for a gap and a period.

    Args:
        settings: One a leg, in their order.
        period_s: How long each is measured.
        gap_s: Least time that is left out after a switch.
        first_gap_s: Left out while it is not known how much has to be.
        timeout_s: What a request that failed took at least; longer the last leg is not waited for.

    Attributes:
        gap_s: What is left out after a switch now.
    """

    def __init__(
        self,
        settings: Sequence[Setting],
        *,
        period_s: float,
        gap_s: float = switchback.GAP_S,
        first_gap_s: float = FIRST_GAP_S,
        timeout_s: float = 10.0,
    ) -> None:
        self.settings = tuple(settings)
        self.period_s = period_s
        self.gap_s = max(gap_s, first_gap_s)
        self._least_gap_s = gap_s
        self._gap_known = first_gap_s <= gap_s
        self._timeout_s = timeout_s
        self._legs: list[_Leg] = []
        self._switching = True

    @property
    def wanted(self) -> Setting:
        """The setting that has to be in force."""
        return self.settings[min(len(self._legs), len(self.settings) - 1) if self._switching else self.leg - 1]

    @property
    def leg(self) -> int:
        """Number of the leg under way, from 1; of the last one once all are over."""
        return min(len(self._legs) + self._switching, len(self.settings))

    def enforced(self, now_ns: int) -> None:
        """The wanted setting is in force from now on: its leg begins."""
        number = len(self._legs)
        from_ns = now_ns + round(self.gap_s * _NS)
        leg = _Leg(self.settings[number], now_ns, from_ns, from_ns + round(self.period_s * _NS))
        first_switch = number and all(earlier.setting == self.settings[0] for earlier in self._legs)
        if first_switch and not self._gap_known and leg.setting != self.settings[0]:
            leg.seconds = {}
        self._legs.append(leg)
        self._switching = False

    def take(self, columns: Columns) -> None:
        """Count requests that ended, in the legs in which they were due."""
        if not columns.size or not self._legs:
            return
        edges = [0]
        for leg in self._legs:
            edges += [leg.from_ns, leg.until_ns]
        for index, due in columns.by_due(edges):
            if index % 2:
                leg = self._legs[index // 2]
                leg.answered += due.answered
                _count(leg.histogram, due)
        watched = next((leg for leg in self._legs if leg.seconds is not None), None)
        if watched is not None and not self._gap_known and watched.seconds is not None:
            length = math.ceil((watched.until_ns - watched.start_ns) / _NS)
            starts = [0, *(watched.start_ns + second * _NS for second in range(length + 1))]
            for index, due in columns.by_due(starts):
                if 1 <= index <= length:
                    _count(watched.seconds.setdefault(index - 1, Histogram()), due)

    def tick(self, now_ns: int, settled_ns: int, *, client_bound: bool = False) -> bool:
        """Let time pass.

        Args:
            now_ns: The time.
            settled_ns: Everything that was due before this has ended.
            client_bound: Whether the generator is the bottleneck now.

        Returns:
            Whether another setting than before is to be put in force (`wanted`); `enforced` says that it is.
        """
        if self._switching or not self._legs:
            return False
        leg = self._legs[-1]
        if leg.from_ns <= now_ns:
            leg.client_bound = leg.client_bound or client_bound
        self._learn_gap(settled_ns)
        if now_ns < leg.until_ns or len(self._legs) == len(self.settings):
            return False
        self._switching = True
        return True

    def is_over(self, now_ns: int, settled_ns: int) -> bool:
        """Return whether all legs are complete."""
        if self._switching or len(self._legs) < len(self.settings):
            return False
        end_ns = self._legs[-1].until_ns
        return settled_ns >= end_ns or now_ns >= end_ns + self._timeout_s * _NS

    def all_sent(self, now_ns: int) -> bool:
        """Return whether the last leg's time is over, and its answers are waited for."""
        return (
            not self._switching and len(self._legs) == len(self.settings) and now_ns >= self._legs[-1].until_ns
        )

    def is_measuring(self, now_ns: int) -> bool | None:
        """Return whether what is due now counts; None while a setting is being put in force."""
        if self._switching:
            return None
        return now_ns >= self._legs[-1].from_ns

    def left_s(self, now_ns: int) -> float:
        """Return how long it is going to take from now on."""
        to_come = len(self.settings) - len(self._legs)
        current = 0.0 if self._switching else max(self._legs[-1].until_ns - now_ns, 0) / _NS
        return current + to_come * (self.gap_s + self.period_s)

    def figures(self, seconds_of: Callable[[int], float]) -> tuple[LegFigures, ...]:
        """Return what is known of the legs that began.

        Args:
            seconds_of: Makes seconds since the run began of a time of the monotonic clock.
        """
        told = []
        for leg in self._legs:
            latency = leg.histogram.latency(longest_s=self._timeout_s)
            told.append(
                LegFigures(
                    setting=leg.setting.name,
                    start_s=seconds_of(leg.from_ns),
                    end_s=seconds_of(leg.until_ns),
                    requests=leg.answered,
                    throughput_rps=leg.answered / self.period_s,
                    p50_s=latency.p50,
                    p99_s=latency.p99,
                    client_bound=leg.client_bound,
                )
            )
        return tuple(told)

    def _learn_gap(self, settled_ns: int) -> None:
        """Take the gap from the first switch, once its leg is complete; from the next pair on."""
        watched = next((leg for leg in self._legs if leg.seconds is not None), None)
        if self._gap_known or watched is None or watched.seconds is None or settled_ns < watched.until_ns:
            return
        medians = [watched.seconds[second].latency(longest_s=0.0).p50 for second in sorted(watched.seconds)]
        logs = [math.log(median) for median in medians if median]
        self.gap_s = min(max(switchback.gap_s(logs), self._least_gap_s), self.gap_s)
        self._gap_known = True
        watched.seconds = None


def _count(histogram: Histogram, due: Columns) -> None:
    fine = due.succeeded()
    histogram.add(fine.response, bins=fine.bins, censored=due.unanswered, ages=due.ages(due.planned))
