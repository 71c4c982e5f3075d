"""What every tool is asked to do, and what it says it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

PERCENTILES: Final = ("p50", "p90", "p99", "p99.9")


@dataclass(frozen=True, slots=True)
class Work:
    """One job.

    Attributes:
        url: What to ask for; https certificates are not to be verified.
        concurrency: Connections, each with one request at a time; in an open loop the most there may be.
        seconds: For how long; whole seconds, because some tools know no others.
        folder: Where the tool may leave files; fresh for every run.
        rate: Requests a second of an open loop, or None for a closed one.
        arrivals: The gaps of the open loop, for tools that have the choice.
        detailed: Whether percentiles matter so much that their cost does not.
    """

    url: str
    concurrency: int
    seconds: int
    folder: Path
    rate: int | None = None
    arrivals: Literal["poisson", "constant"] = "constant"
    detailed: bool = False

    @property
    def tls(self) -> bool:
        """Whether it is https."""
        return self.url.startswith("https:")


@dataclass(frozen=True, slots=True)
class Command:
    """How a tool is called.

    Attributes:
        arguments: Program and arguments.
        stdin: What it reads.
    """

    arguments: tuple[str, ...]
    stdin: bytes = b""


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool says of its run.

    Attributes:
        requests: Answers.
        rps: Answers a second.
        errors: Requests without an answer, or with a bad one.
        latency_s: Percentiles in seconds, as far as it has them.
    """

    requests: int
    rps: float
    errors: int = 0
    latency_s: Mapping[str, float | None] = field(default_factory=dict)
