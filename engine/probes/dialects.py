"""What runtimes call their collections in Prometheus's text: one function and one row of the table each.

Names are those of client_golang, Micrometer, jmx_exporter and client_java, OpenTelemetry's Java agent,
prom-client of Node, .NET's System.Runtime meter and prometheus-net, and Python's prometheus_client.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Final

from engine.probes.prometheus import Page, Reader, Series
from engine.probes.reading import NO_GOAL, Reading

_LARGEST: Final = 2.0**63
_VERSION: Final = re.compile(r"go1[\w.+-]{1,40}", re.ASCII)


class Metrics:
    """A page, to be asked by name. What is no finite number of a sensible size is not there."""

    def __init__(self, page: Page) -> None:
        self._by_name: dict[str, list[Series]] = {}
        for series in page.series:
            self._by_name.setdefault(series.name, []).append(series)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def of(self, name: str, **labels: str) -> list[Series]:
        """Return the series of a name that have these labels."""
        wanted = labels.items()
        return [series for series in self._by_name.get(name, ()) if wanted <= series.labels.items()]

    def sum(self, *names: str, **labels: str) -> float | None:
        """Return the sum over all series of the first name that is there."""
        for name in names:
            values = [series.value for series in self.of(name, **labels) if _sensible(series.value)]
            if values:
                return sum(values)
        return None

    def most(self, name: str, **labels: str) -> float | None:
        """Return the largest of a name's series."""
        values = (series.value for series in self.of(name, **labels) if _sensible(series.value))
        return max(values, default=None)

    def whole(self, *names: str, **labels: str) -> int | None:
        """Return a sum as a whole number."""
        value = self.sum(*names, **labels)
        return None if value is None else int(value)

    def buckets(self, name: str) -> tuple[tuple[float, int], ...]:
        """Return a histogram's cumulative buckets, ascending, its other labels summed; () for a bad one."""
        return _buckets(self._by_name.get(f"{name}_bucket", ()))


def _go(page: Metrics) -> Reading:
    """client_golang: sum and count are exact; the quantiles are of the last 256 collections."""
    buckets = page.buckets("go_sched_pauses_total_gc_seconds") or page.buckets("go_gc_pauses_seconds")
    goal = page.whole("go_memstats_next_gc_bytes", "go_gc_heap_goal_bytes")
    info = page.of("go_info")
    version = info[0].labels.get("version", "") if info else ""
    return Reading(
        version if _VERSION.fullmatch(version) else "go",
        "histogram" if buckets else "mean+max",
        collections=page.whole("go_gc_duration_seconds_count") or 0,
        pause_total_s=page.sum("go_gc_duration_seconds_sum"),
        longest_s=page.most("go_gc_duration_seconds", quantile="1"),
        buckets=buckets,
        stops=2,  # sweep termination and mark termination
        allocated_bytes=page.whole("go_memstats_alloc_bytes_total", "go_gc_heap_allocs_bytes_total"),
        heap_bytes=page.whole("go_memstats_heap_alloc_bytes", "go_memory_classes_heap_objects_bytes"),
        goal_bytes=goal if goal is not None and goal < NO_GOAL else None,
        goroutines=page.whole("go_goroutines", "go_sched_goroutines_goroutines"),
        gomaxprocs=page.whole("go_sched_gomaxprocs_threads"),
        gc_cpu_s=page.sum("go_cpu_classes_gc_total_cpu_seconds_total"),
        cpu_s=page.sum("go_cpu_classes_total_cpu_seconds_total"),
        born_unix_s=page.sum("process_start_time_seconds"),
    )


def _micrometer(page: Metrics) -> Reading:
    """Micrometer's timer of pauses, which appears with the first of them; its maximum is of some minutes."""
    heap, largest = _jvm_heap(page)
    return Reading(
        "jvm",
        "mean+max",
        collections=page.whole("jvm_gc_pause_seconds_count") or 0,
        pause_total_s=page.sum("jvm_gc_pause_seconds_sum") or 0.0,
        longest_s=page.most("jvm_gc_pause_seconds_max"),
        allocated_bytes=page.whole("jvm_gc_memory_allocated_bytes_total"),
        gc_share=page.sum("jvm_gc_overhead", "jvm_gc_overhead_percent"),
        heap_bytes=heap,
        goal_bytes=largest,
        born_unix_s=page.sum("process_start_time_seconds"),
    )


def _client_java(page: Metrics) -> Reading:
    """client_java and jmx_exporter: count and sum of every collector, of which concurrent ones do not pause."""
    heap, largest = _jvm_heap(page)
    stopping = [series for series in page.of("jvm_gc_collection_seconds_count") if _pauses(series.labels)]
    sums = [series for series in page.of("jvm_gc_collection_seconds_sum") if _pauses(series.labels)]
    return Reading(
        "jvm",
        "mean",
        collections=int(sum(series.value for series in stopping if _sensible(series.value))),
        pause_total_s=sum(series.value for series in sums if _sensible(series.value)),
        allocated_bytes=page.whole(
            "jvm_memory_pool_allocated_bytes_total", "jvm_memory_pool_bytes_allocated_total"
        ),
        heap_bytes=heap,
        goal_bytes=largest,
        born_unix_s=page.sum("process_start_time_seconds"),
    )


def _otel_java(page: Metrics) -> Reading:
    """OpenTelemetry's Java agent: a histogram of collections' durations."""
    return Reading(
        "jvm",
        "histogram",
        collections=page.whole("jvm_gc_duration_seconds_count") or 0,
        pause_total_s=page.sum("jvm_gc_duration_seconds_sum"),
        buckets=page.buckets("jvm_gc_duration_seconds"),
        heap_bytes=page.whole("jvm_memory_used_bytes", jvm_memory_type="heap"),
        goal_bytes=page.whole("jvm_memory_limit_bytes", jvm_memory_type="heap"),
        born_unix_s=page.sum("process_start_time_seconds"),
    )


def _node(page: Metrics) -> Reading:
    """prom-client: a histogram of every kind of collection, each kind from its first on."""
    return Reading(
        "node",
        "histogram",
        collections=page.whole("nodejs_gc_duration_seconds_count") or 0,
        pause_total_s=page.sum("nodejs_gc_duration_seconds_sum") or 0.0,
        buckets=page.buckets("nodejs_gc_duration_seconds"),
        heap_bytes=page.whole("nodejs_heap_size_used_bytes"),
        born_unix_s=page.sum("process_start_time_seconds"),
    )


def _dotnet(page: Metrics) -> Reading:
    """The System.Runtime meter of .NET 9: collections of each generation, and how long all of them paused."""
    return Reading(
        ".net",
        "mean",
        collections=page.whole("dotnet_gc_collections_total") or 0,
        pause_total_s=page.sum("dotnet_gc_pause_time_seconds_total"),
        allocated_bytes=page.whole("dotnet_gc_heap_total_allocated_bytes_total"),
        heap_bytes=page.whole("dotnet_gc_last_collection_heap_size_bytes"),
        born_unix_s=page.sum("process_start_time_seconds"),
    )


def _prometheus_net(page: Metrics) -> Reading:
    """prometheus-net: a collection of a generation is one of all younger ones too: the youngest has all."""
    return Reading(
        ".net",
        "count",
        collections=page.whole("dotnet_collection_count_total", generation="0") or 0,
        heap_bytes=page.whole("dotnet_total_memory_bytes"),
        born_unix_s=page.sum("process_start_time_seconds"),
    )


def _python(page: Metrics) -> Reading:
    """prometheus_client: how many collections of each generation, and no times."""
    return Reading(
        "python",
        "count",
        collections=page.whole("python_gc_collections_total") or 0,
        born_unix_s=page.sum("process_start_time_seconds"),
    )


DIALECTS: Final[tuple[tuple[str, Callable[[Metrics], Reading]], ...]] = (
    ("go_gc_duration_seconds_count", _go),
    ("jvm_gc_pause_seconds_count", _micrometer),
    ("jvm_gc_collection_seconds_count", _client_java),
    ("jvm_gc_duration_seconds_count", _otel_java),
    ("nodejs_gc_duration_seconds_count", _node),
    ("dotnet_gc_collections_total", _dotnet),
    ("dotnet_collection_count_total", _prometheus_net),
    ("python_gc_collections_total", _python),
    # Before the first collection there is nothing but these.
    ("jvm_gc_live_data_size_bytes", _micrometer),
    ("nodejs_heap_size_used_bytes", _node),
)
"""A series that only this runtime has, and how its page is read; a new runtime is a row here."""


def runtime_reader() -> Callable[[bytes], Reading | None]:
    """Return a reader of one target's pages of metrics; it returns None for those of no known runtime."""
    reader = Reader()

    def read(text: bytes) -> Reading | None:
        page = Metrics(reader.read(text))
        return next((understand(page) for sign, understand in DIALECTS if sign in page), None)

    return read


def _jvm_heap(page: Metrics) -> tuple[int | None, int | None]:
    """Return the heap in use and at most; a pool without a limit says -1."""
    limits = [
        series.value
        for name in ("jvm_memory_max_bytes", "jvm_memory_bytes_max")
        for series in page.of(name, area="heap")
        if series.value > 0 and _sensible(series.value)
    ]
    used = page.whole("jvm_memory_used_bytes", "jvm_memory_bytes_used", area="heap")
    return used, int(sum(limits)) if limits else None


def _pauses(labels: Mapping[str, str]) -> bool:
    """Whether a collector of the JVM stops the world for as long as it says: "ZGC Cycles" does not."""
    name = labels.get("gc", "")
    return "oncurrent" not in name and "Cycles" not in name


def _buckets(series: Iterable[Series]) -> tuple[tuple[float, int], ...]:
    counts: dict[float, float] = {}
    for one in series:
        try:
            bound = float(one.labels.get("le", ""))
        except ValueError:
            return ()
        if math.isnan(bound) or not _sensible(one.value):
            return ()
        counts[bound] = counts.get(bound, 0.0) + one.value
    ladder = tuple((bound, int(counts[bound])) for bound in sorted(counts))
    rising = all(low[1] <= high[1] for low, high in pairwise(ladder))
    return ladder if ladder and rising and ladder[-1][0] == math.inf else ()


def _sensible(value: float) -> bool:
    return 0.0 <= value < _LARGEST
