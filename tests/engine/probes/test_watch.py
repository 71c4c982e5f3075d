from __future__ import annotations

import asyncio
import json
import socket

import pytest

from engine.http_client import Fetcher
from engine.plan import Plan
from engine.probes import watch as watch_module
from engine.probes.base import Found, HostSample, ProcessSample, RuntimeSample
from engine.probes.scene import Scene
from engine.probes.watch import watch
from tests.engine.probes.heard import Heard, watching
from tests.targets.demo import DemoTarget
from tests.targets.go import GoServer, go_server

pytestmark = pytest.mark.live


async def collections(fetcher: Fetcher, url: str) -> tuple[int, list[int]]:
    """Return how many collections there were, and the pauses of the last ones, oldest first."""
    memstats = json.loads((await fetcher.get(f"{url}/debug/vars")).body)["memstats"]
    count: int = memstats["NumGC"]
    return count, [memstats["PauseNs"][number % 256] for number in range(max(0, count - 256), count)]


@pytest.mark.parametrize("page", ["", "/debug/pprof/heap?debug=1"])
def test_every_collection_of_a_go_server_is_told_with_its_pause(go_server: GoServer, page: str) -> None:
    async def run() -> None:
        url = go_server.url
        plan = Plan(url=f"{url}/alloc?kb=500", probe_url=f"{url}{page}" if page else None)
        async with Fetcher() as fetcher:
            before, _ = await collections(fetcher, url)
            async with watching(plan, (go_server.host, go_server.port)) as heard:
                await heard.until(lambda: heard.of(RuntimeSample))
                start, _ = await collections(fetcher, url)
                while (reached := await collections(fetcher, url))[0] < start + 60:
                    for _ in range(40):
                        await fetcher.get(f"{url}/alloc?kb=500")
                # Reading allocates too: there may be one more by the time the probe looks.
                await heard.until(lambda: len(heard.pauses) >= reached[0] - start)
                assert sum(sample.lost for sample in heard.of(RuntimeSample)) == 0
                after, truth = await collections(fetcher, url)
        told = [pause for _, pause in heard.pauses]
        assert reached[0] - start <= len(told) <= after - before
        assert any(told == truth[at : at + len(told)] for at in range(len(truth)))
        assert [end for end, _ in heard.pauses] == sorted(end for end, _ in heard.pauses)
        first, last = heard.of(RuntimeSample)[0], heard.of(RuntimeSample)[-1]
        assert all(first.poll_ns <= end <= last.at_ns for end, _ in heard.pauses)
        assert heard.target.pid == go_server.pid
        assert heard.target.runtime.startswith("go1.")
        assert heard.target.same_host
        assert heard.target.probe.startswith(url) and heard.target.probe.endswith(": every pause")

    asyncio.run(run())


def test_the_machine_and_the_process_are_watched_beside_it(go_server: GoServer) -> None:
    async def run() -> None:
        plan = Plan(url=f"{go_server.url}/ping")
        async with watching(plan, (go_server.host, go_server.port)) as heard:
            await heard.until(
                lambda: heard.of(HostSample) and heard.of(ProcessSample) and heard.of(RuntimeSample)
            )
        now = heard.of(ProcessSample)[0].process
        assert now.rss_peak_bytes >= now.rss_bytes > 1 << 20
        assert now.threads > 1
        assert "goserver" in heard.target.command

    asyncio.run(run())


def test_without_probing_only_the_machine_is_looked_at(go_server: GoServer) -> None:
    async def run() -> None:
        plan = Plan(url=f"{go_server.url}/ping", probing=False)
        async with watching(plan, (go_server.host, go_server.port)) as heard:
            await heard.until(lambda: heard.of(HostSample))
        assert {type(sample) for sample in heard.samples} == {Found, HostSample}
        assert heard.target.probe == "not read (--no-probe)"

    asyncio.run(run())


def test_a_target_that_returns_as_another_process_is_found_again() -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with go_server(port=port) as first:
            plan = Plan(url=f"{first.url}/ping")
            heard = Heard()
            task = asyncio.create_task(watch(plan, (first.host, port), heard))
            await heard.until(lambda: heard.of(RuntimeSample) and heard.of(ProcessSample))
            assert heard.target.pid == first.pid
        with go_server(port=port) as second:
            await heard.until(lambda: heard.target.pid == second.pid)
            seen = len(heard.of(RuntimeSample))
            await heard.until(lambda: len(heard.of(RuntimeSample)) > seen)
            task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()
        assert sum(found.restarted for found in heard.of(Found)) == 1
        assert f"process {first.pid} is gone" in heard.reasons

    asyncio.run(run())


def test_the_demo_target_is_read_like_a_go_service(demo_target: DemoTarget) -> None:
    async def run() -> None:
        url = demo_target.url
        head = b"GET /ping HTTP/1.1\r\nHost: demo\r\n\r\n"
        async with watching(Plan(url=f"{url}/ping"), (demo_target.host, demo_target.port)) as heard:
            await heard.until(lambda: heard.of(RuntimeSample) and heard.of(ProcessSample))
            reader, writer = await asyncio.open_connection(demo_target.host, demo_target.port)
            while not heard.pauses:
                writer.write(head * 400)
                for _ in range(400):
                    await reader.readuntil(b"pong")
            writer.close()
        assert heard.target.pid == demo_target.process.pid
        assert heard.target.runtime.startswith("python")
        assert all(pause > 0 for _, pause in heard.pauses)
        sample = heard.of(RuntimeSample)[-1]
        assert sample.gc.goal_bytes and sample.gc.rate_per_s > 0
        assert sample.gc.alloc_bytes_per_s

    asyncio.run(run())


def test_a_source_that_fails_is_a_gap_and_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = 0

    async def broken(scene: Scene) -> None:
        nonlocal starts
        starts += 1
        raise RuntimeError("what nobody thought of")

    async def run() -> None:
        monkeypatch.setattr(watch_module, "OF_TARGET", {"broken": broken})
        async with watching(Plan(url="http://127.0.0.1:1/"), ("127.0.0.1", 1)) as heard:
            await heard.until(lambda: len(heard.reasons) == 2)
        assert heard.reasons == ["RuntimeError: what nobody thought of"] * 2
        assert starts == 2

    asyncio.run(run())
