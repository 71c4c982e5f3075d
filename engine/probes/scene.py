"""What the sources of one watch share: where to look, whom to tell, and what is known so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import psutil
from msgspec import Struct
from msgspec.structs import replace

from engine.figures import Granularity
from engine.http_client import LIMIT_BYTES, Answer, Fetcher
from engine.plan import Plan
from engine.probes.base import Found, Gap, Polled, Sample
from engine.probes.wishes import Wishes
from engine.snapshot import Target

# A restart is seen both by the process and by its collector's counts, up to a look or two apart.
_SAME_RESTART_NS: Final = 3_000_000_000


class Life(Struct, frozen=True):
    """One life of a process: a restart begins another, even where the number is used again."""

    pid: int
    started_unix_s: float


class Scene:
    """Shared by all sources of a watch, on one event loop.

    Attributes:
        plan: What was asked for.
        host: The target's address, as the load goes there.
        port: Its port.
        clock: Monotonic nanoseconds.
        publish: Takes every sample.
        target: What is known of the target.
        process: Its process, or None where it is not known.
        family: The process and all that descend from it, at the last look.
        wishes: What the run asks of the sources, and where it finds the target's pprof pages.
    """

    def __init__(
        self,
        plan: Plan,
        address: tuple[str, int],
        publish: Callable[[Sample], None],
        clock: Callable[[], int],
        wishes: Wishes | None = None,
    ) -> None:
        self.plan = plan
        self.host, self.port = address
        self.publish = publish
        self.clock = clock
        self.target = Target(url=plan.url, method=plan.method)
        self.process: psutil.Process | None = None
        self.family: tuple[int, ...] = ()
        self.wishes = wishes or Wishes()
        self._restarted_ns: int | None = None

    def tell(
        self,
        *,
        pid: int | None = None,
        command: str | None = None,
        runtime: str | None = None,
        same_host: bool | None = None,
        probe: str | None = None,
        granularity: Granularity | None = None,
        gomaxprocs: int | None = None,
        restarted: bool = False,
    ) -> None:
        """Publish what is now known of the target; what is not given stays as it was, but a dead process."""
        told = {
            "pid": pid,
            "command": command,
            "runtime": runtime,
            "same_host": same_host,
            "probe": probe,
            "granularity": granularity,
            "gomaxprocs": gomaxprocs,
        }
        changes: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
        if pid is None and self.process is not None and self.life() is None:
            changes["pid"] = None
        target = replace(self.target, **changes)
        restarted = restarted and self._is_news()
        if target != self.target or restarted:
            self.target = target
            self.publish(Found(self.clock(), target, restarted))

    def gap(self, source: str, reason: str) -> None:
        """Publish that a source did not answer as it should."""
        self.publish(Gap(self.clock(), source, reason))

    @property
    def has_process_here(self) -> bool:
        """Whether the target's process can be found on this machine, or was named."""
        return self.plan.pid is not None or self.target.same_host

    async def get(
        self, fetcher: Fetcher, url: str, *, after: bytes | None = None, limit: int = LIMIT_BYTES
    ) -> Answer:
        """Read a URL of the target, and publish when that was, whatever comes of it.

        Raises:
            FetchFailed: There was no usable answer.
        """
        await fetcher.open()  # what that takes, the first time, is no burden of the target's
        began_ns = self.clock()
        try:
            return await fetcher.get(url, after=after, limit=limit)
        finally:
            self.publish(Polled(self.clock(), began_ns))

    def life(self) -> Life | None:
        """Return which life of its process the target is in, or None where that is unknown or over."""
        process = self.process
        if process is None or not is_alive(process):
            return None
        return Life(process.pid, process.create_time())

    def _is_news(self) -> bool:
        now = self.clock()
        last, self._restarted_ns = self._restarted_ns, now
        return last is None or now - last > _SAME_RESTART_NS


class Ticks:
    """A steady beat for a loop of looks. A look that takes too long costs ticks; it never queues them."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._due = clock()

    async def wait(self, interval_s: float = 1.0) -> None:
        """Wait for the next tick."""
        now = self._clock()
        self._due = next_tick(self._due, now, round(interval_s * 1e9))
        await asyncio.sleep((self._due - now) / 1e9)


def next_tick(due: int, now: int, interval: int) -> int:
    """Return the first tick after `now`, counted from the tick at `due`."""
    return due + (max(0, now - due) // interval + 1) * interval


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; a zombie does not, and neither does its number's next bearer."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
