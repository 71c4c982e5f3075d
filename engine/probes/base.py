"""What a probe can say. One shape for every source, so that the run need not know which one spoke.

All `at_ns` are on this machine's monotonic clock (`time.monotonic_ns`), the one that requests are timed with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from engine.snapshot import GcNow, ProcessNow, Target


@dataclass(frozen=True, slots=True)
class Found:
    """What is now known of the target; sent at the start and whenever it changes.

    Attributes:
        restarted: Whether the target was restarted since the last time.
    """

    at_ns: int
    target: Target
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class HostSample:
    """This machine: busy share of each core since the last sample, in percent."""

    at_ns: int
    cores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ProcessSample:
    """The target's process."""

    at_ns: int
    process: ProcessNow


@dataclass(frozen=True, slots=True)
class RuntimeSample:
    """The target's garbage collector.

    Attributes:
        gc: Figures of the moment.
        pauses: Collections since the sample before, oldest first, as (end on the monotonic clock, length),
            both in nanoseconds. None of them ended before the watch began.
        lost: Collections since the sample before whose pause is not known.
        poll_ns: Begin of the poll; `at_ns` is its end.
    """

    at_ns: int
    gc: GcNow
    pauses: tuple[tuple[int, int], ...] = ()
    lost: int = 0
    poll_ns: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A source that did not answer as it should; the run goes on, the gap is marked."""

    at_ns: int
    source: str
    reason: str


Sample: TypeAlias = Found | HostSample | ProcessSample | RuntimeSample | Gap
