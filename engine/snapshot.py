"""Everything that one screen update needs, taken at one instant.

A live run publishes one ten times a second; a saved session is turned into one. Panels see nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct, field

from engine.experiments.outcome import ExperimentNow
from engine.figures import Event, Granularity, Latency, Pause, Second, SegmentFigures
from engine.looks import Looks
from engine.machine import ContainerNow, HostNow, ThreadsNow
from engine.plan import Load
from engine.stats.slo import SloFigures


class RunState(StrEnum):
    """Where a run is in its life; the allowed steps are in `engine.run.TRANSITIONS`."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    DONE = "done"
    FAILED = "failed"


class Now(Struct, frozen=True):
    """The last second, moving.

    Attributes:
        rps: Answers a second.
        errors_per_s: Requests a second that ended without an answer.
        bytes_in_per_s: Bytes received a second.
        latency: Response time of the answers that arrived in it.
        connections: Open connections.
        connecting: Connections being opened.
        in_flight: Requests sent and not yet answered.
        oldest_s: Age of the oldest of those, or 0.
    """

    rps: float = 0.0
    errors_per_s: float = 0.0
    bytes_in_per_s: float = 0.0
    latency: Latency = field(default_factory=Latency)
    connections: int = 0
    connecting: int = 0
    in_flight: int = 0
    oldest_s: float = 0.0


class Target(Struct, frozen=True):
    """What is known of the service under load.

    Attributes:
        url: As given, without user info.
        method: HTTP method of the requests.
        pid: Its process on this host, or None where it is elsewhere or was not found.
        command: That process's command line, or "".
        runtime: "go1.26.8", "python 3.11", ... or "".
        same_host: Whether it runs on this machine.
        probe: Where its runtime is read, with the granularity of its pauses; or why it is not, in words.
        granularity: What that source tells of pauses; "none" where nothing is read.
        gomaxprocs: GOMAXPROCS of a Go service, or None where it is not known.
    """

    url: str
    method: str = "GET"
    pid: int | None = None
    command: str = ""
    runtime: str = ""
    same_host: bool = False
    probe: str = ""
    granularity: Granularity = "none"
    gomaxprocs: int | None = None


class ProcessNow(Struct, frozen=True):
    """The target's process at the last look, with all that descend from it.

    Attributes:
        cpu_pct: CPU time over wall time since the look before; 200 is two cores.
        rss_bytes: Resident memory.
        rss_peak_bytes: The most there ever was.
        threads: How many there are, or 0 where unknown.
        open_files: Open files and sockets, or None.
        minor_faults_per_s: Page faults that needed no disk, or None.
        major_faults_per_s: Page faults that waited for a disk, or None.
    """

    cpu_pct: float
    rss_bytes: int
    rss_peak_bytes: int
    threads: int = 0
    open_files: int | None = None
    minor_faults_per_s: float | None = None
    major_faults_per_s: float | None = None


class GcNow(Struct, frozen=True):
    """The target's garbage collector at the last look.

    Attributes:
        rate_per_s: Collections a second since the look before.
        heap_bytes: Heap in use, or None.
        goal_bytes: Heap size at which the next collection starts, or None.
        alloc_bytes_per_s: Allocation rate, or None.
        cpu_fraction: Share of the target's CPU time spent in its collector since the look before, or None.
        lost: Collections of the whole run whose pause is not known.
        poll_s: How long the last look took, round trip.
        goroutines: Goroutines there are, or None.
    """

    rate_per_s: float = 0.0
    heap_bytes: int | None = None
    goal_bytes: int | None = None
    alloc_bytes_per_s: float | None = None
    cpu_fraction: float | None = None
    lost: int = 0
    poll_s: float = 0.0
    goroutines: int | None = None


class Chosen(Struct, frozen=True):
    """A series that the user chose to see, at the last look.

    Attributes:
        name: As it was asked for, with its labels.
        value: What it is worth, a second where it counts something; None where that is not known (yet).
        a_second: Whether it counts something, so that `value` is a rate.
    """

    name: str
    value: float | None = None
    a_second: bool = False


class Looking(Struct, frozen=True):
    """What looking at the target costs: the polls of the last ten seconds.

    Attributes:
        on: Whether it is polled.
        polls_per_s: Requests of the probes a second.
        poll_s: Their mean round trip, or None where there were none.
    """

    on: bool = True
    polls_per_s: float = 0.0
    poll_s: float | None = None


class Ghost(Struct, frozen=True):
    """Another session, to be seen behind a Snapshot.

    Attributes:
        name: What it is called.
        shift_s: What its times are to be moved by, to be on the Snapshot's clock.
        response: Response time of the segment that speaks for it.
        throughput_rps: That segment's throughput.
        seconds: Its time series, on its own clock.
    """

    name: str
    shift_s: float
    response: Latency
    throughput_rps: float
    seconds: Sequence[Second] = ()


class Snapshot(Struct, frozen=True):
    """One instant of a run.

    Attributes:
        at_s: Seconds since the run began.
        state: The run's state.
        target: The service under load.
        load: The settings in force.
        duration_s: When the run is to end, or None.
        requests_limit: After how many answers the run is to end, or None.
        now: The last second.
        window: Exact response times, to the microsecond, of what ended in the last `window_s` seconds of the
            segment under way.
        window_s: How much of the window is filled; 0 where there is none.
        experiment: Where an experiment is that is under way, or None.
        segment: Figures of the current segment, or None before the first and while paused.
        distribution: Response times of the segment by the rows of `books.spectrum`; empty where not known.
        segments: All segments, oldest first, the current one included.
        seconds: The time series, oldest first. Live runs keep the last `HISTORY_S` rows here.
        events: All events, oldest first.
        cores: Busy share of each core of this machine in percent, at the last look.
        host: This machine at the last look, or None before the first and in a saved session.
        remote: The target's machine, where a node_exporter tells of it, or None.
        process: The target's process, or None where it cannot be seen.
        threads: Its threads, or None where they cannot be seen.
        container: Its control group, or None where it has none.
        gc: The target's collector, or None where it cannot be read.
        pauses: Recovered pauses within the reach of `seconds`, oldest first.
        chosen: The series that the user chose to see.
        looking: What looking at the target costs.
        looks: Profiles and traces of the target that were asked for.
        workers_cpu_pct: CPU of each worker process in percent of a core.
        console_cpu_pct: CPU of this process in percent of a core.
        last_error: Text of the last error, with its time in `last_error_at_s`; "" where there was none.
        repeat: Which run this is and of how many, where there are several; else None.
        note: What a person should know while reading, such as a simulated warm-up; "" for nothing.
        slos: The objectives, judged on the current segment, or on the last one where none is current.
        saved: The file's name where this is a saved session, else "".
        whole_s: How long the saved session is, where `at_s` is a cursor in it; else None.
        ghost: A saved session to be seen behind this one, or None.
    """

    at_s: float
    state: RunState
    target: Target
    load: Load
    duration_s: float | None = None
    requests_limit: int | None = None
    now: Now = field(default_factory=Now)
    window: Latency = field(default_factory=Latency)
    window_s: float = 0.0
    experiment: ExperimentNow | None = None
    segment: SegmentFigures | None = None
    distribution: tuple[int, ...] = ()
    segments: Sequence[SegmentFigures] = ()
    seconds: Sequence[Second] = ()
    events: Sequence[Event] = ()
    cores: tuple[float, ...] = ()
    host: HostNow | None = None
    remote: HostNow | None = None
    process: ProcessNow | None = None
    threads: ThreadsNow | None = None
    container: ContainerNow | None = None
    gc: GcNow | None = None
    pauses: Sequence[Pause] = ()
    chosen: Sequence[Chosen] = ()
    looking: Looking = field(default_factory=Looking)
    looks: Looks = field(default_factory=Looks)
    workers_cpu_pct: tuple[float, ...] = ()
    console_cpu_pct: float = 0.0
    last_error: str = ""
    last_error_at_s: float = 0.0
    repeat: tuple[int, int] | None = None
    note: str = ""
    slos: Sequence[SloFigures] = ()
    saved: str = ""
    whole_s: float | None = None
    ghost: Ghost | None = None


HISTORY_S = 900
"""Rows of the time series that a live Snapshot carries: more than the widest screen shows."""
