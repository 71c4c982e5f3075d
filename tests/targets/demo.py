"""The built-in target as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class DemoTarget:
    """A demo target that runs."""

    url: str
    host: str
    port: int
    process: subprocess.Popen[str]


@contextmanager
def demo_target(*arguments: str) -> Iterator[DemoTarget]:
    """Run the demo target; it ends with the block, or with this process however that ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "engine.demo", "--with-parent", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            parts = urlsplit(url)
            assert parts.hostname is not None and parts.port is not None, f"the demo target said {url!r}"
            yield DemoTarget(url, parts.hostname, parts.port, process)
        finally:
            process.kill()
