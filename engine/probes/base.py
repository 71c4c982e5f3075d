"""What a probe can say. One shape for every source, so that the run need not know which one spoke.

All `at_ns` are on this machine's monotonic clock (`time.monotonic_ns`), the one that requests are timed with.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from engine.machine import ContainerNow, HostNow, ThreadsNow
from engine.snapshot import Chosen, GcNow, ProcessNow, Target

RUNTIME: Final = "runtime"
"""The source that reads the target's runtime, by its name in gaps."""


class Found(Struct, frozen=True):
    """What is now known of the target; sent at the start and whenever it changes.

    Attributes:
        restarted: Whether the target was restarted since the last time.
    """

    at_ns: int
    target: Target
    restarted: bool = False


class HostSample(Struct, frozen=True):
    """A machine since the last sample: this one, or the one that the host's `name` says."""

    at_ns: int
    host: HostNow


class ProcessSample(Struct, frozen=True):
    """The target's process."""

    at_ns: int
    process: ProcessNow


class ThreadsSample(Struct, frozen=True):
    """The target's threads, and those of its children."""

    at_ns: int
    threads: ThreadsNow


class Held(Struct, frozen=True):
    """An interval between two looks within which a CPU quota held the target.

    Attributes:
        start_ns: The look before.
        end_ns: The look after.
        held_ns: For how long it was held, summed over cores.
        periods: Enforcement periods that ended held.
    """

    start_ns: int
    end_ns: int
    held_ns: int
    periods: int


class ContainerSample(Struct, frozen=True):
    """The target's control group, and when it was held back since the sample before."""

    at_ns: int
    container: ContainerNow
    held: tuple[Held, ...] = ()


class Batch(Struct, frozen=True):
    """Collections that are known together only, from a source that does not tell each pause.

    Attributes:
        count: How many.
        total_s: What they paused together, or None where the source has no times.
        max_s: The longest pause, where it is known to be one of these; else None.
        at_most_s: What none of them paused longer than; None where that is not known.
        buckets: How many stops of the world were no longer than each bound in seconds, cumulative, ascending;
            the last bound is infinite. Empty where the source has no histogram.
        stops: Stops of the world that one collection makes, where there are buckets.
    """

    count: int
    total_s: float | None = None
    max_s: float | None = None
    at_most_s: float | None = None
    buckets: tuple[tuple[float, int], ...] = ()
    stops: int = 1


class RuntimeSample(Struct, frozen=True):
    """The target's garbage collector.

    Attributes:
        gc: Figures of the moment.
        pauses: Collections since the sample before, oldest first, as (end on the monotonic clock, length),
            both in nanoseconds. None of them ended before the watch began.
        lost: Collections since the sample before whose pause is not known.
        poll_ns: Begin of the poll; `at_ns` is its end.
        since_ns: When the sample before was read; `poll_ns` where there was none.
        batch: Instead of pauses and lost ones, where the source does not tell each pause.
    """

    at_ns: int
    gc: GcNow
    pauses: tuple[tuple[int, int], ...] = ()
    lost: int = 0
    poll_ns: int = 0
    since_ns: int = 0
    batch: Batch | None = None


class SeriesSample(Struct, frozen=True):
    """Series that the user chose, all of one page."""

    at_ns: int
    chosen: tuple[Chosen, ...]


class Polled(Struct, frozen=True):
    """The target was asked something over HTTP, from `began_ns` to `at_ns`, whatever came of it."""

    at_ns: int
    began_ns: int


class Told(Struct, frozen=True):
    """Something that a probe did at the user's wish, for the list of events."""

    at_ns: int
    kind: str
    text: str


class Gap(Struct, frozen=True):
    """A source that did not answer as it should; the run goes on, the gap is marked."""

    at_ns: int
    source: str
    reason: str


Sample: TypeAlias = (
    Found
    | HostSample
    | ProcessSample
    | ThreadsSample
    | ContainerSample
    | RuntimeSample
    | SeriesSample
    | Polled
    | Told
    | Gap
)
