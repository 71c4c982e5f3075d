"""Makes the README's picture: the real console, over a real run against the tests' Go server.

python docs/picture.py docs/console.svg [COLUMNSxROWS]
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import target
from engine.http_client import serialise
from engine.plan import Load, Plan
from engine.run import Run
from tests.targets.go import binary
from tui.app import ConsoleApp
from tui.feeds import RunFeed

CHANGES = (("", 40.0), ("right_curly_bracket", 40.0), ("right_curly_bracket", 40.0))
"""Keys, and for how long to look at what each does."""

FONTS = re.compile(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", re.DOTALL)
"""The picture is to load nothing from elsewhere; a monospaced font is wherever it is looked at."""


@contextmanager
def service() -> Iterator[str]:
    """Run the Go server under a name that means something; yields its URL."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(binary(), Path(folder) / "api-server")
        command = ["./api-server", "-addr", "127.0.0.1:8080", "-until-eof"]
        # On a small machine the server would else take the cores that its load is made with.
        environment = {**os.environ, "GOMAXPROCS": "1"}
        with subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                yield "http://127.0.0.1:8080"
            finally:
                process.kill()


async def look(run: Run, size: tuple[int, int]) -> str:
    """Show a run, press keys, and return the screen."""
    app = ConsoleApp(RunFeed(run, lambda: ""))
    async with app.run_test(size=size) as pilot:
        for key, for_s in CHANGES:
            if key:
                await pilot.press(key)
            await asyncio.sleep(for_s)
        await pilot.pause()
        return FONTS.sub("", app.export_screenshot(title="loadtop"))


def main(arguments: list[str]) -> None:
    """Run the Go server, load it, and save the picture."""
    columns, rows = (arguments[1] if len(arguments) > 1 else "120x40").split("x")
    with service() as url:
        plan = Plan(url=f"{url}/alloc?kb=4", load=Load(concurrency=16))
        run = Run(plan, target.find(plan), serialise(plan))
        run.start()
        try:
            svg = asyncio.run(look(run, (int(columns), int(rows))))
        finally:
            run.stop()
            run.join()
    Path(arguments[0]).write_text(svg)


if __name__ == "__main__":
    main(sys.argv[1:])
