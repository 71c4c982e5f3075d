"""A feed that was never a run: the same Snapshots each time, for looking at and for tests."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from concurrent.futures import Future
from functools import cache
from typing import Any

import numpy as np
from msgspec.structs import replace

from engine.books.spectrum import ROWS, fold, pack, unpack
from engine.errors import UsageError
from engine.figures import (
    ClientFigures,
    Event,
    GcFigures,
    Latency,
    LatencySet,
    MeanMax,
    Pause,
    PauseFigures,
    Second,
    SegmentFigures,
    TargetFigures,
    ThreadFigures,
)
from engine.histogram import Histogram
from engine.looks import CpuProfile, Looks, Trace
from engine.machine import ContainerNow, CoreNow, HostNow, ThreadsNow
from engine.plan import Load
from engine.snapshot import GcNow, Looking, Now, ProcessNow, RunState, Snapshot, Target

CHANGES = ((0, 64), (42, 128), (85, 192), (97, 256))
"""At which second which number of connections began."""

URL = "http://127.0.0.1:8080/ping"


def connections_at(t: float) -> tuple[int, int]:
    """Return the segment and its connections at a time."""
    index = max(i for i, (start, _) in enumerate(CHANGES) if t >= start)
    return index, CHANGES[index][1]


def host(cores: tuple[float, ...], name: str = "") -> HostNow:
    """Return a machine whose cores are that busy, mostly with programs."""
    return HostNow(
        cores=tuple(
            CoreNow(
                number, user_pct=busy * 0.6, system_pct=busy * 0.25, softirq_pct=busy * 0.1, steal_pct=busy / 20
            )
            for number, busy in enumerate(cores)
        ),
        name=name,
        memory_bytes=25_300_000_000,
        available_bytes=21_400_000_000,
        load_1m=3.41,
        cpu_pressure_pct=41.0,
        received_bytes_per_s=1_200.0,
        sent_bytes_per_s=3_400.0,
        loopback_bytes_per_s=31_000_000.0,
    )


def second(t: int, rng: random.Random, cores: int) -> Second:
    """Return one row of the time series."""
    index, connections = connections_at(t)
    warm = min(1.0, 0.35 + 0.65 * (t / 14))
    rps = 131_000 * (1 - math.exp(-connections / 70)) * warm * rng.uniform(0.985, 1.01)
    base = connections / rps
    burst = 6 if t in (60, 61, 120) else 1
    return Second(
        t_s=float(t),
        segment=index,
        done=int(rps),
        errors=rng.choice((0, 0, 0, 2)) if burst == 1 else 120,
        bytes_in=int(rps * 143),
        p50=base * 0.13,
        p90=base * 0.2 * rng.uniform(0.98, 1.05),
        p99=base * 0.55 * rng.uniform(0.9, 1.2) / warm,
        p999=base * 2.1 * rng.uniform(0.8, 1.5) * burst**0.5 if t > 6 else None,
        max=base * 5 * rng.uniform(0.8, 2) * burst,
        cpu_pct=tuple(min(100.0, 40 + 50 * ((core * 7 + 3) % 11) / 10 * warm) for core in range(cores)),
        rss_bytes=int(90e6 + 20e6 * math.log1p(t / 6)),
        target_cpu_pct=120 + 50 * warm + rng.uniform(-3, 3),
        gc_count=30,
        gc_pause_s=0.005,
        spectrum=shape(t),
    )


@cache
def shape(t: int) -> str:
    """Return the spectrum of a second: a body, a slower mode, a thin tail, and in a burst a stall."""
    _, connections = connections_at(t)
    base = connections / (131_000 * (1 - math.exp(-connections / 70)))
    warm = min(1.0, 0.35 + 0.65 * (t / 14))
    burst = t in (60, 61, 120)
    dice = np.random.default_rng(t)
    parts = [
        (base * 0.13, 0.12, 20_000),
        (base * 0.5 / warm, 0.2, 1_400),
        (base * (20 if burst else 2.1), 0.5, 900 if burst else 80),
    ]
    times = [middle * dice.lognormal(0, width, many) for middle, width, many in parts]
    histogram = Histogram()
    histogram.add((np.concatenate(times) * 1e9).astype(np.int64))
    return pack(fold(histogram))


def latency(base: float, count: int, *, full: bool) -> Latency:
    """Return percentiles around a base."""
    return Latency(
        count=count,
        min=base * 0.3,
        mean=base * 1.1,
        p50=base,
        p90=base * 1.3,
        p95=base * 2,
        p99=base * 4.4,
        p999=base * 16 if full else None,
        max=base * 39,
        ci95={"p50": (base * 0.98, base * 1.02), "p99": (base * 4.1, base * 4.7)},
    )


def segment(index: int, end: float) -> SegmentFigures:
    """Return a row of the ledger."""
    start, connections = CHANGES[index]
    finish = CHANGES[index + 1][0] if index + 1 < len(CHANGES) else end
    finish = min(finish, end)
    rps = 131_000 * (1 - math.exp(-connections / 70))
    requests = int(rps * (finish - start))
    gc = GcFigures(
        count=int(31 * (finish - start)), pause_s=PauseFigures(mean=187e-6, p99=402e-6, max=1.9e-3, total=0.41)
    )
    young = finish - start < 10
    return SegmentFigures(
        index=index,
        start_s=float(start),
        end_s=float(finish),
        load=Load(concurrency=connections),
        state="settling" if young else "settled",
        settled_at_s=None if young else start + 9.0,
        requests=requests,
        throughput_rps=rps,
        bytes_in=requests * 143,
        statuses={"200": requests - 41, "503": 41},
        errors={"timeout": 12, "reset": 329} if index else {},
        latency_s=LatencySet(
            response=latency(connections / rps * 0.13, requests, full=not young),
            connect=latency(9e-5, connections, full=False),
        ),
        client=ClientFigures(verdict="ok", cpu_pct=84.0),
        target=TargetFigures(
            cpu_pct=171.0,
            rss_bytes=MeanMax(mean=142e6, max=151e6),
            gc=gc,
            threads=ThreadFigures(
                max=9, runqueue_wait_pct=11.2, affinity_stability=0.0041, cpu_skew_ratio=0.97
            ),
        ),
    )


def events(end: float) -> list[Event]:
    """Return what happened until then."""
    all_events = [
        Event(at_s=0.0, kind="start", text="closed, 64 connections"),
        Event(at_s=9.0, kind="settled", text="segment #1"),
    ]
    for (_, before), (start, after) in itertools.pairwise(CHANGES):
        all_events.append(
            Event(
                at_s=float(start), kind="load", before=Load(concurrency=before), after=Load(concurrency=after)
            )
        )
    all_events.append(Event(at_s=60.4, kind="target-restarted", text="pid 4211 is gone, 4242 answers"))
    return sorted((event for event in all_events if event.at_s <= end), key=lambda event: event.at_s)


def distribution(seconds: Sequence[Second], segment: int) -> tuple[int, ...]:
    """Return the latencies of a segment."""
    spectra = [unpack(row.spectrum) for row in seconds if row.segment == segment]
    return tuple(np.sum([np.zeros(ROWS, np.int64), *spectra], axis=0).tolist())


def snapshot(at_s: float = 133.4, *, cores: int = 2, **overrides: object) -> Snapshot:
    """Return a realistic instant of a run; any of Snapshot's attributes may be given."""
    rng = random.Random(7)
    seconds = [second(t, rng, cores) for t in range(int(at_s))]
    pauses = [
        Pause(end_s=t / 31, pause_s=187e-6 * rng.lognormvariate(0, 0.35) * (9 if t % 390 == 17 else 1))
        for t in range(int(at_s * 31))
    ]
    jitter = random.Random(round(at_s * 10))
    index, connections = connections_at(at_s)
    rps = 131_000 * (1 - math.exp(-connections / 70)) * jitter.uniform(0.99, 1.01)
    base = connections / rps * 0.13 * jitter.uniform(0.97, 1.03)
    segments = tuple(segment(number, at_s) for number in range(index + 1))
    made = Snapshot(
        at_s=at_s,
        state=RunState.RUNNING,
        target=Target(
            url=URL,
            pid=4242,
            command="/srv/api-server --listen :8080 --pool 64",
            runtime="go1.26.6",
            same_host=True,
            probe="/debug/pprof and /debug/vars at 127.0.0.1:8080; pauses one by one",
        ),
        load=Load(concurrency=connections),
        now=Now(
            rps=rps,
            errors_per_s=float(jitter.choice((0, 0, 2))),
            bytes_in_per_s=rps * 143,
            latency=latency(base, int(rps), full=True),
            connections=connections,
            in_flight=connections - jitter.randint(0, 5),
        ),
        segment=segments[-1],
        distribution=distribution(seconds, index),
        segments=segments,
        seconds=seconds,
        events=events(at_s),
        cores=seconds[-1].cpu_pct if seconds else (),
        host=host(seconds[-1].cpu_pct) if seconds else None,
        process=ProcessNow(
            cpu_pct=171.2, rss_bytes=142_300_000, rss_peak_bytes=151_000_000, threads=9, open_files=268
        ),
        threads=ThreadsNow(
            threads=9,
            ran=7,
            voluntary_per_s=2900.0,
            involuntary_per_s=3520.0,
            runqueue_wait_s_per_s=0.82,
            runqueue_wait_pct=11.7,
            migrations_per_s=26.4,
            counted_by="proc",
            timeslices_per_s=6450.0,
            cpu_s={0: 0.81, 1: 0.9},
            allowed=(0, 1),
        ),
        container=ContainerNow(
            version="v2",
            cpu_limit=2.0,
            throttled_share=0.12,
            throttled_per_s=1.2,
            memory_bytes=201_000_000,
            memory_limit_bytes=536_870_912,
            cpus=(0, 1),
        ),
        gc=GcNow(
            rate_per_s=31.2,
            heap_bytes=61_000_000,
            goal_bytes=88_000_000,
            alloc_bytes_per_s=410e6,
            cpu_fraction=0.031,
            poll_s=0.0021,
        ),
        pauses=pauses,
        workers_cpu_pct=(84.2,),
        console_cpu_pct=4.1,
        last_error="read: connection reset by peer",
        last_error_at_s=at_s - 0.4,
    )
    return replace(made, **overrides)


def empty() -> Snapshot:
    """Return the first instant of a run: nothing is known yet."""
    return Snapshot(at_s=0.0, state=RunState.STARTING, target=Target(url=URL), load=Load())


def open_loop(at_s: float = 133.4, **overrides: object) -> Snapshot:
    """Return an instant of an open loop whose service answers in time, after a closed one."""
    base = snapshot(at_s, **overrides)  # type: ignore[arg-type]
    load = Load(mode="open", rate=20_000.0, concurrency=4096, arrivals="poisson")
    assert base.segment is not None
    requests = int(19_998 * (base.segment.end_s - base.segment.start_s))
    current = replace(
        base.segment,
        load=load,
        requests=requests,
        throughput_rps=19_998.0,
        statuses={"200": requests},
        errors={"unsent": 3},
        latency_s=LatencySet(
            response=latency(0.31e-3, requests, full=True),
            service=latency(0.22e-3, requests, full=True),
            lag=latency(9e-6, requests, full=True),
            connect=latency(9e-5, 37, full=False),
        ),
    )
    segments = (*base.segments[:-1], current)
    now = replace(
        base.now,
        rps=19_998.0,
        bytes_in_per_s=19_998 * 143.0,
        latency=latency(0.31e-3, 19_998, full=True),
        connections=37,
        in_flight=6,
    )
    return replace(base, load=load, now=now, segment=current, segments=segments)


def blind() -> Snapshot:
    """Return a run against a target of which nothing can be seen."""
    base = snapshot()
    unseen = [replace(base, gc=None)]
    segments = [
        SegmentFigures(
            index=row.index,
            start_s=row.start_s,
            end_s=row.end_s,
            load=Load(mode="open", rate=20_000.0, concurrency=4096, arrivals="poisson"),
            state="overloaded",
            requests=row.requests,
            throughput_rps=row.throughput_rps,
            latency_s=LatencySet(
                response=Latency(count=812, censored=40, p50=0.4), lag=Latency(count=812, p99=2e-5)
            ),
            client=ClientFigures(verdict="client-bound", reasons=("worker 0 at 99 % of its core",)),
        )
        for row in unseen[0].segments
    ]
    return replace(
        base,
        target=Target(
            url="https://api.example.net/v1/items?limit=50",
            probe="not on this host, and https://api.example.net/debug/pprof answers 404; see --probe",
        ),
        load=Load(mode="open", rate=20_000.0, concurrency=4096, arrivals="poisson"),
        process=None,
        threads=None,
        container=None,
        host=None,
        gc=None,
        pauses=(),
        cores=(),
        segments=segments,
        segment=segments[-1],
    )


def huge() -> Snapshot:
    """Return figures as large, and foreign text as hostile, as they get."""
    base = snapshot(cores=64)
    assert base.segment is not None
    vast = SegmentFigures(
        index=98,
        start_s=0.0,
        end_s=360_000.0,
        load=Load(concurrency=100_000),
        state="no-steady-state",
        requests=10**12,
        throughput_rps=12_345_678.9,
        statuses={str(status): 10**9 for status in range(400, 431)},
        errors={"timeout": 10**9},
        latency_s=LatencySet(response=latency(1.7, 10**12, full=True)),
        target=TargetFigures(
            cpu_pct=6400.0, rss_bytes=MeanMax(mean=9.99e11, max=1e12), gc=GcFigures(count=10**9)
        ),
    )
    return replace(
        base,
        at_s=360_000.0,
        duration_s=400_000.0,
        segments=[vast],
        segment=vast,
        now=Now(
            rps=12_345_678.9,
            errors_per_s=98_765.0,
            bytes_in_per_s=9.87e9,
            latency=latency(2.0, 10**7, full=True),
            connections=100_000,
            connecting=12_000,
            in_flight=99_999,
            oldest_s=59.0,
        ),
        last_error="\x1b[2Jboom \x07[red]日本語[/red]\n" + "x" * 400,
        workers_cpu_pct=tuple(float(n) for n in range(64)),
        note="demo: warm-up is simulated " * 4,
    )


class FakeFeed:
    """Hands out prepared Snapshots, one a call until the last, and notes every wish."""

    def __init__(self, snapshots: Sequence[Snapshot], *, live: bool = True, most: int = 4096) -> None:
        self.live = live
        self.most_connections = most
        self.most = most
        self.snapshots = list(snapshots)
        self.index = 0
        self.wishes: list[object] = []
        self.answers: list[Future[Any]] = []
        self.told: list[str] = []

    def latest(self) -> Snapshot:
        """Return the current Snapshot; `advance` goes on to the next."""
        return self.snapshots[self.index]

    def news(self) -> list[str]:
        """Return what tests put there."""
        told, self.told = self.told, []
        return told

    def advance(self) -> None:
        """Go on to the next Snapshot, if there is one."""
        self.index = min(self.index + 1, len(self.snapshots) - 1)

    def change(self, load: Load) -> None:
        """Note the load, and refuse more connections than `most`."""
        if load.concurrency > self.most:
            raise UsageError(f"{load.concurrency} connections are more than the {self.most} this system allows")
        self.wishes.append(load)
        self._replace(load=load)

    def pause(self) -> None:
        """Note it, and be paused."""
        self.wishes.append("pause")
        self._replace(state=RunState.PAUSED)

    def resume(self) -> None:
        """Note it, and be running."""
        self.wishes.append("resume")
        self._replace(state=RunState.RUNNING)

    def set_probing(self, on: bool) -> None:
        """Note it, and be polled or not."""
        self.wishes.append(f"probing {'on' if on else 'off'}")
        self._replace(looking=Looking(on=on))

    def collect_garbage(self) -> None:
        """Note it."""
        self.wishes.append("collect")

    def profile(self, seconds: float) -> Future[CpuProfile]:
        """Note it; a test answers with `self.answers`."""
        self.wishes.append(("profile", seconds))
        answer: Future[CpuProfile] = Future()
        self.answers.append(answer)
        return answer

    def trace(self, seconds: float) -> Future[Trace]:
        """Note it; a test answers with `self.answers`."""
        self.wishes.append(("trace", seconds))
        answer: Future[Trace] = Future()
        self.answers.append(answer)
        return answer

    def looked(self, looks: Looks) -> None:
        """Have looks at the target from now on."""
        self._replace(looks=looks)

    def start_switchback(self, load: Load) -> None:
        """Note it."""
        self.wishes.append(("switchback", load))

    def start_doubling(self) -> None:
        """Note it."""
        self.wishes.append("doubling")

    def anew(self) -> None:
        """Note it."""
        self.wishes.append("anew")

    def mark(self, text: str, at_s: float) -> None:
        """Note it, with its moment."""
        self.wishes.append(("mark", text, at_s))

    def series(self) -> Sequence[Second]:
        """Return what is shown."""
        return self.latest().seconds

    def stop(self) -> None:
        """Note it, and be draining."""
        self.wishes.append("stop")
        self._replace(state=RunState.DRAINING)

    def save(self) -> str:
        """Note it."""
        self.wishes.append("save")
        return "sessions/2026-11-23-ping.json"

    def finish(self, state: RunState = RunState.DONE) -> None:
        """End the run."""
        self._replace(state=state)

    def _replace(self, **overrides: object) -> None:
        self.snapshots[self.index] = replace(
            self.snapshots[self.index],
            **overrides,
        )
