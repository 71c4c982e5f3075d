"""What a run asks of its probes while they work."""

from __future__ import annotations

import asyncio


class Wishes:
    """Set on the run's loop, heeded by the sources.

    Attributes:
        polling: Set while the target may be polled.
        collection: Set when the target is to collect its garbage once.
    """

    def __init__(self) -> None:
        self.polling = asyncio.Event()
        self.polling.set()
        self.collection = asyncio.Event()

    def poll(self, on: bool) -> None:
        """Have the target polled from now on, or not."""
        if on:
            self.polling.set()
        else:
            self.polling.clear()
