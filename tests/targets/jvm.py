"""A server on a JVM, compiled once per machine; only where there is a JDK."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parent / "jvmserver" / "Server.java"
_BUILD_S: Final = 120.0
_GREETING: Final = "listening on "

# Else answers wait for the other side to acknowledge: 40 ms a request, and no warm-up to be seen.
_NO_DELAY: Final = "-Dsun.net.httpserver.nodelay=true"


def has_jdk() -> bool:
    """Whether there is a compiler and a machine for what it makes."""
    return shutil.which("javac") is not None and shutil.which("java") is not None


@contextmanager
def jvm_server() -> Iterator[str]:
    """Run a fresh, cold JVM; it ends with the block. Yields its URL."""
    command = ["java", _NO_DELAY, "-cp", str(_classes()), "Server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        try:
            assert line.startswith(_GREETING), f"the JVM said {line!r} instead of its address"
            yield f"http://{line.removeprefix(_GREETING)}"
        finally:
            process.kill()


def _classes() -> Path:
    """Return the folder with the compiled server."""
    content = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"loadtop-tests-{os.getuid()}" / f"jvmserver-{content}"
    if not (folder / "Server.class").exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        subprocess.run(["javac", "-d", str(folder), str(SOURCE)], check=True, timeout=_BUILD_S)
    return folder
