"""One look at a runtime, in the same shape whatever it is written in and however it shows itself."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from engine.figures import Granularity
from engine.probes.memstats import MemStats

WORDS: Final[dict[Granularity, str]] = {
    "every": "every pause",
    "histogram": "a histogram of pauses",
    "mean+max": "mean and longest pause",
    "mean": "mean pause",
    "count": "collections without their pauses",
    "none": "no collections",
}
"""What is known of pauses, for people."""

NO_GOAL: Final = 1 << 62  # with its collector off, Go's goal is the largest number there is


class Reading(Struct, frozen=True):
    """What a page says. Counts are since the process began; None where the page lacks something.

    Attributes:
        runtime: What the service is written in: "go", "go1.22.10", "jvm", "node", "python", ".net".
        granularity: What the page tells of pauses.
        memstats: Go's own figures with the ring of pauses, where it tells every pause.
        collections: Collections that ended.
        pause_total_s: Their pauses.
        longest_s: The longest pause of the recent past, however long that is.
        buckets: Stops of the world no longer than each bound, cumulative; the last bound is infinite.
        stops: Stops that a collection makes.
        allocated_bytes: Bytes allocated, freed ones included.
        heap_bytes: Heap in use.
        goal_bytes: Heap at which the next collection starts, or the largest heap there may be.
        goroutines, gomaxprocs: As their names say.
        gc_cpu_s, cpu_s: CPU time of the collector and of the process.
        gc_share: Share of the CPU time that the collector recently took, where the page says so itself.
        born_unix_s: When the process began.
    """

    runtime: str
    granularity: Granularity
    memstats: MemStats | None = None
    collections: int = 0
    pause_total_s: float | None = None
    longest_s: float | None = None
    buckets: tuple[tuple[float, int], ...] = ()
    stops: int = 1
    allocated_bytes: int | None = None
    heap_bytes: int | None = None
    goal_bytes: int | None = None
    goroutines: int | None = None
    gomaxprocs: int | None = None
    gc_cpu_s: float | None = None
    cpu_s: float | None = None
    gc_share: float | None = None
    born_unix_s: float | None = None


def of_memstats(stats: MemStats | None) -> Reading | None:
    """Return a reading of Go's MemStats."""
    if stats is None:
        return None
    every = stats.pause_ns is not None and stats.pause_end is not None
    return Reading(stats.runtime, "every" if every else "count", memstats=stats)
