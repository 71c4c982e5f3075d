"""Series of Prometheus pages that the user chose to see, as `--probe URL#name{label="x"}`.

What counts something is shown as a rate, anything else as its value; which of them it is, the page says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from engine.http_client import Fetcher, FetchFailed
from engine.plan import ChosenSeries
from engine.probes.base import SeriesSample
from engine.probes.prometheus import Page, Reader
from engine.probes.scene import Scene, Ticks
from engine.snapshot import Chosen

SOURCE: Final = "series"
INTERVAL_S: Final = 1.0


async def watch(scene: Scene) -> None:
    """Publish all chosen series once a second, for ever; returns at once where none were chosen."""
    wanted = sorted(scene.plan.probe_series, key=lambda one: (one.url, one.headers))
    pages = [list(group) for _, group in groupby(wanted, key=lambda one: (one.url, one.headers))]
    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(_follow(scene, page))


async def _follow(scene: Scene, wanted: Sequence[ChosenSeries]) -> None:
    """Read one page again and again."""
    ticks = Ticks(scene.clock)
    reader = Reader()
    meters = [Meter(one) for one in wanted]
    async with Fetcher(tls=scene.plan.tls, headers=wanted[0].headers) as fetcher:
        while True:
            await scene.wishes.polling.wait()
            page: Page | None = None
            try:
                answer = await scene.get(fetcher, wanted[0].url)
            except FetchFailed as failure:
                scene.gap(f"{SOURCE} {wanted[0].url}", str(failure))
            else:
                if answer.status == 200:
                    page = reader.read(answer.body)
                else:
                    scene.gap(f"{SOURCE} {wanted[0].url}", f"status {answer.status}")
            at_ns = scene.clock()
            scene.publish(SeriesSample(at_ns, tuple(meter.read(page, at_ns) for meter in meters)))
            await ticks.wait(INTERVAL_S)


class Meter:
    """One series from look to look."""

    def __init__(self, wanted: ChosenSeries) -> None:
        self._wanted = wanted
        self._labels = dict(wanted.labels).items()
        self._before: tuple[int, float] | None = None
        self._counts = False

    def read(self, page: Page | None, at_ns: int) -> Chosen:
        """Return what the series is worth on a page; unknown where there is no page, or not the series."""
        name = self._wanted.name
        values = [
            series.value
            for series in (page.series if page is not None else ())
            if series.name == name and self._labels <= series.labels.items()
        ]
        if page is None or not values:
            return Chosen(self._wanted.title, None, self._counts)
        now = sum(values)
        self._counts = counts = page.type_of(name) == "counter"
        if now - now != 0:  # no finite number
            return Chosen(self._wanted.title, None, counts)
        if not counts:
            return Chosen(self._wanted.title, now, counts)
        before, self._before = self._before, (at_ns, now)
        if before is None or now < before[1] or at_ns <= before[0]:
            return Chosen(self._wanted.title, None, counts)
        return Chosen(self._wanted.title, (now - before[1]) * 1e9 / (at_ns - before[0]), counts)
