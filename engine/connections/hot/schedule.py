"""An open loop's schedule and the connections that wait for it, where both are in the hot path's table."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Final, cast

from engine.connections.hot.path import MOST_DUE
from engine.connections.hot.sockets import HotConnection, HotSockets
from engine.connections.http1 import Connection
from engine.connections.idle import Idle
from engine.connections.pace import Pace
from engine.connections.timer import Timer

NO_TIMER: Final = -1


class HotIdle(Idle):
    """The connections that have nothing to send; the hot path takes from them too."""

    def __init__(self, sockets: HotSockets) -> None:
        self._hot = sockets.hot
        self._connection = sockets.connection

    def __bool__(self) -> bool:
        return bool(self._hot.event.waiting)

    def add(self, connection: Connection) -> None:
        self._hot.wait(cast(HotConnection, connection).fd)

    def remove(self, connection: Connection) -> None:
        self._hot.wait_no_more(cast(HotConnection, connection).fd)

    def take(self) -> Connection:
        fd = self._hot.waiting(longest=False)
        self._hot.wait_no_more(fd)
        return self._connection(fd)

    def oldest(self) -> Connection:
        return self._connection(self._hot.waiting(longest=True))


class HotPace(Pace):
    """Follows one schedule after another; the hot path has the next due times, and may send what is due."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sockets: HotSockets, on_due: Callable[[], None]
    ) -> None:
        super().__init__(loop, sockets, on_due, spin=False)
        self._hot = sockets.hot
        sockets.on_used_up, sockets.on_wanted = self._give_more, on_due

    @property
    def due_ns(self) -> int:
        due_ns: int = self._hot.event.due_ns
        return due_ns

    def wake_at_due(self) -> None:
        self._hot.wake_at_due()

    def close(self) -> None:
        self._hot.use_timer(NO_TIMER)
        super().close()

    def _begin(self) -> None:
        self._hot.until(self._until_ns)
        self._give_more()

    def _go_on(self) -> None:
        if self._hot.take_due():
            self._give_more()

    def _limit(self) -> None:
        self._hot.until(self._until_ns)

    def _forget(self) -> None:
        self._hot.set_due(())

    def _behind(self) -> Iterator[int]:
        return chain(self._hot.rest(), self._times)

    def _watched_timer(self) -> Timer | None:
        timer = super()._watched_timer()
        if timer is not None:
            self._hot.use_timer(timer.fd)
        return timer

    def _give_more(self) -> None:
        self._hot.set_due(list(islice(self._times, MOST_DUE)))
