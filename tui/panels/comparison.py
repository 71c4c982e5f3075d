"""Two rows of the ledger held against each other, in one line."""

from __future__ import annotations

from typing import Final

from engine.figures import SegmentFigures
from engine.stats.verdict import KINDS, Verdict, compare
from sessions.format import segment_name
from tui.panels.base import View

MARKS: Final = "ab"
"""Behind the names of rows that are to be compared: before and after."""

DECIDED: Final = (("req/s", "throughput"), ("p99", "p99"))
"""What is compared: its name in the ledger, and the verdict's."""


def compared(view: View) -> tuple[SegmentFigures, SegmentFigures] | None:
    """Return the two rows to compare, before and after: those marked, else the last before the current one."""
    rows = {row.index: row for row in view.second.segments}
    pair = view.marked if len(view.marked) == len(MARKS) else tuple(sorted(rows))[-2:]
    if len(pair) < 2 or any(index not in rows or not rows[index].requests for index in pair):
        return None
    return rows[pair[0]], rows[pair[1]]


def verdicts(before: SegmentFigures, after: SegmentFigures) -> list[Verdict]:
    """Return the verdict on each of the figures that are decided on."""
    return [compare(before, after, quantile=quantile, design="switch") for _, quantile in DECIDED]


def difference(before: SegmentFigures, after: SegmentFigures) -> str:
    """Return whether one row's figures differ from another's, and by how much."""
    names = f"{segment_name(after.index)} against {segment_name(before.index)}"
    whole = verdicts(before, after)
    if all(verdict.kind == "not-comparable" for verdict in whole):
        return f"{names}: {KINDS['not-comparable']}, {'; '.join(whole[0].reasons)}"
    told = [
        f"{name} {KINDS[verdict.kind]} {relative(verdict.ratio)}".rstrip()
        for (name, _), verdict in zip(DECIDED, whole, strict=True)
    ]
    return f"{names}: {', '.join(told)}"


def reservations(before: SegmentFigures, after: SegmentFigures) -> str:
    """Return what stands in the way of the verdicts, or what they must not be taken for; each once."""
    reasons = [reason for verdict in verdicts(before, after) for reason in verdict.reasons]
    return "; ".join(dict.fromkeys(reasons))


def relative(ratio: float) -> str:
    """Return a ratio as a change in percent, as a factor from three on; "" where there is none."""
    if ratio != ratio:  # nan
        return ""
    return f"x{ratio:.3g}" if ratio >= 3 else f"{100 * (ratio - 1):+.1f} %"
