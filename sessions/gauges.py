"""Gauges of the time series: a file has them where they change, and memory in every row.

There are thousands of rows, and these would be a sixth of the file. A gauge is left out only beside another
figure of the same look, its witness: so it is known that there was a look, and that it saw nothing else. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

_NAMES: Final = tuple(GAUGES)
_RULES: Final = tuple(enumerate(share for _, share in GAUGES.values()))
_VALUES: Final = attrgetter(*GAUGES)
_WITNESSES: Final = attrgetter(*(witness for witness, _ in GAUGES.values()))


def once(rows: Iterable[Second]) -> tuple[Second, ...]:
    """Return the rows without gauges that are as in the newest row that has them; again, it changes nothing."""
    known: list[Any] = [None] * len(_NAMES)
    written: list[Second] = []
    for row in rows:
        values, witnesses = _VALUES(row), _WITNESSES(row)
        same: dict[str, Any] = {}
        for index, share in _RULES:
            value, last = values[index], known[index]
            if value is None:
                continue
            if last is not None and witnesses[index] is not None and abs(value - last) <= share * last:
                same[_NAMES[index]] = None
            else:
                known[index] = value
        written.append(replace(row, **same) if same else row)
    return tuple(written)


def every(rows: Iterable[Second]) -> tuple[Second, ...]:
    """Return the rows with the gauges that `once` left out, as they were written last."""
    known: list[Any] = [None] * len(_NAMES)
    whole: list[Second] = []
    for row in rows:
        values, witnesses = _VALUES(row), _WITNESSES(row)
        found: dict[str, Any] = {}
        for index, name in enumerate(_NAMES):
            if values[index] is not None:
                known[index] = values[index]
            elif witnesses[index] is not None and known[index] is not None:
                found[name] = known[index]
        whole.append(replace(row, **found) if found else row)
    return tuple(whole)


def newest(rows: Sequence[Second], name: str) -> Any:
    """Return a gauge at the end of the rows, or None where it was never seen."""
    return next((value for row in reversed(rows) if (value := getattr(row, name)) is not None), None)
