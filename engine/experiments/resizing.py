"""Settings with another number of workers: they are in force when the workers are there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.errors import EngineLost
from engine.experiments.outcome import Setting
from engine.fleet import Fleet


class Resizing:
    """Starts and ends workers, one setting after the other.

    Args:
        arrived: Told when the workers of a setting are there.
        failed: Told why they cannot be had; `arrived` follows all the same, with the workers that there are.
    """

    def __init__(self, arrived: Callable[[Setting], None], failed: Callable[[str], object]) -> None:
        self._arrived = arrived
        self._failed = failed
        self._one_by_one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_under_way(self) -> bool:
        """Whether a setting waits for its workers."""
        return bool(self._tasks)

    def begin(self, fleet: Fleet, setting: Setting) -> None:
        """Have the workers of a setting soon; returns at once."""
        task = asyncio.get_running_loop().create_task(self._resize(fleet, setting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def give_up(self) -> None:
        """Wait for no workers any more."""
        for task in self._tasks:
            task.cancel()

    async def _resize(self, fleet: Fleet, setting: Setting) -> None:
        async with self._one_by_one:
            try:
                await fleet.resize(setting.workers)
            except EngineLost as error:
                self._failed(str(error))
        self._arrived(setting)
