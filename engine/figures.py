"""What is said about a stretch of time: the figures that panels show and reports keep.

One set of frozen structs serves the live console, the text report and the JSON report, so that none of
them can say something that another does not. Field names are the report's keys; times are seconds, sizes
bytes, rates per second.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct, field

from engine.machine import CountedBy
from engine.plan import Load

SegmentState: TypeAlias = Literal[
    "starting",
    "warming",
    "settling",
    "settled",
    "shifted",
    "drifting",
    "noisy",
    "overloaded",
    "no-steady-state",
    "not-judged",
]


Granularity: TypeAlias = Literal["every", "histogram", "mean+max", "mean", "count", "none"]
"""What a source tells of a collector's pauses: each one; how many fell between bounds; their mean, with or
without the longest; only how many collections there were; nothing."""


class Latency(Struct, frozen=True, kw_only=True):
    """Percentiles of one kind of time, in seconds.

    A percentile is None until enough samples stand behind it (`engine.histogram.MINIMUM_SAMPLES`). Requests
    that never got their answer count as slower than every answer: a percentile that falls among them is
    `bound`, and `censored` says how many there were.
    """

    count: int = 0
    censored: int = 0
    min: float | None = None
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    p999: float | None = field(name="p99.9", default=None)
    p9999: float | None = field(name="p99.99", default=None)
    max: float | None = None
    bound: float | None = None
    """Percentiles and `max` equal to or above this are lower bounds, because requests without an answer lie
    there; None where nothing is censored."""
    ci95: dict[str, tuple[float, float]] = {}
    """95 % interval of each percentile that has two ends, by label ("p99.9")."""
    at_least: dict[str, float] = {}
    """The lower end where there is no upper one: too little was seen beyond the percentile."""
    worth: dict[str, int] = {}
    """As how many independent samples these count for a percentile; queues make neighbours alike."""
    needs_s: dict[str, float] = {}
    """How many seconds more a percentile, or its interval, needs."""


class LatencySet(Struct, frozen=True, kw_only=True):
    """All clocks of a request. In a closed loop response and service time are the same."""

    response: Latency = Latency()
    service: Latency = Latency()
    failed: Latency | None = None
    """Response time of answers with a status of 400 and above, which are left out of `response`."""
    lag: Latency | None = None
    """The generator's own lateness; None in a closed loop, which has no schedule."""
    connect: Latency | None = None
    """Opening a connection; None where none was opened."""


class PauseFigures(Struct, frozen=True, kw_only=True):
    """Stop-the-world time per garbage collection, in seconds."""

    mean: float | None = 0.0
    """None, as `max` and `total`, where the source does not tell."""
    p99: float | None = None
    """None until enough pauses stand behind it, and where not every pause is known."""
    max: float | None = 0.0
    total: float | None = 0.0
    p99_at_most: float | None = None
    """From a histogram: 99 % are certainly no longer than this."""


class GcFigures(Struct, frozen=True, kw_only=True):
    """Garbage collections that ended within the stretch."""

    count: int = 0
    pause_s: PauseFigures = PauseFigures()
    lost: int = 0
    """Collections that are known to have happened but whose pause is not known."""
    granularity: Granularity = "every"
    """What the source tells of pauses; but for "every", none is known to be `lost`."""


Cause: TypeAlias = Literal["gc-pause", "throttled", "poll"]
"""What may have made requests slow: a pause of the target's collector, a time in which its container was held
back for having used up its share of the CPU, a look of ours at its runtime."""


class CauseFigures(Struct, frozen=True, kw_only=True):
    """How many slow requests were in flight while something happened, beside how many would be by chance."""

    what: Cause
    slow: int
    """Slow requests of which it is known."""
    share: float
    """Of those, the share that was in flight during it, 0 to 1."""
    chance: float
    """The share that requests of the same lengths would have, had they begun at random moments."""


class TailFigures(Struct, frozen=True, kw_only=True):
    """What may have made the slow requests of a segment slow; same host only, where one clock times both."""

    slower_than_s: float
    """What slow means: the p99 of the segment."""
    causes: tuple[CauseFigures, ...] = ()


class LeftOut(Struct, frozen=True, kw_only=True):
    """One kind of thing that calibrated p99 leaves out, and what that does to it."""

    what: str
    """One of `LEFT_OUT`."""
    count: int = 0
    in_response: bool = False
    """Whether the percentiles of the response time count it."""
    p99_effect_s: float | None = None
    """By how much p99 falls when this is left out, those before it in the list being out already; None where
    there are too few samples to say."""
    at_least: bool = False
    """Whether the effect is a lower bound, because p99 was among requests without an answer."""


class Calibration(Struct, frozen=True, kw_only=True):
    """p99 of everything that was asked for beside p99 of what the service takes, and what is between them."""

    raw_p99_s: float | None = None
    raw_at_least: bool = False
    calibrated_p99_s: float | None = None
    left_out: tuple[LeftOut, ...] = ()


LEFT_OUT: Final = ("connection set-up", "lost first attempts", "failed answers", "without an answer", "warm-up")
"""What calibrated p99 leaves out, in the order in which it does."""


class MeanMax(Struct, frozen=True, kw_only=True):
    """Mean and maximum of a sampled quantity."""

    mean: float = 0.0
    max: float = 0.0


class ThreadFigures(Struct, frozen=True, kw_only=True):
    """Threads of the target and its children; means of looks, one a second; None where it was not told."""

    max: int = 0
    """The most there were at once."""
    voluntary_switches_per_s: float | None = None
    involuntary_switches_per_s: float | None = None
    runqueue_wait_s_per_s: float | None = None
    """Time that threads were ready to run and had no core, summed over all, per second of wall time."""
    runqueue_wait_pct: float | None = None
    """The same per thread that ran, in percent of wall time."""
    migrations_per_s: float | None = None
    migrations_by: CountedBy = ""
    affinity_stability: float | None = None
    """Moves between cores per timeslice: 0 where no thread ever moved (`engine.machine.affinity_stability`)."""
    cpu_skew_ratio: float | None = None
    """1 where CPU time lay evenly on the allowed cores, 0 where all lay on one (`engine.machine`)."""
    allowed_cpus: tuple[int, ...] | None = None


class ContainerFigures(Struct, frozen=True, kw_only=True):
    """The target's control group; None for what has no limit, or was not told."""

    version: Literal["v1", "v2"] = "v2"
    cpu_limit: float | None = None
    """CPU quota in cores."""
    throttled_share: float | None = None
    """Of the quota's enforcement periods, those that ended held; mean of looks, one a second."""
    throttled_s: float | None = None
    """How long the quota held it, summed over cores."""
    memory_bytes: MeanMax | None = None
    memory_limit_bytes: int | None = None
    cpus: tuple[int, ...] | None = None


class HostFigures(Struct, frozen=True, kw_only=True):
    """The machine that the target runs on: mean shares of all cores' time, in percent."""

    cores: int = 0
    busy_pct: float = 0.0
    user_pct: float = 0.0
    system_pct: float = 0.0
    softirq_pct: float = 0.0
    steal_pct: float = 0.0
    """A virtual machine's core was wanted and given to another one."""
    cpu_pressure_pct: float | None = None
    """Share of the time in which some task waited for a core."""
    available_bytes_min: int | None = None


class TargetFigures(Struct, frozen=True, kw_only=True):
    """What the load did to the target; None where it could not be seen."""

    cpu_pct: float | None = None
    """CPU time of the process over wall time; 200 is two cores."""
    rss_bytes: MeanMax | None = None
    gc: GcFigures | None = None
    open_files_max: int | None = None
    major_faults_per_s: float | None = None
    """Page faults that waited for a disk."""
    threads: ThreadFigures | None = None
    container: ContainerFigures | None = None
    host: HostFigures | None = None


class ClientFigures(Struct, frozen=True, kw_only=True):
    """What the generator says of itself."""

    verdict: Literal["ok", "tight", "client-bound", "not-judged"] = "not-judged"
    reasons: tuple[str, ...] = ()
    cpu_pct: float | None = None
    """CPU time of the busiest worker over wall time, in percent of a core."""
    bound_s: int = 0
    """Seconds in which the generator was seen to be the bottleneck."""
    ceiling_rps: float | None = None
    """What it reached against a server that does nothing, where that was asked for (`engine.ceiling`)."""


class WarmUp(Struct, frozen=True, kw_only=True):
    """What starting cost: by how much the mean response time was above that of the settled part, in percent."""

    first_second_pct: float | None = None
    first_ten_seconds_pct: float | None = None


class Backlog(Struct, frozen=True, kw_only=True):
    """Requests of an open loop that are due and not answered, where they become more and more."""

    requests: float = 0.0
    growth_rps: float = 0.0
    capacity_rps: float = 0.0
    """How many requests a second are answered meanwhile: what the target can do."""


Course: TypeAlias = Literal["flat", "warm-up", "slow-down", "no-steady-state"]


class Hindsight(Struct, frozen=True):
    """What the median of the response times turned out to have done, seen from the segment's end."""

    course: Course
    since_s: float
    """From when on it kept its last level."""


class Steadiness(Struct, frozen=True, kw_only=True):
    """What stands behind a segment's state; None where it does not apply or cannot be said."""

    reason: str = ""
    progress: float = 0.0
    """How near it is to being settled, 0 to 1: the margin of 5 % over what is not known of the drift yet."""
    eta_s: float | None = None
    """How many seconds more it should take to settle, as far as that can be foreseen."""
    settle_s: float | None = None
    """How many seconds it took to settle, from the segment's begin."""
    direction: Literal["rising", "falling"] | None = None
    drift_pct_per_min: float | None = None
    unsure_pct: float | None = None
    """The drift is no larger than this over the window that was looked at."""
    shift_pct: float | None = None
    shift_at_s: float | None = None
    period_s: float | None = None
    backlog: Backlog | None = None
    warmup: WarmUp | None = None
    hindsight: Hindsight | None = None


class SegmentFigures(Struct, frozen=True, kw_only=True):
    """A stretch of the run with unchanged settings: a row of the ledger."""

    index: int
    start_s: float
    end_s: float
    load: Load
    state: SegmentState = "not-judged"
    settled_at_s: float | None = None
    steadiness: Steadiness = Steadiness()
    counted_from_s: float | None = None
    """From when on the figures count, where that is not the begin."""
    requests: int = 0
    """Answered requests, whatever their status."""
    throughput_rps: float = 0.0
    throughput_ci95_rps: tuple[float, float] | None = None
    bytes_in: int = 0
    statuses: dict[str, int] = {}
    errors: dict[str, int] = {}
    """Requests that got no answer, by kind (`engine.wire.ERROR_KINDS`)."""
    retried: int = 0
    """Requests sent a second time, because the target had closed the idle connection they first went out on."""
    resumed: int = 0
    """Connections that were opened by resuming an earlier one's TLS session, which is cheaper on both sides."""
    latency_s: LatencySet = LatencySet()
    calibration: Calibration | None = None
    """Filled in when a record is taken."""
    client: ClientFigures = ClientFigures()
    target: TargetFigures = TargetFigures()
    unstable: tuple[str, ...] = ()
    """Figures whose two halves of the settled part differ for real: no baseline to compare with."""
    tail: TailFigures | None = None
    """What may have made its slow requests slow; None where nothing could be known of that."""
    probed: bool = True
    """Whether the target was polled for its runtime meanwhile."""
    histogram: dict[str, str] = {}
    """HdrHistogram V2, compressed, base64, values in nanoseconds; filled in when a record is taken."""


class Second(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One row of the time series, a second long unless the segment ended within it.

    There are thousands of rows, so what has its default value is left out of the file.

    `done`, `errors` and `bytes_in` count what ended in it; the percentiles are of the requests that were
    due in it, so that a stall shows in the second that began it.
    """

    t_s: int | float
    span_s: float = 1.0
    segment: int | None = None
    """None while no load was sent (paused, draining)."""
    done: int = 0
    errors: int = 0
    bytes_in: int = 0
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    p999: float | None = field(name="p99.9", default=None)
    max: float | None = None
    cpu_pct: tuple[int | float, ...] = ()
    """Busy share of each core of this machine, in percent; whole ones in a file."""
    rss_bytes: int | None = None
    target_cpu_pct: int | float | None = None
    """CPU of the target's process, in percent of a core; whole in a file."""
    gc_count: int = 0
    gc_pause_s: float = 0.0
    threads: int | None = None
    throttled_s: float | None = None
    """Time for which a CPU quota held the target, summed over cores; None where it did not."""
    throttled_periods: int = 0
    heap_bytes: int | None = None
    heap_goal_bytes: int | None = None
    goroutines: int | None = None
    series: dict[str, float] | None = None
    """Values of the series that the user chose, by name; of those that count something, a second."""
    spectrum: str = ""
    """Response times by `books.spectrum`, of the same requests as the percentiles; "" where there are none."""


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to the run: a change of load, a pause, a lost worker, a restarted target."""

    at_s: float
    kind: str
    text: str = ""
    before: Load | None = field(name="from", default=None)
    after: Load | None = field(name="to", default=None)


class Pause(Struct, frozen=True, array_like=True, gc=False):
    """One garbage collection's stop-the-world time."""

    end_s: float
    """When it ended, on the run's clock."""
    pause_s: float
