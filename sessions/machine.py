"""Scheduling, limits and machine of the target in words, for reports: as far as they matter."""

from __future__ import annotations

from typing import Final

from engine.figures import ContainerFigures, HostFigures, TargetFigures, ThreadFigures
from sessions.format import count, percent, size

ALARMING_STEAL_PCT: Final = 5.0
BUSY_SOFTIRQ_PCT: Final = 10.0
NEAR_LIMIT: Final = 0.9


def machine_entries(target: TargetFigures) -> list[tuple[str, str]]:
    """Return what is to be said, as (title, words)."""
    entries = (
        ("threads", "" if target.threads is None else thread_words(target.threads)),
        ("limits", "" if target.container is None else limit_words(target.container)),
        ("machine", "" if target.host is None else host_words(target.host)),
    )
    return [(title, words) for title, words in entries if words]


def thread_words(threads: ThreadFigures) -> str:
    """Return how many there were, how long they waited for a core, and whether they stayed on it."""
    parts = [f"at most {count(threads.max)}"]
    if threads.runqueue_wait_pct is not None:
        parts.append(f"each waited {percent(threads.runqueue_wait_pct)} of the time for a core")
    if threads.affinity_stability is not None:
        parts.append(f"{threads.affinity_stability:.2g} moves a timeslice")
    if threads.cpu_skew_ratio is not None:
        parts.append(f"evenness over cores {threads.cpu_skew_ratio:.2f}")
    return ", ".join(parts)


def limit_words(container: ContainerFigures) -> str:
    """Return the limits of a control group and how they were felt; "" where there is none."""
    parts: list[str] = []
    if container.cpu_limit is not None:
        parts.append(f"{container.cpu_limit:.3g} cores")
        if container.throttled_share:
            held = "" if container.throttled_s is None else f" ({container.throttled_s:.3g} s in all)"
            parts.append(f"THROTTLED in {percent(100 * container.throttled_share)} of periods{held}")
        else:
            parts.append("never throttled")
    if container.memory_limit_bytes is not None:
        used = container.memory_bytes
        near = used is not None and used.max > NEAR_LIMIT * container.memory_limit_bytes
        most = "" if used is None else f"{size(used.max)} of "
        parts.append(f"memory {most}{size(container.memory_limit_bytes)}{', NEAR THE LIMIT' if near else ''}")
    return ", ".join(parts)


def host_words(host: HostFigures) -> str:
    """Return what a machine had to say against the figures; "" where it had nothing."""
    parts: list[str] = []
    if host.steal_pct >= ALARMING_STEAL_PCT:
        parts.append(f"{percent(host.steal_pct)} of its cores' time went to other virtual machines (steal)")
    if host.softirq_pct >= BUSY_SOFTIRQ_PCT:
        parts.append(f"{percent(host.softirq_pct)} to the kernel's work on packets (softirq)")
    return ", ".join(parts)
