"""Snapshots: what moves slowly is worked out twice a second, and at once when something happened."""

from __future__ import annotations

from engine.books.ledger import Ledger
from engine.plan import Load, Plan
from engine.snapshot import RunState, Snapshot, Target
from engine.views import View

SECOND_NS = 1_000_000_000
PLAN = Plan(url="http://127.0.0.1/")


def seen(view: View, ledger: Ledger, at_s: float, state: RunState = RunState.RUNNING) -> Snapshot:
    """Return the run at that time."""
    return view.snapshot(state, Load(), ledger, None, now_ns=round(at_s * SECOND_NS), end_ns=None)


def books() -> Ledger:
    """Return the books of a run that began at zero."""
    ledger = Ledger(0, timeout_s=10.0, target=Target(url=PLAN.url))
    ledger.begin(Load(), 0)
    return ledger


def test_figures_are_worked_out_twice_a_second() -> None:
    view, ledger = View(PLAN), books()
    first, soon, later = (seen(view, ledger, at_s) for at_s in (1.0, 1.4, 1.5))
    assert first.segments is soon.segments is not later.segments
    assert (soon.at_s, first.segment) == (1.4, first.segments[0])


def test_what_happens_is_seen_at_once() -> None:
    view, ledger = View(PLAN), books()
    before = seen(view, ledger, 1.0)
    ledger.tell(SECOND_NS, "mark", "here")
    told = seen(view, ledger, 1.1)
    assert [event.text for event in told.events] == ["here"] and before.events == ()
    ledger.begin(Load(concurrency=2), round(1.2 * SECOND_NS))
    begun = seen(view, ledger, 1.2)
    assert len(begun.segments) == 2 and begun.segment == begun.segments[1]
    assert seen(view, ledger, 1.2, RunState.DONE).segments is not begun.segments
