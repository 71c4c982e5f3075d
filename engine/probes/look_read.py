"""From the bytes of an answer to a look, with its times on the run's clock.

A trace on this machine is stamped with the clock that requests are timed with. One from elsewhere is placed by
the wall clocks of both machines where it tells its own, or by when it was asked for; the look says which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from engine.looks import CpuProfile, Cycle, Stop, Trace, TraceClock
from engine.probes.flame import keep
from engine.probes.profile import parse as parse_profile
from engine.probes.trace import TraceLog
from engine.probes.trace import parse as parse_trace

SAME_CLOCK_NS: Final = 10_000_000
"""A trace lies within the time from question to answer; how far beyond may still be the clocks' own grain."""

SAME_TIME_NS: Final = 1_000_000_000
"""The same for the wall clocks of two machines, which agree less well."""

SecondsOf: TypeAlias = Callable[[int], float]
"""A moment of the monotonic clock as seconds since the run began."""


class Fetched(Struct, frozen=True):
    """An answer. Times are nanoseconds of this machine's monotonic clock.

    Attributes:
        body: What came.
        sent_ns: Before it was asked for.
        received_ns: When all of it was here.
        wall_offset_ns: This machine's wall clock less its monotonic one.
    """

    body: bytes
    sent_ns: int
    received_ns: int
    wall_offset_ns: int


def read_profile(fetched: Fetched, asked_s: float, seconds_of: SecondsOf) -> CpuProfile:
    """Return the profile in an answer.

    Raises:
        BadProfile: There is none in it.
    """
    profile = parse_profile(fetched.body)
    began_ns = profile.time_ns - fetched.wall_offset_ns
    if not fetched.sent_ns - SAME_CLOCK_NS <= began_ns <= fetched.received_ns:
        began_ns = fetched.sent_ns
    return keep(profile, at_s=seconds_of(began_ns), asked_s=asked_s)


def read_trace(fetched: Fetched, asked_s: float, seconds_of: SecondsOf) -> Trace:
    """Return what a trace says, on the run's clock.

    Raises:
        BadTrace: There is none in the answer, or not one that can be read.
    """
    log = parse_trace(fetched.body)
    offset_ns, clock = offset_of(log, fetched)

    def at(trace_ns: int) -> float:
        return seconds_of(trace_ns + offset_ns)

    return Trace(
        at_s=at(log.first_ns),
        asked_s=asked_s,
        span_s=(log.last_ns - log.first_ns) / 1e9,
        format=log.format,
        clock=clock,
        cut=log.cut,
        stw=tuple(
            Stop(stop.kind, at(stop.start_ns), (stop.end_ns - stop.start_ns) / 1e9) for stop in log.stops
        ),
        gc_cycles=tuple(
            Cycle(at(cycle.start_ns), (cycle.end_ns - cycle.start_ns) / 1e9, cycle.whole)
            for cycle in log.cycles
        ),
    )


def offset_of(log: TraceLog, fetched: Fetched) -> tuple[int, TraceClock]:
    """Return what to add to a trace's times to have them on our clock, and what that rests on."""

    def fits(offset_ns: int, slack_ns: int) -> bool:
        begin_ns, end_ns = log.first_ns + offset_ns, log.last_ns + offset_ns
        return fetched.sent_ns - slack_ns <= begin_ns and end_ns <= fetched.received_ns + slack_ns

    if fits(0, SAME_CLOCK_NS):
        return 0, "monotonic"
    if log.wall is not None:
        offset_ns = log.wall.wall_ns - log.wall.trace_ns - fetched.wall_offset_ns
        if fits(offset_ns, SAME_TIME_NS):
            return offset_ns, "wall"
    return fetched.sent_ns - log.first_ns, "arrival"
