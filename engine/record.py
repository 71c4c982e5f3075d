"""All that a run knows of itself, taken at one instant; this is what a session keeps."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from engine.experiments.outcome import Experiment
from engine.figures import Event, Pause, Second, SegmentFigures
from engine.looks import Looks
from engine.machine import Throttle
from engine.plan import Plan
from engine.snapshot import RunState, Target


class Record(Struct, frozen=True):
    """A run so far, or whole.

    Attributes:
        plan: What was asked for.
        started_unix_s: When the run began, seconds since 1970.
        at_s: Seconds since then; the end of the run once it is over.
        state: The run's state.
        target: What is known of the service.
        gomaxprocs: The target's GOMAXPROCS, or None where unknown.
        stamped: Whether answers ended when the kernel had them, not the worker; None where there are none.
        segments: Oldest first, with their histograms.
        result: Index of the segment that speaks for the run, or None where nothing was measured: the last
            that settled, else the last that measured anything.
        seconds: The whole time series, oldest first.
        events: All events, oldest first.
        pauses: All recovered pauses of the target's collector, oldest first.
        throttles: All intervals within which a CPU quota held the target, oldest first.
        looks: Profiles and traces of the target that were asked for.
        last_error: Text of the last error, or "".
        experiments: Experiments that are over, oldest first.
        repeats: Of repeated runs, what speaks for each of them, this one included.
    """

    plan: Plan
    started_unix_s: float
    at_s: float
    state: RunState
    target: Target
    segments: Sequence[SegmentFigures]
    result: int | None
    seconds: Sequence[Second]
    events: Sequence[Event]
    pauses: Sequence[Pause] = ()
    gomaxprocs: int | None = None
    stamped: bool | None = None
    throttles: Sequence[Throttle] = ()
    looks: Looks = field(default_factory=Looks)
    last_error: str = ""
    experiments: Sequence[Experiment] = ()
    repeats: Sequence[SegmentFigures] = ()
