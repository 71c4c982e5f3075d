"""What loadtop itself costs: the console beside the load, memory over time, and how late it sends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import struct
import tempfile
import termios
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import sleep
from typing import Any, Final

from benchmarks import measure, readers
from benchmarks.bout import entrants
from benchmarks.machine import Cores, lateness
from benchmarks.servers import Kind, pinned_oracle, served
from benchmarks.table import count, megabytes, milliseconds, render
from benchmarks.throughput import REST_S
from benchmarks.work import Result

WATCHING_BAR: Final = 0.03
GROWTH_BAR_BYTES: Final = 20 * 2**20
GROWTH_SPAN_S: Final = 600.0
WARM_S: Final = 10.0
"""Until then memory grows because things are used for the first time."""

_ROWS_COLUMNS: Final = (48, 160)
_QUIT_S: Final = 5.0


class NoLoadtop(Exception):
    """loadtop is not installed beside this Python."""


def watching(*, server: Kind, concurrency: int, seconds: int, repeat: int, mine: Cores) -> None:
    """Compare runs with the console on a terminal that reads against plain ones."""
    results: dict[str, list[tuple[measure.Ran, Result]]] = {"plain": [], "console": []}
    for _ in range(repeat):
        for how, runs in results.items():
            with served(server, body=4, tls=False, core=mine.server) as target:
                arguments = [target.url, "-c", str(concurrency), "-d", f"{seconds}s", "-w", "1"]
                runs.append(_loadtop(arguments, seconds=seconds, mine=mine, console=how == "console"))
            sleep(REST_S)
    kept = {how: median(_kept_waiting(ran, seconds) for ran, _ in runs) for how, runs in results.items()}
    rates = {how: median(result.rps for _, result in runs) for how, runs in results.items()}
    tails = {how: median(result.latency_s["p99"] or 0.0 for _, result in runs) for how, runs in results.items()}
    print(f"\n### the cost of watching: {server}, {concurrency} connections, {seconds} s, median of {repeat}\n")
    rows = [
        [
            how,
            count(rates[how]),
            milliseconds(tails[how]),
            f"{kept[how]:.1%}",
            f"{median(ran.cpu_s / ran.wall_s for ran, _ in runs):.2f}",
            megabytes(median(ran.peak_bytes for ran, _ in runs)),
        ]
        for how, runs in results.items()
    ]
    print(render(["run", "req/s", "p99 ms", "worker kept waiting", "CPU s/s", "peak MB"], rows))
    loss = 1 - rates["console"] / rates["plain"]
    slower = tails["console"] / tails["plain"] - 1
    verdict = "within" if max(loss, slower) <= WATCHING_BAR else "NOT within"
    print(
        f"\nthe console costs {loss:+.1%} of the throughput and {slower:+.1%} of p99: "
        f"{verdict} {WATCHING_BAR:.0%}\nonce it runs, it keeps the worker from "
        f"{kept['console'] - kept['plain']:.1%} of its core; a machine whose speed wanders changes that less"
    )


def _kept_waiting(ran: measure.Ran, seconds: int) -> float:
    """Return the share of the time for which the worker was ready to run and had no core, without the start."""
    steady = [look for look in ran.waited if seconds / 3 <= look[0] <= seconds]
    (first_s, first), (last_s, last) = steady[0], steady[-1]
    return (last - first) / max(last_s - first_s, 1.0)


def memory(*, rate: int, concurrency: int, seconds: int, console: bool, mine: Cores) -> None:
    """Say how much a long run grows."""
    with served("tiny", body=4, tls=False, core=mine.server) as target:
        arguments = [target.url, "-c", str(concurrency), "-d", f"{seconds}s", "-w", "1"]
        if rate:
            arguments += ["-r", str(rate), "--arrivals", "poisson"]
        ran, result = _loadtop(arguments, seconds=seconds, mine=mine, console=console)
    warm = [(at_s, size) for at_s, size in ran.resident if WARM_S <= at_s <= seconds] or list(ran.resident)
    (first_s, first), (last_s, last) = warm[0], warm[-1]
    span_s = max(last_s - first_s, 1.0)
    print(
        f"\n### memory: {count(result.rps)} requests/s for {seconds} s, {'console' if console else 'plain'}\n"
    )
    steps = [warm[round(index * (len(warm) - 1) / 5)] for index in range(6)]
    print(
        render(["", *(f"{at_s:.0f} s" for at_s, _ in steps)], [["MB", *(megabytes(size) for _, size in steps)]])
    )
    growth = (last - first) / span_s * GROWTH_SPAN_S
    verdict = "under" if growth < GROWTH_BAR_BYTES else "NOT under"
    print(
        f"\nfrom {first_s:.0f} s to {last_s:.0f} s it grew by {(last - first) / 2**20:+.1f} MB, which is "
        f"{growth / 2**20:+.1f} MB in ten minutes: {verdict} {GROWTH_BAR_BYTES / 2**20:.0f} MB; "
        f"with the report at the end the peak was {megabytes(ran.peak_bytes)} MB"
    )


def lag(*, rates: Sequence[int], seconds: int, mine: Cores) -> None:
    """Say how late an open loop sends, and how even it arrives."""
    rows: list[list[str]] = []
    for arrivals in ("poisson", "constant"):
        for rate in rates:
            for spin in (False, True):
                with pinned_oracle(mine.server) as target:
                    arguments = [target.url + "/delay", "-c", "1024", "-d", f"{seconds}s", "-w", "1"]
                    arguments += ["-r", str(rate), "--arrivals", arrivals, *(["--spin"] if spin else [])]
                    ran, result = _loadtop(arguments, seconds=seconds, mine=mine)
                    trace = target.trace()
                rows.append(_lag_row(arrivals, rate, spin, ran, result, trace.dispersion, trace.most_per_ms))
    print(f"\n### how late an open loop sends: {seconds} s each, microseconds\n")
    head = [
        "arrivals",
        "rate",
        "spin",
        "req/s",
        "p50",
        "p99",
        "p99.9",
        "max",
        "dispersion",
        "most in 1 ms",
        "CPU s/s",
    ]
    print(render(head, rows))
    print("\ndispersion: variance over mean of the arrivals in a millisecond; Poisson has 1, even gaps have 0")
    print(lateness(mine.client))


def _lag_row(
    arrivals: str, rate: int, spin: bool, ran: measure.Ran, result: Result, dispersion: float, most: int
) -> list[str]:
    late = [result.latency_s.get(f"lag {name}") for name in ("p50", "p99", "p99.9", "max")]
    return [
        arrivals,
        count(rate),
        "yes" if spin else "no",
        count(result.rps),
        *("-" if value is None else f"{value * 1e6:.0f}" for value in late),
        f"{dispersion:.2f}",
        str(most),
        f"{ran.cpu_s / ran.wall_s:.2f}",
    ]


def _loadtop(
    arguments: Sequence[str], *, seconds: int, mine: Cores, console: bool = False
) -> tuple[measure.Ran, Result]:
    """Run loadtop; its lag is among the result's percentiles."""
    present, _ = entrants(["loadtop"])
    if not present:
        raise NoLoadtop("loadtop is not installed beside this Python: make .venv/.dev")
    with tempfile.TemporaryDirectory(prefix="loadtop-bench-") as name:
        folder = Path(name)
        command = [present[0].program, "run", *arguments, "--no-save", "--no-probe"]
        command += ["-o", str(folder / "loadtop.json"), "--console" if console else "--plain"]
        if console:
            ran = _on_terminal(command, seconds, mine)
        else:
            ran = measure.run(command, core=mine.client, work_s=seconds)
        if ran.code:
            raise RuntimeError(f"loadtop ended with {ran.code}: {ran.stderr.strip() or 'see the terminal'}")
        result = readers.loadtop("", folder)
        document: dict[str, Any] = json.loads((folder / "loadtop.json").read_text())
        late = document["segments"][-1]["latency_s"]["lag"] or {}
    lags = {f"lag {name}": late.get(name) for name in ("p50", "p99", "p99.9", "max")}
    return ran, Result(result.requests, result.rps, result.errors, {**result.latency_s, **lags})


def _on_terminal(command: Sequence[str], seconds: int, mine: Cores) -> measure.Ran:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *_ROWS_COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}

    def leave(at_s: float) -> None:
        if at_s > seconds + _QUIT_S:  # the run is over; where the console stays, a key ends it
            os.write(ours, b"q")

    reader = measure.reading(ours)
    try:
        return measure.run(
            command, core=mine.client, work_s=seconds, environment=environment, terminal=theirs, on_look=leave
        )
    finally:
        os.close(theirs)
        reader.join(timeout=1)
        with contextlib.suppress(OSError):
            os.close(ours)
