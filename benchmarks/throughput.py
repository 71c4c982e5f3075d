"""Throughput per client core: every tool as fast as it can, on the same work, one after the other in turns."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import sleep
from typing import Final

from benchmarks import machine
from benchmarks.bout import Bout, Entrant, entrants, fight, tell_missing
from benchmarks.machine import Cores
from benchmarks.servers import Kind, NoServer, served
from benchmarks.table import count, megabytes, milliseconds, render
from benchmarks.work import Work

YARDSTICK: Final = "wrk"
REST_S: Final = 0.5
"""Between two runs, so that one's dying connections are not the next one's."""


@dataclass(frozen=True, slots=True)
class Point:
    """One combination of what is driven and how.

    Attributes:
        server: The server.
        tls: Whether over TLS; the Go server cannot, so nginx does instead.
        body: Bytes of the answer's body.
        concurrency: Connections.
    """

    server: Kind
    tls: bool
    body: int
    concurrency: int

    def __str__(self) -> str:
        how = "TLS" if self.tls else "plain"
        return f"{self.server}, {how}, {self.body} B, {self.concurrency} connections"


def points(
    servers: Sequence[Kind], concurrency: Sequence[int], bodies: Sequence[int], *, tls: Sequence[bool]
) -> Iterator[Point]:
    """Yield every combination that can be had."""
    seen: set[Point] = set()
    for server, secure, body, connections in itertools.product(servers, tls, bodies, concurrency):
        point = Point("nginx" if secure and server == "go" else server, secure, body, connections)
        if point not in seen:
            seen.add(point)
            yield point


def measure(wanted: Sequence[Point], names: Sequence[str], *, seconds: int, repeat: int, mine: Cores) -> None:
    """Print a table for every point, and one with the ratios of them all at the end."""
    present, missing = entrants(names)
    tell_missing(missing)
    ratios: dict[str, list[str]] = {entrant.peer.name: [] for entrant in present}
    for point in wanted:
        bouts: dict[str, list[Bout]] = {entrant.peer.name: [] for entrant in present}
        try:
            for turn in range(repeat):
                # In turns, and each time another one first: the machine drifts, and must not favour anyone.
                shift = turn % max(len(present), 1)
                for entrant in [*present[shift:], *present[:shift]]:
                    bouts[entrant.peer.name].append(_once(point, entrant, seconds, mine))
                    sleep(REST_S)
        except NoServer as error:
            print(f"\n{point}: skipped, {error}")
            for cells in ratios.values():
                cells.append("-")
            continue
        print(f"\n### {point}; {seconds} s, median of {repeat}\n")
        print(_table(bouts), flush=True)
        yardstick = _rate(bouts.get(YARDSTICK, []))
        for name, cells in ratios.items():
            rate = _rate(bouts[name])
            cells.append(f"{rate / yardstick:.2f}" if rate and yardstick else "-")
    if len(wanted) > 1:
        print(f"\n### requests a second against {YARDSTICK}'s\n")
        columns = [_short(point) for point in wanted]
        print(render(["tool", *columns], [[name, *cells] for name, cells in ratios.items()]))
    tell_missing(missing)


def _once(point: Point, entrant: Entrant, seconds: int, mine: Cores) -> Bout:
    with (
        served(point.server, body=point.body, tls=point.tls, core=mine.server) as server,
        tempfile.TemporaryDirectory(prefix="loadtop-bench-") as folder,
    ):
        work = Work(url=server.url, concurrency=point.concurrency, seconds=seconds, folder=Path(folder))
        return fight(entrant, work, mine.client)


def _rate(bouts: Sequence[Bout]) -> float:
    rates = [bout.result.rps for bout in bouts if bout.result is not None]
    return median(rates) if rates else 0.0


def _table(bouts: dict[str, list[Bout]]) -> str:
    yardstick = _rate(bouts.get(YARDSTICK, []))
    ranking = sorted(bouts, key=lambda name: -_rate(bouts[name]))
    rows = [_row(name, bouts[name], yardstick) for name in ranking]
    notes = [
        f"{name}: {len(failures)} of {len(bouts[name])} runs failed: {failures[0]}"
        for name in ranking
        if (failures := [bout.failure for bout in bouts[name] if bout.result is None])
    ]
    head = ["tool", "req/s", "lowest", "highest", f"x {YARDSTICK}", "CPU µs/req", "peak MB", "p99 ms", "errors"]
    return "\n".join([render(head, rows), *notes])


def _row(name: str, bouts: Sequence[Bout], yardstick: float) -> list[str]:
    good = [(bout.ran, bout.result) for bout in bouts if bout.result is not None]
    if not good:
        return [name, *["-"] * 8]
    rates = [result.rps for _, result in good]
    tails = [tail for _, result in good if (tail := result.latency_s.get("p99")) is not None]
    return [
        name,
        count(median(rates)),
        count(min(rates)),
        count(max(rates)),
        f"{median(rates) / yardstick:.2f}" if yardstick else "-",
        f"{median(ran.cpu_s / result.requests for ran, result in good) * 1e6:.1f}",
        megabytes(median(ran.peak_bytes for ran, _ in good)),
        milliseconds(median(tails) if tails else None),
        count(median(result.errors for _, result in good)),
    ]


def _short(point: Point) -> str:
    size = f"{point.body // 1024}K" if point.body >= 1024 else f"{point.body}B"
    return f"{point.server}{' tls' if point.tls else ''} {size} c{point.concurrency}"


def describe(mine: Cores) -> None:
    """Print what the figures below are worth."""
    print(f"{machine.description()}; client on core {mine.client}, server on core {mine.server}")
