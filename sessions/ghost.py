"""A saved session behind another one, moved so that both begin together."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from engine.snapshot import Ghost, Snapshot
from sessions.model import Session

Alignment: TypeAlias = Literal["run", "segment"]


class Overlay(Struct, frozen=True):
    """A session that is to be seen behind another.

    Attributes:
        name: What it is called on the screen.
        session: It.
        alignment: What begins together: the runs, or the current segment and the one that speaks for `session`.
    """

    name: str
    session: Session
    alignment: Alignment = "run"


def ghost_of(overlay: Overlay, over: Snapshot) -> Ghost:
    """Return an overlay on the clock of the Snapshot that it is behind."""
    session = overlay.session
    shift_s = 0.0
    if overlay.alignment == "segment":
        current = over.segment or (over.segments[-1] if over.segments else None)
        shift_s = (current.start_s if current else 0.0) - session.result.start_s
    return Ghost(
        name=overlay.name,
        shift_s=shift_s,
        response=session.result.latency_s.response,
        throughput_rps=session.result.throughput_rps,
        seconds=session.seconds,
    )
