"""The target's runtime, read over HTTP: which of its pages, and how often.

Nothing here starts a collection (`heap?gc=1` would; see `engine.probes.forced`), and one look is over before
the next begins.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from msgspec.structs import replace

from engine.http_client import Answer, Fetcher, FetchFailed, TooLarge
from engine.probes.attach import SMALL_BYTES, Choice, Server, choose, tried
from engine.probes.base import RUNTIME, RuntimeSample
from engine.probes.gc_account import Look, account
from engine.probes.go_process import gomaxprocs_of
from engine.probes.goroutines import count_of
from engine.probes.memstats import SLOTS, MemStats
from engine.probes.page_account import PageLook, account_page
from engine.probes.places import Place, given, guessed
from engine.probes.reading import WORDS, Reading
from engine.probes.scene import Life, Scene, Ticks
from engine.probes.wishes import Pprof

SOURCE: Final = RUNTIME
FASTEST_S: Final = 0.2
SLOWEST_S: Final = 1.0
_RETRY_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_BAD_ANSWERS: Final = 3  # in a row, until another page is looked for
_EAGER: Final = 5
"""The first looks, at the fastest: what the load will do to the collector is not known yet, and a ring that has
run over by the second look is lost."""


def interval_s(rate_per_s: float, looks: int = _EAGER) -> float:
    """Return how long to wait after so many looks: until the ring is half full, or less."""
    if looks < _EAGER:
        return FASTEST_S
    if rate_per_s * SLOWEST_S <= SLOTS / 2:
        return SLOWEST_S
    return max(FASTEST_S, SLOTS / 2 / rate_per_s)


async def watch(scene: Scene) -> None:
    """Publish what the target's collector does, for ever. Whatever else answers is a Gap, never an error."""
    poller = _Poller(scene)
    asked = given(scene.plan)
    failures = 0
    async with AsyncExitStack() as stack:

        async def server(place: Place) -> Server:
            fetcher = Fetcher(tls=scene.plan.tls, unix_socket=place.unix_socket, headers=place.headers)
            return Server(place, await stack.enter_async_context(fetcher))

        first = [await server(place) for place in ((asked,) if asked else guessed(scene.plan))]
        then = [await server(place) for place in guessed(scene.plan)] if asked else []
        while True:
            await scene.wishes.polling.wait()
            ticks = Ticks(scene.clock)
            choice = await choose(scene, first)
            if choice is None and any(one.is_metrics for one in first):
                # What was given is a page of metrics, of the machine or so, and says nothing of a runtime.
                choice = await choose(scene, then)
            if choice is not None:
                failures = 0
                fetcher = next(one.fetcher for one in (*first, *then) if one.place is choice.place)
                _introduce(scene, choice)
                await poller.follow(fetcher, choice)
                continue
            failure = first[0].failure
            if failure is None:
                scene.tell(
                    probe=f"no runtime at {tried(first, pages=True)}; give --probe URL", granularity="none"
                )
                await ticks.wait(_RETRY_S[-1])  # it may be restarted with one
                continue
            scene.tell(
                probe=f"no answer at {tried(first, pages=False)} ({failure}); give --probe URL",
                granularity="none",
            )
            scene.gap(SOURCE, str(failure))
            await ticks.wait(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
            failures += 1


def _introduce(scene: Scene, choice: Choice) -> None:
    """Tell what was found, and how much it will say."""
    place, reading = choice.place, choice.reading
    scene.wishes.pprof = Pprof(place.prefix, place.headers, place.unix_socket) if choice.pprof else None
    notes = ""
    if reading.granularity == "every":
        # What was recovered is exact; only where it is drawn depends on the clock.
        notes = "" if scene.target.same_host else ", placed by the target's clock"
    elif reading.runtime.startswith("go"):
        notes = "; every pause is only in /debug/vars or /debug/pprof: give --probe URL"
    scene.tell(
        probe=f"{choice.endpoint.url}: {WORDS[reading.granularity]}{notes}",
        granularity=reading.granularity,
        runtime=scene.target.runtime or reading.runtime,
        gomaxprocs=reading.gomaxprocs,
    )


class _Poller:
    """Looks again and again; what must outlive a change of page is kept here."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._before: Look | None = None
        self._page_before: PageLook | None = None
        self._life: Life | None = None
        self._reborn = False
        self._lost = 0
        self._goroutines: int | None = None

    async def follow(self, fetcher: Fetcher, choice: Choice) -> None:
        """Publish samples until the page has gone bad."""
        scene, endpoint = self._scene, choice.endpoint
        ticks = Ticks(scene.clock)
        # net/http has its index below the slash, fasthttp only without it.
        indexes = [f"{choice.place.prefix}/", choice.place.prefix] if choice.pprof else []
        counted_ns = 0
        bad = looks = 0
        rate = 0.0
        while bad < _BAD_ANSWERS:
            await scene.wishes.polling.wait()
            await self._check_life(choice)
            if indexes and scene.clock() - counted_ns > SLOWEST_S * 0.9e9:
                counted_ns = scene.clock()
                if not await self._count(fetcher, indexes[0]):
                    del indexes[0]
            try:
                answer = await scene.get(fetcher, endpoint.url, after=endpoint.after)
            except TooLarge as failure:
                bad += 1
                scene.gap(SOURCE, str(failure))
            except FetchFailed as failure:
                scene.gap(SOURCE, str(failure))
            else:
                reading = endpoint.parse(answer.body) if answer.status == 200 else None
                if reading is None:
                    bad += 1
                    scene.gap(SOURCE, _complaint(answer))
                else:
                    bad = 0
                    looks += 1
                    rate = self._take(reading, answer.took_ns)
            await ticks.wait(interval_s(rate, looks))

    async def _count(self, fetcher: Fetcher, index: str) -> bool:
        """Count goroutines; return whether it is worth asking again."""
        self._goroutines = None
        try:
            answer = await self._scene.get(fetcher, index, limit=SMALL_BYTES)
        except TooLarge:
            return False
        except FetchFailed:
            return True  # the look that follows will say so
        self._goroutines = count_of(answer.body) if answer.status == 200 else None
        return self._goroutines is not None

    async def _check_life(self, choice: Choice) -> None:
        """Notice a restart before the look that will see its effect; the counts alone need not show it."""
        scene = self._scene
        life, before = scene.life(), self._life
        if before is not None and life != before:
            self._reborn = True
        self._life = life
        if life is not None and life != before and choice.reading.gomaxprocs is None:
            scene.tell(gomaxprocs=await asyncio.to_thread(gomaxprocs_of, life.pid, scene.target.runtime))

    def _take(self, reading: Reading, took_ns: int) -> float:
        """Publish one look, and return the rate at which the ring fills."""
        scene = self._scene
        ended_ns = scene.clock()
        offset_ns = wall_offset_ns(scene.clock)
        if reading.memstats is not None:
            sample, restarted = self._take_ring(reading.memstats, ended_ns - took_ns, ended_ns, offset_ns)
        else:
            look = PageLook(reading, ended_ns - took_ns, ended_ns, offset_ns)
            result = account_page(self._page_before, look, reborn=self._reborn)
            self._before, self._page_before = None, look
            sample, restarted = result.sample, result.restarted
        self._reborn = False
        if restarted:
            scene.tell(restarted=True)
        scene.publish(sample)
        return sample.gc.rate_per_s if reading.memstats is not None else 0.0

    def _take_ring(
        self, stats: MemStats, began_ns: int, ended_ns: int, offset_ns: int
    ) -> tuple[RuntimeSample, bool]:
        started = self._life.started_unix_s if self._life is not None else None
        look = Look(stats, began_ns, ended_ns, offset_ns, started)
        result = account(self._before, look, lost=self._lost, reborn=self._reborn)
        self._before, self._page_before, self._lost = look, None, result.sample.gc.lost
        gc = replace(result.sample.gc, goroutines=self._goroutines)
        return replace(result.sample, gc=gc), result.restarted


def wall_offset_ns(clock: Callable[[], int]) -> int:
    """Return the wall clock less the monotonic one. Of three tries the quickest: we may be interrupted."""
    tries = []
    for _ in range(3):
        before = clock()
        wall = time.time_ns()
        after = clock()
        tries.append((after - before, wall - (before + after) // 2))
    return min(tries)[1]


def _complaint(answer: Answer) -> str:
    return f"status {answer.status}" if answer.status != 200 else "no runtime in the answer"
