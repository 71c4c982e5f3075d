"""How other threads reach a loop: what it is to do, and what they want to know of it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

Seen = TypeVar("Seen")

LOOK_S: Final = 0.1
"""How often one who waits for an answer looks whether the loop is still there."""


class Inbox:
    """Takes from any thread what a loop is to do between two of its own steps.

    Args:
        finished: Set when the loop does nothing more; what it worked on may then be looked at from anywhere.
    """

    def __init__(self, finished: threading.Event) -> None:
        self._finished = finished
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Take from now on; called on the loop."""
        self._loop = asyncio.get_running_loop()

    def post(self, act: Callable[[], None]) -> bool:
        """Have something done soon; returns at once.

        Returns:
            Whether there is a loop to do it.
        """
        if self._loop is None or self._finished.is_set():
            return False
        with contextlib.suppress(RuntimeError):  # the loop closed in this very moment
            self._loop.call_soon_threadsafe(act)
            return True
        return False

    def ask(self, look: Callable[[], Seen]) -> Seen:
        """Return what `look` sees on the loop, or here where that is gone; what it raises is raised."""
        answer: Future[Seen] = Future()

        def reply() -> None:
            try:
                answer.set_result(look())
            except Exception as error:  # whoever asked must not wait for ever
                answer.set_exception(error)

        if not self.post(reply):
            return look()
        while True:
            with contextlib.suppress(TimeoutError):
                return answer.result(timeout=LOOK_S)
            if self._finished.is_set():
                return look()
