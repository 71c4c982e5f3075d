"""Fails when Textual moves what `tui._textual_private` touches."""

from __future__ import annotations

import asyncio
import io
from types import SimpleNamespace
from typing import Any, cast

from textual.app import App
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from tui._textual_private import paint_now, pending_writes
from tui.screens.run import SKIP_ABOVE


def test_writes_that_wait_are_counted() -> None:
    thread = WriterThread(io.StringIO())  # not started: what is written waits
    for _ in range(5):
        thread.write("frame")
    app = SimpleNamespace(_driver=SimpleNamespace(_writer_thread=thread))
    assert pending_writes(cast("App[Any]", app)) == 5


def test_the_driver_still_has_its_thread_and_the_app_its_driver() -> None:
    async def driver() -> LinuxDriver:
        return LinuxDriver(App(), mouse=False, size=(80, 24))

    assert hasattr(asyncio.run(driver()), "_writer_thread")
    assert hasattr(App(), "_driver")
    assert pending_writes(App()) == 0


def test_the_guard_acts_well_before_the_queue_is_full() -> None:
    assert SKIP_ABOVE * 4 < MAX_QUEUED_WRITES


def test_a_screen_is_painted_without_waiting_for_its_clock() -> None:
    painted: list[str] = []

    class Counting(App[None]):
        def _display(self, screen: Screen[object], renderable: object) -> None:
            if renderable is not None:
                painted.append(type(renderable).__name__)
            super()._display(screen, cast("Any", renderable))

    async def script() -> None:
        app = Counting()
        async with app.run_test() as pilot:
            await pilot.pause()
            app.screen._update_timer.stop()
            painted.clear()
            app.screen.refresh()
            assert painted == []
            paint_now(app.screen)
            assert len(painted) == 1
            paint_now(app.screen)
            assert len(painted) == 1, "painted though nothing had changed"

    asyncio.run(script())
