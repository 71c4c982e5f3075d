"""What a run asks of its probes while they work, and what it must know of them to ask the target itself."""

from __future__ import annotations

import asyncio

from msgspec import Struct


class Pprof(Struct, frozen=True):
    """Where the target's pprof pages are, and what must be sent along to see them."""

    prefix: str
    headers: tuple[tuple[str, str], ...] = ()
    unix_socket: str | None = None


class Wishes:
    """Set on the run's loop, heeded by the sources.

    Attributes:
        polling: Set while the target may be polled.
        collection: Set when the target is to collect its garbage once.
        pprof: The target's pprof pages, or None while none were found; set by what reads its runtime.
    """

    def __init__(self) -> None:
        self.polling = asyncio.Event()
        self.polling.set()
        self.collection = asyncio.Event()
        self.pprof: Pprof | None = None

    def poll(self, on: bool) -> None:
        """Have the target polled from now on, or not."""
        if on:
            self.polling.set()
        else:
            self.polling.clear()
