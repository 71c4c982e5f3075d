"""An open loop's schedule while it is followed: what is due next, and what wakes the worker for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from time import monotonic_ns
from typing import Final

from engine import wire
from engine.connections.sockets import SocketSet
from engine.connections.timer import Timer
from engine.pacing import MOST_AHEAD, count_due, due_times

NEVER: Final = 1 << 62
AHEAD_S: Final = 0.001
SPIN_NS: Final = 100_000
"""How long before a send a spinning worker stops sleeping: a wake-up takes 20 to 60 µs."""


class Pace:
    """Follows one schedule after another.

    Args:
        loop: The worker's event loop.
        sockets: What else wakes the worker, if it has one: the timer is watched with it.
        on_due: Called when a request may be due; it looks at the clock.
        spin: Whether to poll instead of sleeping when the next request is near.

    Attributes:
        schedule: The schedule that is followed, or None.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sockets: SocketSet | None,
        on_due: Callable[[], None],
        *,
        spin: bool,
    ) -> None:
        self.schedule: wire.Schedule | None = None
        self._due_ns = NEVER
        self._times: Iterator[int] = iter(())
        self._loop = loop
        self._sockets = sockets
        self._on_due = on_due
        self._spin = spin
        self._timer: Timer | None = None
        self._wakes_at_ns = NEVER
        self._until_ns = NEVER

    @property
    def due_ns(self) -> int:
        """When the oldest request that is not sent is due; NEVER without a schedule."""
        return self._due_ns

    def begin(self, schedule: wire.Schedule | None) -> None:
        """Follow another schedule, or none."""
        self.schedule = schedule
        if schedule is None:
            self._forget()
            return
        if self._timer is None:
            self._timer = self._watched_timer()
        self._times = due_times(
            schedule.arrivals,
            schedule.rate,
            schedule.anchor_ns,
            part=schedule.part,
            parts=schedule.parts,
            seed=schedule.seed,
        )
        self._wakes_at_ns = NEVER
        self._until_ns = NEVER if schedule.until_ns is None else schedule.until_ns - 1
        self._begin()

    def take(self) -> int:
        """Return when the oldest unsent request is due, and go on to the next one."""
        due_ns = self.due_ns
        self._go_on()
        return due_ns

    def stop_at(self, until_ns: int) -> None:
        """Let nothing be due after this moment."""
        self._until_ns = min(until_ns, self._until_ns)
        self._limit()

    def end(self, until_ns: int) -> wire.Unsent | None:
        """End the schedule; return what was due until then and was not sent, if anything."""
        schedule = self.schedule
        first_ns = self.due_ns
        times = self._behind()
        self.begin(None)
        if schedule is None:
            return None
        until_ns = min(until_ns, self._until_ns)
        count = count_due(times, first_ns, until_ns, schedule.rate / schedule.parts)
        return wire.Unsent(first_ns, until_ns, count) if count else None

    def backlog(self, now_ns: int) -> int:
        """Return about how many requests are due and unsent."""
        if self.schedule is None or self.due_ns > now_ns:
            return 0
        return 1 + int((now_ns - self.due_ns) * self.schedule.rate / self.schedule.parts / 1e9)

    @property
    def likely(self) -> int:
        """Return how many connections are going to be needed, were every answer there in a millisecond.

        They are opened ahead: the first requests of a schedule would pay for them otherwise.
        """
        if self.schedule is None:
            return 0
        return min(MOST_AHEAD, 1 + int(self.schedule.rate / self.schedule.parts * AHEAD_S))

    def wake_at_due(self) -> None:
        """Make sure that `on_due` is called when the next request is due."""
        due_ns = self.due_ns
        if due_ns >= self._wakes_at_ns or due_ns == NEVER:
            return
        self._wakes_at_ns = due_ns
        if self._timer is None:
            self._loop.call_later(max(due_ns - monotonic_ns(), 0) / 1e9, self._wake)
        elif not self._spin:
            self._timer.arm(due_ns)
        elif due_ns - monotonic_ns() > SPIN_NS:
            self._timer.arm(due_ns - SPIN_NS)
        else:
            self._loop.call_soon(self._wake)

    def close(self) -> None:
        """Give the timer back."""
        if self._timer is not None:
            if self._sockets is None:
                self._loop.remove_reader(self._timer.fd)
            self._timer.close()
            self._timer = None

    # What is next.

    def _begin(self) -> None:
        self._go_on()

    def _go_on(self) -> None:
        due_ns = next(self._times)
        self._due_ns = due_ns if due_ns <= self._until_ns else NEVER

    def _limit(self) -> None:
        if self._due_ns > self._until_ns:
            self._due_ns = NEVER

    def _forget(self) -> None:
        self._due_ns = NEVER

    def _behind(self) -> Iterator[int]:
        return self._times

    def _watched_timer(self) -> Timer | None:
        with contextlib.suppress(OSError):  # no timerfd here: the loop's own timers, to a millisecond
            timer = Timer()
            if self._sockets is not None:
                self._sockets.watch_timer(timer.fd, self._wake)
            else:
                self._loop.add_reader(timer.fd, self._read_and_wake, timer)
            return timer
        return None

    def _read_and_wake(self, timer: Timer) -> None:
        timer.read()
        self._wake()

    def _wake(self) -> None:
        self._wakes_at_ns = NEVER
        self._on_due()
