"""Starts the console, and ends the process when its terminal is gone.

Textual reads its environment when it is first imported, so this module imports it only inside a function.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.importing import uncollected
from tui.panels.glyphs import Graph, choose_graph

if TYPE_CHECKING:
    from tui.feed import Feed

HANGUP_STATUS: Final = 128 + signal.SIGHUP
CLEAN_EXIT_S: Final = 1.0
"""How long a clean exit may take after SIGHUP; with the terminal gone it may never end."""

PAINTING_NICENESS: Final = 5
"""A third of the weight of the workers' threads."""

PAINT_FPS: Final = 15
"""Scrolls, resizes and the palette must not burst either."""


class Hangup:
    """Notices that the terminal is gone, saves, and ends the process.

    Two ways lead here: SIGHUP, and a thread that waits for the terminal's end of file, which is what remains
    where SIGHUP is ignored (nohup). The thread needs no event loop: a loop that is stuck in a write to the
    dead terminal does not matter. Whichever comes first saves; the other waits until it has.
    """

    def __init__(self, on_hangup: Callable[[], None], terminal: int) -> None:
        self._on_hangup = on_hangup
        self._terminal = terminal
        self._lock = threading.Lock()
        self._saved = False
        self._wake_read, self._wake_write = os.pipe()

    def save(self) -> None:
        """Call what is to be called, once."""
        with self._lock:
            if not self._saved:
                self._saved = True
                self._on_hangup()

    def end(self) -> None:
        """Save and end the process, whatever its other threads do."""
        try:
            self.save()
        finally:
            os._exit(HANGUP_STATUS)

    def watch(self) -> None:
        """Wait for the terminal's end, or for `stop`. With an empty mask only a hang-up is reported."""
        poll = select.poll()
        poll.register(self._terminal, 0)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self._wake_read in ready:
                return
            if self._terminal in ready:
                self.end()

    def stop(self) -> None:
        """Let the watch end: from now on the terminal's end is nobody's business."""
        os.write(self._wake_write, b".")


@contextlib.contextmanager
def watched(on_hangup: Callable[[], None], terminal: int) -> Iterator[Hangup]:
    """Watch the terminal for as long as the block lasts."""
    hangup = Hangup(on_hangup, terminal)
    thread = threading.Thread(target=hangup.watch, name="terminal-watch", daemon=True)
    thread.start()
    try:
        yield hangup
    finally:
        hangup.stop()
        thread.join()
        os.close(hangup._wake_read)
        os.close(hangup._wake_write)


def prepare(environ: dict[str, str] | os._Environ[str]) -> None:
    """Set what Textual reads when it is imported; what the user set stays."""
    environ.setdefault("TEXTUAL_FPS", str(PAINT_FPS))
    environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")


def yield_to_load() -> None:
    """Let this thread come after the workers where they share a core: a frame may be late, a request must not.

    What it starts later would come after them too; workers are started by the run's own thread.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PAINTING_NICENESS)


def load() -> None:
    """Import all that the console needs; beside a run's own thread that takes three times as long."""
    prepare(os.environ)
    with uncollected():
        import tui.app
        import tui.remapping  # noqa: F401


def run_console(
    feed: Feed,
    *,
    theme: str | None = None,
    fps: int | None = None,
    graph: Graph = "block",
    mouse: bool = True,
    notices: Sequence[str] = (),
    themes_dir: Path | None = None,
    config: Path | None = None,
    remembered_in: Path | None = None,
    pictures: Path | None = None,
    on_hangup: Callable[[], None] = lambda: None,
    folder: Path | None = None,
    choosing: bool = False,
) -> None:
    """Show a feed on the terminal until its run is over or the user leaves.

    Args:
        feed: The run, or a saved session.
        theme: Name of the theme, or None for the default.
        fps: How often numbers are looked at, a second; None for as often as costs little (`tui.calm`).
        graph: Characters of the charts; ASCII is used by itself where the terminal is known to lack others.
        mouse: Whether Textual may ask the terminal for the mouse.
        notices: What to say in the last row at the start.
        themes_dir: Where a user's own themes are.
        config: The user's configuration: keys.
        remembered_in: The file of what stays from one start to the next.
        pictures: The folder for pictures of the screen.
        on_hangup: Called once, from whichever thread notices it first, when the terminal is gone; it saves
            the session. The process ends after it.
        folder: Where sessions are kept, or None for the user's data folder.
        choosing: Whether to begin with the list of sessions.
    """
    load()
    from tui.app import ConsoleApp
    from tui.keys import KEYS
    from tui.remapping import read_keys, remapped

    wishes, complaints = read_keys(config) if config is not None else ({}, [])
    keys, refused = remapped(KEYS, wishes)
    encoding = (sys.__stdout__ or sys.stdout).encoding or "utf-8"
    app = ConsoleApp(
        feed,
        theme=theme,
        fps=fps,
        graph=choose_graph(graph, os.environ, encoding),
        notices=[*notices, *complaints, *refused],
        themes_dir=themes_dir,
        folder=folder,
        choosing=choosing,
        keys=keys,
        pictures=pictures,
        remembered_in=remembered_in,
    )

    async def show(hangup: Hangup) -> None:
        def hung_up() -> None:
            try:
                hangup.save()
            finally:
                # a terminal that is still there wants its modes back; one that is gone may block that for ever
                last = threading.Timer(CLEAN_EXIT_S, os._exit, (HANGUP_STATUS,))
                last.daemon = True
                last.start()
                app.exit(return_code=HANGUP_STATUS)

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, hung_up)
        # as `q`: the run is drained and saved, and the terminal gets its modes back
        loop.add_signal_handler(signal.SIGTERM, app.call_later, app.action_leave)
        await app.run_async(mouse=mouse)

    with watched(on_hangup, sys.__stdin__.fileno() if sys.__stdin__ is not None else 0) as hangup:
        asyncio.run(show(hangup))
    if app.return_code == HANGUP_STATUS:
        os._exit(HANGUP_STATUS)
