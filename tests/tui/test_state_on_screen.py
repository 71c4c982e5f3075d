"""What the panels say of a segment's state and of what is not known of its figures."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from engine.figures import Backlog, LatencySet, Steadiness
from engine.snapshot import Snapshot
from tests.tui.fake_feed import snapshot
from tui.panels.ledger import uncertainty
from tui.panels.status import fitting, segment_verdict, state_detail


def current(shown: Snapshot, **changes: object):  # type: ignore[no-untyped-def]
    """Return the current segment with changes."""
    assert shown.segment is not None
    return replace(shown.segment, **changes)


@pytest.mark.parametrize("width", [20, 40, 120])
def test_an_overload_is_named_at_any_width_and_measured_where_there_is_room(width: int) -> None:
    about = Steadiness(backlog=Backlog(requests=900, growth_rps=312, capacity_rps=1688))
    figures = current(snapshot(), state="overloaded", steadiness=about, settled_at_s=None)
    line = "".join(text for text, _ in fitting([segment_verdict(figures), *state_detail(figures)], width))
    assert line.startswith(" OVERLOADED ")
    assert ("queue +312/s" in line) == (width == 120)


def test_settling_says_how_far_and_how_long() -> None:
    figures = current(
        snapshot(), state="settling", steadiness=Steadiness(progress=0.63, eta_s=12), settled_at_s=None
    )
    assert "".join(text for text, _ in segment_verdict(figures)) == " SETTLING  63 %"
    assert state_detail(figures)[0][0][0] == "steady in about 12 s"


def test_the_ledger_says_how_far_p99_may_be_off() -> None:
    shown = snapshot()
    assert uncertainty(current(shown)) == "±6.8%"
    assert uncertainty(current(shown, latency_s=LatencySet())) == "–"
