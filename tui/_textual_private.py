"""Every use of Textual's private API. `tests/tui/test_textual_private.py` fails when one of them moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.screen import Screen


def pending_writes(app: App[Any]) -> int:
    """Return how many writes wait for the terminal.

    Textual 8.2.8: the queue holds 30 and then blocks the event loop; a frame is up to 3 writes. There is no
    such queue without a terminal. If the attribute moves, look for the driver's `WriterThread`.
    """
    thread = getattr(app._driver, "_writer_thread", None)
    return 0 if thread is None else int(thread._queue.qsize())


def count_writes(app: App[Any], wrote: Callable[[int], None]) -> None:
    """Tell `wrote` of the bytes of everything that is written to the terminal from now on.

    Textual 8.2.8: all of it goes through the driver's `write`, as text. Nothing is told without a driver.
    """
    driver = app._driver
    if driver is None:
        return
    write = driver.write

    def counted(data: str) -> None:
        wrote(len(data) if data.isascii() else len(data.encode("utf-8", "replace")))
        write(data)

    vars(driver)["write"] = counted


def paint_now(screen: Screen[Any]) -> None:
    """Send what is to be painted at once, not at the next turn of Textual's own clock (`TEXTUAL_FPS`).

    Textual 8.2.8: a screen paints in `_on_timer_update`, which does nothing where nothing is to be painted.
    """
    screen._on_timer_update()
