"""What the looks at threads, container and machine say of one segment, taken together."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from engine.books.tally import Tally
from engine.figures import ContainerFigures, HostFigures, ThreadFigures
from engine.machine import ContainerNow, HostNow, ThreadsNow, affinity_stability, cpu_skew_ratio
from engine.snapshot import ProcessNow

_OF_PROCESS: Final = ("open_files", "major_faults_per_s")
_OF_THREADS: Final = (
    "threads",
    "voluntary_per_s",
    "involuntary_per_s",
    "runqueue_wait_s_per_s",
    "runqueue_wait_pct",
    "migrations_per_s",
    "timeslices_per_s",
)
_OF_CONTAINER: Final = ("throttled_share", "memory_bytes")
_OF_HOST: Final = ("cpu_pressure_pct", "available_bytes")
_OF_CORES: Final = ("busy_pct", "user_pct", "system_pct", "softirq_pct", "steal_pct")


class Watched:
    """Takes the looks of one segment together; of each kind, only the last one is kept."""

    def __init__(self) -> None:
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self._threads: ThreadsNow | None = None
        self._container: ContainerNow | None = None
        self._host: HostNow | None = None
        self._cpu_s: dict[int, float] = {}
        self._throttled_s = 0.0

    def add_process(self, process: ProcessNow) -> None:
        """Note a look at the target's process."""
        self._add(process, _OF_PROCESS)

    def add_threads(self, threads: ThreadsNow) -> None:
        """Note a look at its threads."""
        self._threads = threads
        self._add(threads, _OF_THREADS)
        for core, spent_s in threads.cpu_s.items():
            self._cpu_s[core] = self._cpu_s.get(core, 0.0) + spent_s

    def add_container(self, container: ContainerNow) -> None:
        """Note a look at its control group."""
        self._container = container
        self._add(container, _OF_CONTAINER)

    def add_throttled(self, throttled_s: float) -> None:
        """Note that its quota held it."""
        self._throttled_s += throttled_s

    def add_host(self, host: HostNow) -> None:
        """Note a look at the machine it runs on."""
        if not host.cores:
            return
        self._host = host
        self._add(host, _OF_HOST)
        for name in _OF_CORES:
            shares: list[float] = [getattr(core, name) for core in host.cores]
            self._tallies[name].add(sum(shares) / len(shares))

    def open_files_max(self) -> int | None:
        """Return the most files that were open at once."""
        return _whole(self._tallies["open_files"].max)

    def major_faults_per_s(self) -> float | None:
        """Return the mean rate of page faults that waited for a disk."""
        return self._mean("major_faults_per_s")

    def threads(self) -> ThreadFigures | None:
        """Return what is to be said of the threads, or None where they were not seen."""
        last = self._threads
        if last is None:
            return None
        moves = self._mean("migrations_per_s")
        return ThreadFigures(
            max=_whole(self._tallies["threads"].max) or 0,
            voluntary_switches_per_s=self._mean("voluntary_per_s"),
            involuntary_switches_per_s=self._mean("involuntary_per_s"),
            runqueue_wait_s_per_s=self._mean("runqueue_wait_s_per_s"),
            runqueue_wait_pct=self._mean("runqueue_wait_pct"),
            migrations_per_s=moves,
            migrations_by=last.counted_by,
            affinity_stability=affinity_stability(moves, self._mean("timeslices_per_s")),
            cpu_skew_ratio=cpu_skew_ratio(self._cpu_s, last.allowed),
            allowed_cpus=last.allowed,
        )

    def container(self) -> ContainerFigures | None:
        """Return what is to be said of the control group, or None where there was none."""
        last = self._container
        if last is None:
            return None
        return ContainerFigures(
            version=last.version,
            cpu_limit=last.cpu_limit,
            throttled_share=self._mean("throttled_share"),
            throttled_s=self._throttled_s if last.cpu_limit is not None else None,
            memory_bytes=self._tallies["memory_bytes"].mean_max(),
            memory_limit_bytes=last.memory_limit_bytes,
            cpus=last.cpus,
        )

    def host(self) -> HostFigures | None:
        """Return what is to be said of the target's machine, or None where it was not seen."""
        last = self._host
        if last is None:
            return None
        return HostFigures(
            cores=len(last.cores),
            **{name: self._mean(name) or 0.0 for name in _OF_CORES},
            cpu_pressure_pct=self._mean("cpu_pressure_pct"),
            available_bytes_min=_whole(self._tallies["available_bytes"].min),
        )

    def _add(self, look: object, names: tuple[str, ...]) -> None:
        for name in names:
            self._tallies[name].add(getattr(look, name))

    def _mean(self, name: str) -> float | None:
        return self._tallies[name].mean


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
