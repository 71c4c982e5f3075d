"""Gauges of the time series: a file has them where they change, a Session in every row.

There are thousands of rows, and these would be a sixth of the file. A gauge is left out only beside another
figure of the same look, its witness: so it is known that there was a look, and that it saw nothing else. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import replace

from engine.figures import Second

GAUGES: Final = {
    "rss_bytes": ("target_cpu_pct", 0.01),
    "threads": ("target_cpu_pct", 0.0),
    "heap_goal_bytes": ("heap_bytes", 0.01),
    "goroutines": ("heap_bytes", 0.0),
}
"""By name: its witness, and by what share of what was written last it may differ from that and count as it."""

_LEFT_OUT: Final = [
    {name: None for number, name in enumerate(GAUGES) if bits >> number & 1} for bits in range(1 << len(GAUGES))
]
"""By a bit a gauge."""


def once(rows: Sequence[Second]) -> tuple[Second, ...]:
    """Return the rows without gauges that are as in the newest row that has them; again, it changes nothing."""
    same = bytearray(len(rows))  # a bit a gauge
    for number, (name, (witness, share)) in enumerate(GAUGES.items()):
        last: Any = None
        for at, (value, seen) in enumerate(_columns(rows, name, witness)):
            if value is None:
                continue
            if last is None or seen is None or abs(value - last) > share * last:
                last = value
            else:
                same[at] |= 1 << number
    return tuple(
        [replace(row, **_LEFT_OUT[bits]) if bits else row for row, bits in zip(rows, same, strict=True)]
    )


def every(rows: Sequence[Second]) -> tuple[Second, ...]:
    """Return the rows with the gauges that `once` left out, as they were written last."""
    found: dict[int, dict[str, Any]] = {}
    for name, (witness, _) in GAUGES.items():
        last: Any = None
        for at, (value, seen) in enumerate(_columns(rows, name, witness)):
            if value is not None:
                last = value
            elif seen is not None and last is not None:
                found.setdefault(at, {})[name] = last
    return tuple([replace(row, **found[at]) if at in found else row for at, row in enumerate(rows)])


def _columns(rows: Sequence[Second], *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(map(attrgetter(name), rows) for name in names), strict=True)


def newest(rows: Sequence[Second], name: str) -> Any:
    """Return a gauge at the end of the rows, or None where it was never seen."""
    return next((value for row in reversed(rows) if (value := getattr(row, name)) is not None), None)
