"""Takes secrets out of what the console shows: a screen gets shared, photographed and kept in scrollback."""

from __future__ import annotations

from functools import lru_cache

from msgspec.structs import replace

from engine.figures import Event
from engine.snapshot import Snapshot, Target
from sessions.printable import clean
from sessions.redact import redact_text, redact_url


def veiled(snapshot: Snapshot) -> Snapshot:
    """Return a live Snapshot as it may be shown; cheap, for it is asked ten times a second."""
    return replace(
        snapshot,
        target=_target(snapshot.target),
        last_error=_text(snapshot.last_error),
        events=tuple(map(_event, snapshot.events)),
    )


@lru_cache(maxsize=256)
def _text(text: str) -> str:
    return redact_text(clean(text))


@lru_cache(maxsize=16)
def _target(target: Target) -> Target:
    return replace(target, url=redact_url(target.url), command=_text(target.command), probe=_text(target.probe))


@lru_cache(maxsize=4096)
def _event(event: Event) -> Event:
    return replace(event, text=_text(event.text))
