"""Servers of our own, each in a process of its own, that tell with their first line that they listen."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Final

STOP_S: Final = 2.0


@contextlib.contextmanager
def helper(module: str, *arguments: str) -> Iterator[Callable[[], str]]:
    """Run a module until the end of the block.

    Args:
        module: Its name; it is to end with its standard input, and so with us, however that comes.
        arguments: Its command line.

    Yields:
        What waits for the first line that it prints and returns that; "" where it ended without one.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C ends the run first, and its target when that has drained
        text=True,
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None and stdout is not None
    try:
        yield lambda: stdout.readline().strip()
    finally:
        stdin.close()
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stdout.close()
