"""What the looks at threads, container and machine say of one segment, taken together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.figures import ContainerFigures, HostFigures, MeanMax, ThreadFigures
from engine.machine import ContainerNow, HostNow, ThreadsNow, affinity_stability, cpu_skew_ratio
from engine.snapshot import ProcessNow


class Watched:
    """Collects the looks of one segment."""

    def __init__(self) -> None:
        self._processes: list[ProcessNow] = []
        self._threads: list[ThreadsNow] = []
        self._containers: list[ContainerNow] = []
        self._hosts: list[HostNow] = []
        self._cpu_s: dict[int, float] = {}
        self._throttled_s = 0.0

    def add_process(self, process: ProcessNow) -> None:
        """Note a look at the target's process."""
        self._processes.append(process)

    def add_threads(self, threads: ThreadsNow) -> None:
        """Note a look at its threads."""
        self._threads.append(threads)
        for core, spent_s in threads.cpu_s.items():
            self._cpu_s[core] = self._cpu_s.get(core, 0.0) + spent_s

    def add_container(self, container: ContainerNow) -> None:
        """Note a look at its control group."""
        self._containers.append(container)

    def add_throttled(self, throttled_s: float) -> None:
        """Note that its quota held it."""
        self._throttled_s += throttled_s

    def add_host(self, host: HostNow) -> None:
        """Note a look at the machine it runs on."""
        self._hosts.append(host)

    def open_files_max(self) -> int | None:
        """Return the most files that were open at once."""
        return max((look.open_files for look in self._processes if look.open_files is not None), default=None)

    def major_faults_per_s(self) -> float | None:
        """Return the mean rate of page faults that waited for a disk."""
        return mean(look.major_faults_per_s for look in self._processes)

    def threads(self) -> ThreadFigures | None:
        """Return what is to be said of the threads, or None where they were not seen."""
        looks = self._threads
        if not looks:
            return None
        moves = mean(look.migrations_per_s for look in looks)
        slices = mean(look.timeslices_per_s for look in looks)
        allowed = looks[-1].allowed
        return ThreadFigures(
            max=max(look.threads for look in looks),
            voluntary_switches_per_s=mean(look.voluntary_per_s for look in looks),
            involuntary_switches_per_s=mean(look.involuntary_per_s for look in looks),
            runqueue_wait_s_per_s=mean(look.runqueue_wait_s_per_s for look in looks),
            runqueue_wait_pct=mean(look.runqueue_wait_pct for look in looks),
            migrations_per_s=moves,
            migrations_by=looks[-1].counted_by,
            affinity_stability=affinity_stability(moves, slices),
            cpu_skew_ratio=cpu_skew_ratio(self._cpu_s, allowed),
            allowed_cpus=allowed,
        )

    def container(self) -> ContainerFigures | None:
        """Return what is to be said of the control group, or None where there was none."""
        looks = self._containers
        if not looks:
            return None
        last = looks[-1]
        memory = [look.memory_bytes for look in looks if look.memory_bytes is not None]
        return ContainerFigures(
            version=last.version,
            cpu_limit=last.cpu_limit,
            throttled_share=mean(look.throttled_share for look in looks),
            throttled_s=self._throttled_s if last.cpu_limit is not None else None,
            memory_bytes=MeanMax(mean=sum(memory) / len(memory), max=max(memory)) if memory else None,
            memory_limit_bytes=last.memory_limit_bytes,
            cpus=last.cpus,
        )

    def host(self) -> HostFigures | None:
        """Return what is to be said of the target's machine, or None where it was not seen."""
        looks = [look for look in self._hosts if look.cores]
        if not looks:
            return None

        def share(name: str) -> float:
            return sum(_over_cores(look, name) for look in looks) / len(looks)

        available = [look.available_bytes for look in looks if look.available_bytes is not None]
        return HostFigures(
            cores=len(looks[-1].cores),
            busy_pct=share("busy_pct"),
            user_pct=share("user_pct"),
            system_pct=share("system_pct"),
            softirq_pct=share("softirq_pct"),
            steal_pct=share("steal_pct"),
            cpu_pressure_pct=mean(look.cpu_pressure_pct for look in looks),
            available_bytes_min=min(available, default=None),
        )


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of what is known, or None."""
    known: Sequence[float] = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _over_cores(look: HostNow, name: str) -> float:
    shares: list[float] = [getattr(core, name) for core in look.cores]
    return sum(shares) / len(shares)
