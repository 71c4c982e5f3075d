"""The console in a process of its own, for tests on a pseudo-terminal: `python pty_child.py KIND FOLDER THEME`.

KIND `budget` paints 20 ticks and ends; `stall` ticks for some seconds and notes the longest gap of its event
loop; `hangup` runs until its terminal is gone. What it has to say goes into files in FOLDER.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from msgspec.structs import replace

from tests.tui import fake_feed
from tui.console import prepare, run_console

TICKS = 20
FIRST_PAINT_S = 0.8


def cpu_s() -> float:
    """Return this process's CPU time."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def moving(seconds: float) -> fake_feed.FakeFeed:
    """Return a feed with a new Snapshot every tenth of a second: every figure changes each time."""
    return fake_feed.FakeFeed([fake_feed.snapshot(at_s=120 + tick / 10) for tick in range(int(seconds * 10))])


def measured(kind: str, folder: Path, theme: str, *, guarded: bool) -> None:
    """Run the console with a script beside it, and write down what it cost."""
    prepare(os.environ)
    from textual.app import App

    from tui.app import ConsoleApp
    from tui.screens import run as run_module

    if not guarded:
        vars(run_module)["pending_writes"] = lambda app: 0
    feed = moving(12)
    app: App[None] = ConsoleApp(feed, theme=theme, fps=10)

    async def budget() -> None:
        await asyncio.sleep(FIRST_PAINT_S)
        (folder / "START").touch()
        before = cpu_s()
        for _ in range(TICKS):
            feed.advance()
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.15)
        (folder / "END").write_text(json.dumps({"frames": TICKS, "cpu_s": cpu_s() - before}))
        app.exit()

    async def stall() -> None:
        await asyncio.sleep(FIRST_PAINT_S)
        (folder / "START").touch()
        gap = 0.0
        last = begin = time.perf_counter()
        while last - begin < 5:
            await asyncio.sleep(0.02)
            now = time.perf_counter()
            gap = max(gap, now - last - 0.02)
            if int(now * 10) != int(last * 10):
                feed.advance()
            last = now
        (folder / "END").write_text(json.dumps({"gap_s": gap}))
        app.exit()

    async def main() -> None:
        script = asyncio.create_task({"budget": budget, "stall": stall}[kind]())
        await app.run_async()
        await script

    asyncio.run(main())


def main() -> None:
    """Do what the command line says."""
    kind, folder, theme = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if kind.startswith("hangup"):
        if kind == "hangup-ignored":
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        feed = fake_feed.FakeFeed([replace(fake_feed.snapshot())])

        def save() -> None:
            with (folder / "SAVED").open("a") as file:
                file.write("saved\n")

        run_console(feed, theme=theme, on_hangup=save)
        return
    measured(kind.removesuffix("-unguarded"), folder, theme, guarded=not kind.endswith("-unguarded"))


if __name__ == "__main__":
    main()
