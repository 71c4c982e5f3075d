"""Makes the README's picture: the real console, over a real run against the tests' Go server.

python docs/picture.py docs/console.svg [COLUMNSxROWS]
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine import target
from engine.http_client import serialise
from engine.plan import Load, Plan
from engine.run import Run
from tests.targets.go import go_server
from tui.app import ConsoleApp
from tui.feeds import RunFeed

CHANGES = (("", 14.0), ("right_curly_bracket", 14.0), ("plus", 2.0), ("plus", 14.0))
"""Keys, and for how long to look at what each does."""


async def look(run: Run, size: tuple[int, int], file: Path) -> None:
    """Show a run, press keys, and save the screen."""
    app = ConsoleApp(RunFeed(run, lambda: ""))
    async with app.run_test(size=size) as pilot:
        for key, for_s in CHANGES:
            if key:
                await pilot.press(key)
            await asyncio.sleep(for_s)
        await pilot.pause()
        file.write_text(app.export_screenshot(title="loadtop"))


def main(arguments: list[str]) -> None:
    """Run the Go server, load it, and save the picture."""
    file = Path(arguments[0])
    columns, rows = (arguments[1] if len(arguments) > 1 else "120x40").split("x")
    with go_server() as server:
        plan = Plan(url=f"{server.url}/alloc?kb=16", load=Load(concurrency=32))
        run = Run(plan, target.find(plan), serialise(plan))
        run.start()
        try:
            asyncio.run(look(run, (int(columns), int(rows)), file))
        finally:
            run.stop()
            run.join()


if __name__ == "__main__":
    main(sys.argv[1:])
