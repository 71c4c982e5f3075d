"""One forced collection of a Go target, at the user's wish: never by itself, and marked where it happened."""

from __future__ import annotations

from typing import Final

from engine.http_client import Fetcher, FetchFailed, TooLarge
from engine.probes.base import Told
from engine.probes.scene import Scene
from engine.probes.wishes import Pprof

SOURCE: Final = "forced gc"
KIND: Final = "gc-forced"
TIMEOUT_S: Final = 30.0  # the answer comes when all of the heap has been marked and swept


async def watch(scene: Scene) -> None:
    """Wait for wishes, and have a collection run for each; one that comes while another is done is the same."""
    while True:
        await scene.wishes.collection.wait()
        if scene.wishes.pprof is None:
            scene.gap(SOURCE, "no /debug/pprof was found, so nothing can be asked to collect")
        else:
            await _collect(scene, scene.wishes.pprof)
        scene.wishes.collection.clear()


async def _collect(scene: Scene, pprof: Pprof) -> None:
    page = f"{pprof.prefix}/heap?gc=1"
    async with Fetcher(
        tls=scene.plan.tls, unix_socket=pprof.unix_socket, timeout_s=TIMEOUT_S, headers=pprof.headers
    ) as fetcher:
        scene.publish(Told(scene.clock(), KIND, f"a collection was asked for at {page}"))
        try:
            answer = await scene.get(fetcher, page)
        except TooLarge:
            return  # the profile is not wanted, and it comes after the collection
        except FetchFailed as failure:
            scene.gap(SOURCE, str(failure))
            return
        if answer.status != 200:
            scene.gap(SOURCE, f"status {answer.status}")
