"""The last second, moving: what the console's large figures show.

Answers are counted by when they came, in steps of a tenth of a second, and only steps that every worker has
reported are read. Counting frames as they arrive instead would make a steady rate flicker by a tenth.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec import Struct, field

from engine.books.columns import Columns
from engine.figures import Latency
from engine.histogram import Histogram

STEP_NS: Final = 100_000_000
STEPS: Final = 10


class _Step(Struct):
    done: int = 0
    errors: int = 0
    bytes_in: int = 0
    histogram: Histogram = field(default_factory=Histogram)


class Recent:
    """Counts of the last second, by steps."""

    def __init__(self) -> None:
        self._steps: OrderedDict[int, _Step] = OrderedDict()
        self._newest = 0

    def add(self, columns: Columns, *, bytes_in: int, at_ns: int) -> None:
        """Count requests that ended, and bytes received until `at_ns`."""
        self._step(at_ns // STEP_NS).bytes_in += bytes_in
        if not columns.size:
            return
        first, last = int(columns.last[0]) // STEP_NS, int(columns.last[-1]) // STEP_NS
        for index, ended in columns.by_end([number * STEP_NS for number in range(first, last + 1)]):
            step = self._step(first + index)
            step.done += ended.answered
            step.errors += ended.size - ended.answered
            fine = ended.succeeded()
            step.histogram.add(fine.response, bins=fine.bins)

    def read(self, until_ns: int) -> tuple[float, float, float, Latency]:
        """Return the figures of the second that ended at the last whole step before `until_ns`.

        Returns:
            Answers a second, errors a second, bytes a second, and response times.
        """
        end = until_ns // STEP_NS
        inside = [step for number, step in self._steps.items() if end - STEPS <= number < end]
        span_s = STEPS * STEP_NS / 1e9
        histogram = Histogram()
        for step in inside:
            histogram.merge(step.histogram)
        return (
            sum(step.done for step in inside) / span_s,
            sum(step.errors for step in inside) / span_s,
            sum(step.bytes_in for step in inside) / span_s,
            histogram.latency(longest_s=0.0),
        )

    def _step(self, number: int) -> _Step:
        step = self._steps.get(number)
        if step is None:
            step = self._steps[number] = _Step()
            self._newest = max(self._newest, number)
            # Time-outs make an old step come late; keep twice what is read, drop what is older.
            for old in [n for n in self._steps if n < self._newest - 2 * STEPS]:
                del self._steps[old]
        return step
