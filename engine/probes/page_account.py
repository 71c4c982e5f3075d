"""What a collector did between two looks at a page of counters, which tells sums but no single pause. Pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from engine.probes.base import Batch, RuntimeSample
from engine.probes.gc_account import Account
from engine.probes.reading import Reading
from engine.snapshot import GcNow

_REACH: Final = 256
"""Collections that a page's longest pause is surely of (client_golang's quantiles; others look further)."""

_REACH_S: Final = 60.0
"""And seconds (Micrometer's maximum is of the last two minutes or more)."""

_SAME_BIRTH_S: Final = 1.0


class PageLook(Struct, frozen=True):
    """One reading, and when it was made; `offset_ns` is our wall clock less our monotonic clock then."""

    reading: Reading
    began_ns: int
    ended_ns: int
    offset_ns: int


def account_page(before: PageLook | None, now: PageLook, *, reborn: bool = False) -> Account:
    """Say what happened between two looks.

    Args:
        before: The look before; None for the first, which only sets the baseline.
        now: This look.
        reborn: Whether the process is known to be another one than at the look before.
    """
    reading = now.reading
    restarted = before is not None and (reborn or _restarted(before.reading, reading))
    earlier = before.reading if before is not None and not restarted else None
    if restarted and before is not None and (reborn or _is_younger(reading, before)):
        nothing = Reading(reading.runtime, reading.granularity, pause_total_s=0.0, longest_s=0.0)
        earlier = replace(nothing, allocated_bytes=0)
    elapsed_s = 0.0
    if before is not None:
        elapsed_s = (now.began_ns + now.ended_ns - before.began_ns - before.ended_ns) / 2e9
    batch = _between(earlier, reading, elapsed_s)
    gc = GcNow(
        rate_per_s=batch.count / elapsed_s if elapsed_s > 0 else 0.0,
        heap_bytes=reading.heap_bytes,
        goal_bytes=reading.goal_bytes,
        alloc_bytes_per_s=_per_s(earlier, reading, elapsed_s),
        cpu_fraction=_share(earlier, reading),
        poll_s=(now.ended_ns - now.began_ns) / 1e9,
        goroutines=reading.goroutines,
    )
    since_ns = now.began_ns if before is None else before.ended_ns
    return Account(RuntimeSample(now.ended_ns, gc, (), 0, now.began_ns, since_ns, batch), restarted)


def _between(before: Reading | None, now: Reading, elapsed_s: float) -> Batch:
    timed = now.pause_total_s is not None
    if before is None:
        return Batch(0, 0.0 if timed else None, stops=now.stops)
    count = now.collections - before.collections
    total_s = _grown(before.pause_total_s, now.pause_total_s)
    longest_s = at_most_s = None
    if count == 1:
        longest_s = at_most_s = total_s
    elif count <= _REACH and elapsed_s <= _REACH_S and now.longest_s is not None:
        at_most_s = now.longest_s
        # A maximum that rose was set by one of these.
        rose = before.longest_s is not None and now.longest_s > before.longest_s
        longest_s = now.longest_s if rose else None
    return Batch(count, total_s, longest_s, at_most_s, _new(before, now), now.stops)


def _new(before: Reading, now: Reading) -> tuple[tuple[float, int], ...]:
    """Return what came into a histogram's buckets since; a histogram that is new was empty before."""
    earlier = dict(before.buckets) if before.buckets else {bound: 0 for bound, _ in now.buckets}
    if earlier.keys() != {bound for bound, _ in now.buckets}:
        return ()
    fresh = tuple((bound, count - earlier[bound]) for bound, count in now.buckets)
    return fresh if all(count >= 0 for _, count in fresh) else ()


def _restarted(before: Reading, now: Reading) -> bool:
    if before.born_unix_s is not None and now.born_unix_s is not None:
        return abs(now.born_unix_s - before.born_unix_s) > _SAME_BIRTH_S
    if before.allocated_bytes is not None and now.allocated_bytes is not None:
        return now.allocated_bytes < before.allocated_bytes
    return now.collections < before.collections


def _is_younger(now: Reading, before: PageLook) -> bool:
    """Whether a process began after a look; else its past is not ours, as behind a balancer."""
    looked_s = (before.ended_ns + before.offset_ns) / 1e9
    return now.born_unix_s is not None and now.born_unix_s >= looked_s - _SAME_BIRTH_S


def _grown(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None or now < before else now - before


def _per_s(before: Reading | None, now: Reading, elapsed_s: float) -> float | None:
    grown = None if before is None else _grown(before.allocated_bytes, now.allocated_bytes)
    return None if grown is None or elapsed_s <= 0 else grown / elapsed_s


def _share(before: Reading | None, now: Reading) -> float | None:
    spent = None if before is None else _grown(before.gc_cpu_s, now.gc_cpu_s)
    of = None if before is None else _grown(before.cpu_s, now.cpu_s)
    if spent is not None and of:
        return min(1.0, spent / of)
    return None if now.gc_share is None else min(1.0, now.gc_share)
