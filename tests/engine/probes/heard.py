"""What a watch published, and waiting for it without sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

from engine.plan import Plan
from engine.probes.base import Found, Gap, RuntimeSample, Sample
from engine.probes.scene import Scene
from engine.probes.watch import Source, watch
from engine.snapshot import Target

PATIENCE_S: Final = 30.0
Kind = TypeVar("Kind")


class Heard:
    """Takes samples and wakes who waits for them."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._news = asyncio.Event()

    def __call__(self, sample: Sample) -> None:
        self.samples.append(sample)
        self._news.set()

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return all samples of a kind."""
        return [sample for sample in self.samples if isinstance(sample, kind)]

    @property
    def target(self) -> Target:
        """What was last said of the target."""
        return self.of(Found)[-1].target

    @property
    def reasons(self) -> list[str]:
        """Why there were gaps."""
        return [gap.reason for gap in self.of(Gap)]

    @property
    def pauses(self) -> list[tuple[int, int]]:
        """All pauses, in the order of their samples."""
        return [pause for sample in self.of(RuntimeSample) for pause in sample.pauses]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something holds, after some sample."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain; heard: {self.samples[-12:]}") from None


@asynccontextmanager
async def watching(plan: Plan, address: tuple[str, int]) -> AsyncIterator[Heard]:
    """Watch a target while the block runs."""
    heard = Heard()
    async with _running(watch(plan, address, heard)):
        yield heard


@asynccontextmanager
async def one_source(source: Source, scene: Scene, heard: Heard) -> AsyncIterator[Heard]:
    """Run one source alone while the block runs."""
    async with _running(source(scene)):
        yield heard


@asynccontextmanager
async def _running(job: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(job)
    try:
        yield
    finally:
        failed = task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert not failed, "the watch ended by itself"
