"""The demo target in a process of its own, as a real one would be."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Final

from engine.errors import EngineLost

STOP_S: Final = 2.0


@contextlib.contextmanager
def demo_target() -> Iterator[Callable[[], str]]:
    """Start the demo target; yields what waits until it listens and returns its URL.

    Raises:
        EngineLost: From what is yielded, where it did not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.demo", "--port", "0", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C ends the run first, and the target when that has drained
        text=True,
    )

    def url() -> str:
        assert process.stdout is not None
        told = process.stdout.readline().strip()
        if not told.startswith("http://"):
            raise EngineLost("the demo target did not start; `loadtop target` says why")
        return told

    try:
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
