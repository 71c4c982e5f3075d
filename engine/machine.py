"""Looks at machines, containers and threads: what each of them says at one instant.

None stands for what a system does not tell, never for zero.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

CountedBy: TypeAlias = Literal["tracepoint", "proc", ""]


class CoreNow(Struct, frozen=True):
    """One core since the look before, in percent of its time.

    Attributes:
        number: Its number; those of cores that are off line are missing.
        user_pct: Programs, those at a lower priority included.
        system_pct: The kernel on their behalf, hard interrupts included.
        softirq_pct: The kernel's deferred work; network packets, first of all.
        steal_pct: The core was wanted here and given to another virtual machine.
        mhz: Its frequency, or None.
    """

    number: int
    user_pct: float = 0.0
    system_pct: float = 0.0
    softirq_pct: float = 0.0
    steal_pct: float = 0.0
    mhz: float | None = None

    @property
    def busy_pct(self) -> float:
        """All of it together."""
        return self.user_pct + self.system_pct + self.softirq_pct + self.steal_pct


class HostNow(Struct, frozen=True):
    """A machine at the last look.

    Attributes:
        cores: In order of their numbers.
        name: Host and port where another machine told this of itself; "" for this machine.
        memory_bytes: Memory it has, or None.
        available_bytes: Memory that programs could still have without swapping, or None.
        load_1m: Load average of one minute, or None.
        cpu_pressure_pct: Share of the last ten seconds in which some task waited for a core, or None.
        received_bytes_per_s: From the network, loopback left out, or None.
        sent_bytes_per_s: To the network, loopback left out, or None.
        loopback_bytes_per_s: Over the loopback interface, or None.
    """

    cores: tuple[CoreNow, ...]
    name: str = ""
    memory_bytes: int | None = None
    available_bytes: int | None = None
    load_1m: float | None = None
    cpu_pressure_pct: float | None = None
    received_bytes_per_s: float | None = None
    sent_bytes_per_s: float | None = None
    loopback_bytes_per_s: float | None = None

    @property
    def busy_pct(self) -> tuple[float, ...]:
        """How busy each core was."""
        return tuple(core.busy_pct for core in self.cores)


class Throttle(Struct, frozen=True):
    """Some time within which the target was kept from running because its CPU quota was used up.

    Attributes:
        start_s: Begin of the interval between two looks, in seconds since the run began.
        end_s: Its end.
        throttled_s: Time for which it was held, summed over the cores it wanted, so it may be longer.
        periods: Enforcement periods that ended held.
    """

    start_s: float
    end_s: float
    throttled_s: float
    periods: int


class ContainerNow(Struct, frozen=True):
    """The control group of the target at the last look.

    Attributes:
        version: "v2", or "v1" where its CPU or, lacking that, its memory is under a hierarchy of the old kind.
        cpu_limit: CPU quota in cores, the tightest of the group and those above it; None for no limit.
        throttled_share: Of the enforcement periods since the look before, those that ended held; None
            where there is no limit.
        throttled_per_s: Such periods a second, or None.
        memory_bytes: Memory charged to the group, caches included, or None.
        memory_limit_bytes: The tightest limit; None for no limit.
        cpus: Cores that its cpuset allows, or None.
    """

    version: Literal["v1", "v2"]
    cpu_limit: float | None = None
    throttled_share: float | None = None
    throttled_per_s: float | None = None
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    cpus: tuple[int, ...] | None = None


class ThreadsNow(Struct, frozen=True):
    """All threads of the target and its children since the look before.

    Attributes:
        threads: How many there are.
        ran: How many of them ran; an estimate where there are too many to look at all, 0 where not known.
        voluntary_per_s: Context switches because a thread had to wait for something, or None.
        involuntary_per_s: Context switches because a core was taken from a thread, or None.
        runqueue_wait_s_per_s: Time that threads were ready to run and had no core, summed over all, per second
            of wall time; None where the kernel keeps no schedstat.
        runqueue_wait_pct: The same per thread that ran, in percent of wall time, or None.
        migrations_per_s: Moves of a thread from one core to another, or None.
        counted_by: Who counted the moves.
        timeslices_per_s: How often threads were given a core, or None.
        cpu_s: CPU time by core, in seconds, each thread's on the core it was last seen on.
        allowed: Cores that its threads may run on (sched_getaffinity), or None.
        cost_s: CPU time that this look took.
    """

    threads: int
    ran: int = 0
    voluntary_per_s: float | None = None
    involuntary_per_s: float | None = None
    runqueue_wait_s_per_s: float | None = None
    runqueue_wait_pct: float | None = None
    migrations_per_s: float | None = None
    counted_by: CountedBy = ""
    timeslices_per_s: float | None = None
    cpu_s: Mapping[int, float] = field(default_factory=dict)
    allowed: tuple[int, ...] | None = None
    cost_s: float = 0.0

    @property
    def affinity_stability(self) -> float | None:
        """Moves per timeslice since the look before."""
        return affinity_stability(self.migrations_per_s, self.timeslices_per_s)


def affinity_stability(migrations: float | None, timeslices: float | None) -> float | None:
    """Return moves per timeslice, of two counts or two rates: 0 where no thread ever changed its core.

    A timeslice is one turn on a core, from being given it to giving it up (schedstat's third figure).
    """
    return migrations / timeslices if migrations is not None and timeslices else None


def cpu_skew_ratio(cpu_s: Mapping[int, float], allowed: Collection[int] | None) -> float | None:
    """Return how evenly CPU time lay on the cores: 1 is even, 0 is all on one of several.

    This is the entropy of the shares over that of an even spread over the allowed cores. Each thread's time is
    taken for the core it was last seen on, so it takes some looks until the figure stands.

    Returns:
        None where nothing ran, or where there is but one core.
    """
    total = sum(cpu_s.values())
    cores = len(allowed or ())
    if total <= 0 or cores < 2:
        return None
    shares = (time / total for time in cpu_s.values() if time > 0)
    # a set that was narrowed meanwhile leaves time on cores that are allowed no more
    return min(1.0, -sum(share * math.log(share) for share in shares) / math.log(cores))
