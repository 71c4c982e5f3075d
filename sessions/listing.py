"""The list of saved sessions as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sessions.format import duration, load_short, rate, span
from sessions.store import Row

_TITLES: Final = ("session", "load", "req/s", "p50", "p99", "lasted", "target")
_RIGHT: Final = {"lasted", "req/s", "p50", "p99"}


def as_table(rows: Sequence[Row], *, width: int) -> str:
    """Return sessions as a table with a line each; the names in its first column are what `open` takes.

    Args:
        rows: What `sessions.store.list_sessions` returned.
        width: Columns that there are; where they are too few, the last ones are left out.
    """
    heads, lines = lines_of([row for row in rows if row.summary is not None], width=width)
    shown = [heads, *lines] if lines else []
    shown += [f"{row.path.name}: {row.error}" for row in rows if row.summary is None]
    return "".join(line.rstrip() + "\n" for line in shown)


def lines_of(rows: Sequence[Row], *, width: int) -> tuple[str, list[str]]:
    """Return the heads of the columns, and a line for each of the sessions, all of which can be opened.

    Args:
        rows: What `sessions.store.list_sessions` returned.
        width: Columns that there are; where they are too few, the last ones are left out.
    """
    good = [_cells(row) for row in rows]
    widths = [max(len(cells[i]) for cells in [_TITLES, *good]) for i in range(len(_TITLES))]
    shown = [i for i in range(len(_TITLES)) if sum(widths[: i + 1]) + 2 * i <= width or i == 0]
    lines = [_line([cells[i] for i in shown], [widths[i] for i in shown]) for cells in [_TITLES, *good]]
    return lines[0], lines[1:]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if title in _RIGHT else cell.ljust(width)
        for cell, width, title in zip(cells, widths, _TITLES, strict=False)
    ]
    return "  ".join(padded)


def _cells(row: Row) -> tuple[str, ...]:
    summary = row.summary
    assert summary is not None
    result = summary.result
    response = result.latency_s.response
    return (
        row.path.stem,
        load_short(result.load or summary.plan.load),
        rate(result.throughput_rps),
        *("…" if value is None else duration(value) for value in (response.p50, response.p99)),
        span(summary.duration_s),
        summary.plan.target,
    )
