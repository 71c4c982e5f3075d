"""The oracle: a server whose answer times are known (tests/targets/oracleserver), compiled and started."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tests.targets.go import binary, started

SOURCES: Final = Path(__file__).parent / "oracleserver"
_PATIENCE_S: Final = 30.0


class Times(msgspec.Struct, frozen=True):
    """Quantiles of times, in seconds, at the nearest rank."""

    mean: float
    p50: float
    p90: float
    p99: float
    p999: float = msgspec.field(name="p99.9")
    max: float


class Trace(msgspec.Struct, frozen=True):
    """What the oracle did since it was reset.

    Attributes:
        arrived: Requests it read.
        answered: Requests it answered.
        lost: Requests whose connection was closed before their answer.
        planned: How long its answers were to take.
        took: How long they took, from when the request was read until the answer was handed to the kernel.
        dispersion: Variance over mean of the arrivals in a millisecond: 1 for Poisson, 0 for even gaps.
        most_per_ms: Most arrivals in a millisecond.
    """

    arrived: int
    answered: int
    lost: int
    planned: Times = msgspec.field(name="planned_s")
    took: Times = msgspec.field(name="took_s")
    dispersion: float
    most_per_ms: int


@dataclass(frozen=True, slots=True)
class Oracle:
    """An oracle that runs.

    Attributes:
        url: `http://127.0.0.1:PORT`; the paths are explained in tests/targets/oracleserver/main.go.
        pid: Its process.
    """

    url: str
    pid: int

    def reset(self, seed: int = 1) -> None:
        """Forget everything, and begin the random numbers anew."""
        _read(f"{self.url}/reset?seed={seed}")

    def trace(self) -> Trace:
        """Return what it did since it was reset."""
        return msgspec.convert(json.loads(_read(f"{self.url}/trace")), Trace)


@contextmanager
def oracle() -> Iterator[Oracle]:
    """Run the oracle; it ends with the block, or with this process however that ends."""
    with started(binary(SOURCES)) as server:
        yield Oracle(server.url, server.pid)


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_PATIENCE_S) as response:
        content: bytes = response.read()
        return content
