"""Every use of Textual's private API. `tests/tui/test_textual_private.py` fails when one of them moves."""

from __future__ import annotations

from typing import Any

from textual.app import App


def pending_writes(app: App[Any]) -> int:
    """Return how many writes wait for the terminal.

    Textual 8.2.8: the queue holds 30 and then blocks the event loop; a frame is up to 3 writes. There is no
    such queue without a terminal. If the attribute moves, look for the driver's `WriterThread`.
    """
    thread = getattr(app._driver, "_writer_thread", None)
    return 0 if thread is None else int(thread._queue.qsize())
