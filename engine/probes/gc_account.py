"""What a garbage collector did between two looks at it: from counters and a ring to pauses and rates. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from engine.probes.base import RuntimeSample
from engine.probes.memstats import BIRTH, MemStats, recover
from engine.probes.reading import NO_GOAL
from engine.snapshot import GcNow


class Look(Struct, frozen=True):
    """One reading, and when it was made.

    Attributes:
        stats: What was read.
        began_ns: Before the question was sent, on our monotonic clock.
        ended_ns: When the answer was here.
        offset_ns: Our wall clock less our monotonic clock, at that time.
        started_unix_s: When the process began, or None where that is unknown.
    """

    stats: MemStats
    began_ns: int
    ended_ns: int
    offset_ns: int
    started_unix_s: float | None = None


class Account(Struct, frozen=True):
    """A sample, and whether the process was restarted since the one before."""

    sample: RuntimeSample
    restarted: bool = False


def account(before: Look | None, now: Look, *, lost: int = 0, reborn: bool = False) -> Account:
    """Say what happened between two looks.

    Args:
        before: The look before; None for the first, which only sets the baseline.
        now: This look.
        lost: Collections of the run so far whose pause is not known.
        reborn: Whether the process is known to be another one than at the look before.
    """
    stats = now.stats
    heap, poll_s = stats.heap_alloc, (now.ended_ns - now.began_ns) / 1e9
    goal = stats.next_gc if stats.next_gc is not None and stats.next_gc < NO_GOAL else None
    if before is None:
        gc = GcNow(heap_bytes=heap, goal_bytes=goal, lost=lost, poll_s=poll_s)
        return Account(RuntimeSample(now.ended_ns, gc, poll_ns=now.began_ns, since_ns=now.began_ns))
    recovery = recover(BIRTH if reborn else before.stats, stats)
    restarted = reborn or recovery.restarted
    ends = [cycle.end_ns - now.offset_ns for cycle in recovery.cycles]
    newly_lost = recovery.lost
    skip = sum(end < before.began_ns for end in ends) if restarted else 0
    if skip:
        # It is no new process but another one that ran already, as behind a balancer: its past is not ours.
        newly_lost = 0
    placed = place(ends[skip:], before.began_ns, now.ended_ns)
    pauses = tuple(zip(placed, (cycle.pause_ns for cycle in recovery.cycles[skip:]), strict=True))
    earlier = BIRTH if restarted else before.stats
    # A reading is made somewhere within its round trip; the middle is off by half of it at most.
    elapsed_s = (now.began_ns + now.ended_ns - before.began_ns - before.ended_ns) / 2e9
    gc = GcNow(
        rate_per_s=_rate(0, len(pauses) + newly_lost, elapsed_s) or 0.0,
        heap_bytes=heap,
        goal_bytes=goal,
        alloc_bytes_per_s=_rate(earlier.total_alloc, stats.total_alloc, elapsed_s),
        cpu_fraction=_cpu_fraction(earlier, stats, now.started_unix_s),
        lost=lost + newly_lost,
        poll_s=poll_s,
    )
    sample = RuntimeSample(now.ended_ns, gc, pauses, newly_lost, now.began_ns, before.ended_ns)
    return Account(sample, restarted)


def place(ends: Sequence[int], earliest: int, latest: int) -> tuple[int, ...]:
    """Move times together, as little as it takes, so that all are between two looks; where they must be.

    On one host, whose wall clock was not set meanwhile, nothing moves. Another host's clock may be off by any
    amount; then the distances between the pauses stay right, and each is off by the time between looks at most.
    """
    if not ends:
        return ()
    first, last = min(ends), max(ends)
    shift = earliest - first if first < earliest else min(0, latest - last)
    return tuple(min(max(end + shift, earliest), latest) for end in ends)


def _rate(before: int | None, now: int | None, elapsed_s: float) -> float | None:
    if before is None or now is None or elapsed_s <= 0:
        return None
    return (now - before) / elapsed_s


def _cpu_fraction(before: MemStats, now: MemStats, started_unix_s: float | None) -> float | None:
    """Return the collector's share of the CPU time from the last collection before to the last one now.

    Go prints its share of the whole life, brought up to date as a collection ends; times the life's length
    then, and subtracted, that is the share of the time between. None where no collection ended.
    """
    if started_unix_s is None or now.gc_cpu_fraction is None or not now.last_gc:
        return None
    life_s = now.last_gc / 1e9 - started_unix_s
    life_before_s = before.last_gc / 1e9 - started_unix_s if before.last_gc else 0.0
    if life_s <= life_before_s:
        return None
    spent_s = now.gc_cpu_fraction * life_s - (before.gc_cpu_fraction or 0.0) * life_before_s
    return min(1.0, max(0.0, spent_s / (life_s - life_before_s)))
