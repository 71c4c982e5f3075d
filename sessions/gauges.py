"""Gauges of the time series: what stays as it is for many rows is written in the first of them.

There are thousands of rows, and these would be an eighth of the file. Who reads them takes the newest that is
known, as for any gauge. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import replace

from engine.figures import Second

GAUGES: Final = ("threads", "heap_goal_bytes", "goroutines")
_VALUES: Final = attrgetter(*GAUGES)


def once(rows: Iterable[Second]) -> tuple[Second, ...]:
    """Return the rows without gauges that are as in the row before that has them; again, it changes nothing."""
    known: list[Any] = [None] * len(GAUGES)
    written: list[Second] = []
    for row in rows:
        values = _VALUES(row)
        same: dict[str, Any] = {}
        for index, value in enumerate(values):
            if value is not None:
                if value == known[index]:
                    same[GAUGES[index]] = None
                known[index] = value
        written.append(replace(row, **same) if same else row)
    return tuple(written)


def newest(rows: Sequence[Second], name: str) -> Any:
    """Return a gauge at the end of the rows, or None where it was never seen."""
    return next((value for row in reversed(rows) if (value := getattr(row, name)) is not None), None)
