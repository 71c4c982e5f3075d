"""Fails when Textual moves what `tui._textual_private` touches."""

from __future__ import annotations

import asyncio
import io
from types import SimpleNamespace
from typing import Any, cast

from textual.app import App
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread
from textual.drivers.linux_driver import LinuxDriver

from tui._textual_private import pending_writes
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
