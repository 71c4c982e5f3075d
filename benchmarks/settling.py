"""Does it settle when the target has? The detector on real warm-ups: a JVM's compilers, a cache that was cold.

The truth of a warm-up is how it ends: what a run calls settled is held against its own last third.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from benchmarks.machine import Cores
from benchmarks.runs import open_loop, recorded
from benchmarks.servers import NoServer
from benchmarks.table import render
from engine.figures import Second, SegmentFigures
from engine.plan import Load, Plan
from sessions.format import load_short
from tests.targets.go import go_server
from tests.targets.jvm import has_jdk, jvm_server

BIAS_BAR: Final = 0.015
SECONDS: Final = 110
_LAST: Final = 1 / 3
_GRACE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Settled:
    """How a run settled.

    Attributes:
        state: What it said at its end.
        since_s: From when on its figures count, or None.
        said_s: When it said so first, or None.
        first: Median of its first second over that of its last third.
        bias: p50 it reports over that of its last third, less one.
    """

    state: str
    since_s: float | None
    said_s: float | None
    first: float
    bias: float


@contextmanager
def _cold_cache(keys: int) -> Iterator[str]:
    with go_server() as server:
        yield f"{server.url}/cached?keys={keys}&ms=5"


@contextmanager
def _cold_jvm() -> Iterator[str]:
    if not has_jdk():
        raise NoServer("the JVM's warm-up needs a JDK: java and javac on the path")
    with jvm_server() as url:
        yield f"{url}/page"


FLAT_OUT: Final = Load(concurrency=4)
"""As fast as both cores can: every second is as fast as the machine was in it."""

AT_EASE: Final = open_loop(500.0)
CASES: Final[tuple[tuple[str, Load, Callable[[], AbstractContextManager[str]]], ...]] = (
    ("jvm", FLAT_OUT, _cold_jvm),
    ("jvm", AT_EASE, _cold_jvm),
    ("cold cache", FLAT_OUT, lambda: _cold_cache(20_000)),
    ("cold cache", AT_EASE, lambda: _cold_cache(4_000)),
)


def settling(*, seconds: int, repeat: int, mine: Cores) -> None:
    """Run each case some times, each time on a fresh server, and print how it settled."""
    rows: list[list[str]] = []
    for name, load, case in CASES:
        words = load_short(load)
        try:
            for _ in range(repeat):
                with case() as url:
                    rows.append([name, words, *_row(settled(url, load, duration_s=seconds))])
        except NoServer as missing:
            rows.append([name, words, str(missing)])
    print(f"\n### settling: {seconds} s, each on a server that has just started\n")
    print(
        render(
            ["case", "load", "at the end", "counts from", "said at", "1st s / last third", "p50 off by"], rows
        )
    )


def settled(url: str, load: Load, *, duration_s: float) -> Settled:
    """Drive a cold server and say how the run settled."""
    plan = Plan(url=url, load=load, duration_s=duration_s, workers=1, probing=False)
    record = recorded(plan, grace_s=_GRACE_S)
    return judged(
        record.segments[0], record.seconds, [event.at_s for event in record.events if event.kind == "settled"]
    )


def judged(segment: SegmentFigures, seconds: Sequence[Second], said_s: Sequence[float]) -> Settled:
    """Hold what a run says against its last third."""
    rows = [second for second in seconds if second.p50 is not None]
    last = median(second.p50 or 0.0 for second in rows[-max(1, round(len(rows) * _LAST)) :])
    reported = segment.latency_s.response.p50
    return Settled(
        state=segment.state,
        since_s=segment.settled_at_s,
        said_s=said_s[0] if said_s else None,
        first=(rows[0].p50 or math.nan) / last,
        bias=math.nan if reported is None else reported / last - 1,
    )


def _row(found: Settled) -> list[str]:
    return [
        found.state,
        "-" if found.since_s is None else f"{found.since_s:.0f} s",
        "-" if found.said_s is None else f"{found.said_s:.0f} s",
        f"{found.first:.2f}",
        f"{found.bias:+.1%}{'' if found.state != 'settled' or abs(found.bias) <= BIAS_BAR else '  NOT within'}",
    ]
