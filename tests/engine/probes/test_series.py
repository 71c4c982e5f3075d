from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from engine.plan import ChosenSeries, Plan
from engine.probes import series
from engine.probes.base import SeriesSample
from engine.probes.prometheus import Reader
from engine.probes.scene import Scene
from engine.probes.series import Meter
from engine.snapshot import Chosen
from tests.engine.probes.heard import Heard, one_source
from tests.targets.hostile import Script, answer, endless, hanging_up, hostile, pages

S = 1_000_000_000
TYPES = "# TYPE jobs counter\n# TYPE level gauge\n"


def values(meter: Meter, *texts: str | None) -> Iterator[Chosen]:
    """Read pages a second apart."""
    for second, text in enumerate(texts):
        page = None if text is None else Reader().read((TYPES + text).encode())
        yield meter.read(page, second * S)


def meter(name: str, **labels: str) -> Meter:
    return Meter(ChosenSeries(url="http://h/", name=name, labels=tuple(labels.items())))


def test_what_counts_is_a_rate_and_anything_else_a_value() -> None:
    read = values(meter("jobs_total"), "jobs_total 5", "jobs_total 15", None, "jobs_total 45", "jobs_total 3")
    assert [one.value for one in read] == [None, 10, None, 15, None]  # at the end it was restarted
    assert [one.value for one in values(meter("level"), "level 5", "level -2.5")] == [5, -2.5]
    assert [one.value for one in values(meter("untyped"), "untyped 5", "untyped 7")] == [5, 7]


def test_series_that_have_the_labels_are_added() -> None:
    text = (
        'jobs_total{kind="a",code="1"} 5\njobs_total{kind="a",code="2"} 7\njobs_total{kind="b",code="1"} 100\n'
    )
    (first,) = values(meter("jobs_total", kind="a"), text)
    assert first == Chosen('jobs_total{kind="a"}', None, True)
    read = list(values(meter("level", kind="a"), 'level{kind="a",x="1"} 2\nlevel{kind="a",x="2"} 3\nlevel 9'))
    assert read[0].value == 5


@pytest.mark.parametrize("odd", ["NaN", "+Inf"])
def test_what_is_no_number_is_not_shown(odd: str) -> None:
    assert [one.value for one in values(meter("level"), f"level {odd}", "level 1")] == [None, 1]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (hanging_up, ""),
        (endless, "more than"),
        (pages({}), "status 404"),
        (pages({}, answer(b"", status="302 Found", extra="Location: http://127.0.0.1:1/\r\n")), "status 302"),
    ],
)
def test_a_page_that_is_not_there_is_a_gap_and_no_value(script: Script, reason: str) -> None:
    async def run() -> None:
        heard = Heard()
        async with hostile(script) as url:
            chosen = (ChosenSeries(url=f"{url}/metrics", name="level"),)
            scene = Scene(Plan(url=url, probe_series=chosen), ("127.0.0.1", 1), heard, time.monotonic_ns)
            async with one_source(series.watch, scene, heard):
                await heard.until(lambda: heard.of(SeriesSample))
        assert heard.of(SeriesSample)[0].chosen == (Chosen("level"),)
        assert reason in heard.reasons[0]

    asyncio.run(run())


def test_one_page_is_read_once_for_all_its_series() -> None:
    asked: list[str] = []

    async def script(target: str, writer: asyncio.StreamWriter) -> None:
        asked.append(target)
        writer.write(answer(b"a 1\nb 2\n<html>\n"))

    async def run() -> None:
        heard = Heard()
        async with hostile(script) as url:
            chosen = tuple(ChosenSeries(url=f"{url}/metrics", name=name) for name in ("a", "b", "c"))
            scene = Scene(Plan(url=url, probe_series=chosen), ("127.0.0.1", 1), heard, time.monotonic_ns)
            async with one_source(series.watch, scene, heard):
                await heard.until(lambda: heard.of(SeriesSample))
                told = heard.of(SeriesSample)[0].chosen
        assert [one.value for one in told] == [1, 2, None]
        assert asked == ["/metrics"]

    asyncio.run(run())
