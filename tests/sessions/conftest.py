"""Runs to make sessions of: small, whole, and without a server."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from msgspec.structs import replace

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
)
from engine.plan import Load, Plan
from engine.record import Record
from engine.snapshot import RunState, Target
from sessions.model import Session
from sessions.session import session_of

MakeRecord: TypeAlias = Callable[..., Record]
MakeSession: TypeAlias = Callable[..., Session]
MakeSegment: TypeAlias = Callable[..., SegmentFigures]

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def samples() -> Path:
    return SAMPLES


@pytest.fixture
def make_segment() -> MakeSegment:
    return _segment


@pytest.fixture
def make_record() -> MakeRecord:
    return _record


@pytest.fixture
def make_session() -> MakeSession:
    def make(**changes: Any) -> Session:
        return session_of(_record(**changes), name="demo", note="", id="20261123T040506Z-a1b2c3")

    return make


def _segment(index: int = 0, **changes: Any) -> SegmentFigures:
    latency = Latency(
        count=7_705_000,
        min=81.2e-6,
        mean=0.269e-3,
        p50=0.2512345678912e-3,
        p90=0.303e-3,
        p95=0.41e-3,
        p99=1.09e-3,
        p999=4.02e-3,
        p9999=7.31e-3,
        max=9.71e-3,
        ci95={"p50": (0.249e-3, 0.262e-3), "p99": (1.02e-3, 1.18e-3)},
    )
    values: dict[str, Any] = {
        "start_s": 60.0 * index,
        "end_s": 60.0 * index + 60.0,
        "load": Load(concurrency=64 << index),
        "state": "settled",
        "settled_at_s": 60.0 * index + 4.0,
        "requests": 7_705_000,
        "throughput_rps": 128_412.3,
        "bytes_in": 1_030_000_000,
        "statuses": {"200": 7_705_000},
        "latency_s": LatencySet(
            response=latency, service=latency, connect=Latency(count=64, min=1e-4, max=4e-4)
        ),
        "client": ClientFigures(verdict="ok", cpu_pct=54.2),
        "target": TargetFigures(
            cpu_pct=171.3,
            rss_bytes=MeanMax(mean=142e6, max=151e6),
            gc=GcFigures(
                count=1860, pause_s=PauseFigures(mean=187e-6, p99=402e-6, max=1.9e-3, total=0.348), lost=0
            ),
        ),
        "histogram": {"response": "HISTFAAAAB4="},
    }
    return SegmentFigures(index=index, **{**values, **changes})


def _seconds(segments: tuple[SegmentFigures, ...]) -> tuple[Second, ...]:
    noise = random.Random(7)
    rows = []
    for segment in segments:
        for at in range(int(segment.start_s), int(segment.end_s)):
            warm = 1 + 2 / (1 + at - segment.start_s)
            rows.append(
                Second(
                    t_s=float(at),
                    segment=segment.index,
                    done=round(128_000 / warm),
                    bytes_in=18_400_000,
                    p50=0.25e-3 * warm * noise.lognormvariate(0, 0.05),
                    p90=0.3e-3 * warm,
                    p99=1.09e-3 * warm * noise.lognormvariate(0, 0.2),
                    p999=4e-3,
                    max=9e-3,
                    cpu_pct=(92.0, 74.5),
                    rss_bytes=140_000_000 + at * 10_000,
                    target_cpu_pct=171.0,
                    gc_count=31,
                    gc_pause_s=5.8e-3,
                )
            )
    return tuple(rows)


def _record(**changes: Any) -> Record:
    segments = tuple(changes.pop("segments", (_segment(),)))
    plan = changes.pop("plan", Plan(url="http://127.0.0.1:8080/ping", duration_s=60.0))
    record = Record(
        plan=plan,
        started_unix_s=1_795_406_706.4,
        at_s=max((segment.end_s for segment in segments), default=0.0),
        state=RunState.DONE,
        target=Target(
            url=plan.url, pid=4242, command="api-server -listen :8080", runtime="go1.26.6", same_host=True
        ),
        segments=segments,
        result=segments[-1].index if segments else None,
        seconds=() if "seconds" in changes else _seconds(segments),
        events=tuple(
            Event(at_s=late.start_s, kind="load", before=early.load, after=late.load)
            for early, late in pairwise(segments)
        ),
        pauses=tuple(Pause(0.03 * index, 187e-6) for index in range(20)),
        gomaxprocs=2,
    )
    return replace(record, **changes)
