"""The demo target in a process of its own, as a real one would be."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from engine.errors import EngineLost
from engine.helper import helper


@contextlib.contextmanager
def demo_target() -> Iterator[Callable[[], str]]:
    """Start the demo target; yields what waits until it listens and returns its URL.

    Raises:
        EngineLost: From what is yielded, where it did not start.
    """

    def url() -> str:
        told = first_line()
        if not told.startswith("http://"):
            raise EngineLost("the demo target did not start; `loadtop target` says why")
        return told

    with helper("engine.demo", "--port", "0", "--with-parent") as first_line:
        yield url
