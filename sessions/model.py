"""The report: what is kept of a run, and the one source of its JSON Schema.

Figures are the engine's own structs, so that a report cannot say something that the console did not. What
every key means is in `sessions.descriptions`. Keys may be added while the schema's number stays 1, and
unknown ones are ignored on reading and kept on writing (`sessions.revise`); a change that would mislead an
older reader needs a new number.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from engine.experiments.outcome import Experiment
from engine.figures import (
    Calibration,
    ClientFigures,
    Event,
    Granularity,
    LatencySet,
    Pause,
    Second,
    SegmentFigures,
    SegmentState,
    Steadiness,
    TailFigures,
    TargetFigures,
)
from engine.looks import CpuProfile, Trace
from engine.plan import Load, Warmup
from engine.stats.slo import SloFigures

SCHEMA: Final = "loadtop.session/1"
SCHEMA_FAMILY: Final = "loadtop.session/"
SCHEMA_MAJOR: Final = 1


class Tool(Struct, frozen=True, kw_only=True):
    """What measured."""

    version: str
    python: str = ""
    packages: dict[str, str] = {}


class KeptTls(Struct, frozen=True, kw_only=True):
    """How connections were encrypted; of files only that they were given."""

    server_name: str = ""
    verify: bool = True
    own_ca: bool = False
    client_certificate: bool = False


class KeptPlan(Struct, frozen=True, kw_only=True):
    """What was asked for, without what must not be kept."""

    target: str
    method: str = "GET"
    http: str = "1.1"
    headers: tuple[tuple[str, str], ...] = ()
    secrets_kept: bool = False
    body_bytes: int = 0
    body_sha256: str | None = None
    keepalive: bool = True
    tls: KeptTls | None = None
    spin: bool = False
    workers: int = 1
    cpus: tuple[int, ...] = ()
    timeout_s: float = 10.0
    duration_s: float | None = None
    requests: int | None = None
    warmup: Warmup = Warmup()
    load: Load = Load()
    note: str = ""


class Generator(Struct, frozen=True, kw_only=True):
    """The machine that made the load."""

    cpu: str = ""
    cores: int = 0
    usable_cores: int = 0
    memory_bytes: int | None = None
    kernel: str = ""
    governor: str = ""
    container: str = ""
    vm: str = ""
    cgroup_cpus: float | None = None
    cgroup_memory_bytes: int | None = None
    loopback_mtu: int | None = None
    ulimit_nofile: int | None = None
    answers_timed_by: Literal["", "kernel", "worker"] = ""


class KeptTarget(Struct, frozen=True, kw_only=True):
    """What was known of the service under load."""

    pid: int | None = None
    command: str = ""
    runtime: str = ""
    gomaxprocs: int | None = None
    same_host: bool = False
    probe: str = ""
    granularity: Granularity = "none"


class Environment(Struct, frozen=True, kw_only=True):
    """Where it was measured."""

    generator: Generator = Generator()
    target: KeptTarget = KeptTarget()


class Result(Struct, frozen=True, kw_only=True):
    """The segment that speaks for the run, with its figures; its histogram is with the segment."""

    segment: int | None = None
    settled: bool = False
    start_s: float = 0.0
    end_s: float = 0.0
    load: Load | None = None
    state: SegmentState = "not-judged"
    settled_at_s: float | None = None
    steadiness: Steadiness = Steadiness()
    counted_from_s: float | None = None
    requests: int = 0
    throughput_rps: float = 0.0
    throughput_ci95_rps: tuple[float, float] | None = None
    bytes_in: int = 0
    statuses: dict[str, int] = {}
    errors: dict[str, int] = {}
    retried: int = 0
    resumed: int = 0
    latency_s: LatencySet = LatencySet()
    calibration: Calibration | None = None
    client: ClientFigures = ClientFigures()
    target: TargetFigures = TargetFigures()
    unstable: tuple[str, ...] = ()
    tail: TailFigures | None = None
    probed: bool = True


class RepeatedFigure(Struct, frozen=True, kw_only=True):
    """One figure of several runs of the same plan."""

    figure: str
    values: tuple[float, ...] = ()
    median: float = 0.0
    low: float | None = None
    high: float | None = None
    half_pct: float | None = None
    resolution_pct: float | None = None
    words: str = ""


class Session(Struct, frozen=True, kw_only=True):
    """A saved run."""

    schema: Literal["loadtop.session/1"]
    id: str
    name: str = ""
    note: str = ""
    created: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    duration_s: float = 0.0
    state: Literal["starting", "running", "paused", "draining", "done", "failed", "interrupted"] = "done"
    tool: Tool
    plan: KeptPlan
    environment: Environment = Environment()
    last_error: str = ""
    events: tuple[Event, ...] = ()
    segments: tuple[SegmentFigures, ...] = ()
    seconds: tuple[Second, ...] = ()
    pauses: tuple[Pause, ...] = ()
    profiles: tuple[CpuProfile, ...] = ()
    traces: tuple[Trace, ...] = ()
    result: Result = Result()
    slos: tuple[SloFigures, ...] = ()
    repeats: tuple[Result, ...] = ()
    repeated: tuple[RepeatedFigure, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    checksum: str = ""
    """Only in a file (`sessions.report`); a session that was read has none, for it may be changed."""


def result_of(segment: SegmentFigures | None) -> Result:
    """Return the figures of the segment that speaks for the run; None where nothing was measured."""
    if segment is None:
        return Result()
    shared = (name for name in Result.__struct_fields__ if name not in ("segment", "settled"))
    figures = {name: getattr(segment, name) for name in shared}
    return Result(segment=segment.index, settled=segment.state == "settled", **figures)
