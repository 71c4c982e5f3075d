"""Which page of a target shows its runtime best: every server that may have one is asked, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from engine.http_client import LIMIT_BYTES, Answer, Fetcher, FetchFailed, TooLarge
from engine.probes import find
from engine.probes.node_exporter import MARK
from engine.probes.places import PPROF_PORT, Endpoint, Place, origin
from engine.probes.prometheus import parse
from engine.probes.reading import Reading
from engine.probes.scene import Scene

SMALL_BYTES: Final = 256 << 10
"""Of a command line, or an index."""


class Choice(Struct, frozen=True):
    """The page to read, where it is, and what it said when it was tried."""

    place: Place
    endpoint: Endpoint
    reading: Reading
    pprof: bool
    """Whether pprof's pages are there too."""


class Server:
    """A place with a connection to it, and what is known of it from this search."""

    def __init__(self, place: Place, fetcher: Fetcher) -> None:
        self.place = place
        self.fetcher = fetcher
        self.failure: FetchFailed | None = None
        self.has_pprof = False
        self.is_metrics = False


async def choose(scene: Scene, servers: Sequence[Server]) -> Choice | None:
    """Return the page that tells most, and of those the cheapest; None where no page shows a runtime."""
    for server in servers:
        server.failure, server.has_pprof, server.is_metrics = None, False, False
        if server.place.exact:
            await _knock(scene, server)
    for exact in (True, False):
        for server in servers:
            place = server.place
            for endpoint in place.exact if exact else place.metrics:
                reading = await _try(scene, server, endpoint)
                if reading is not None and (not place.is_guess or await _is_the_targets(scene)):
                    return Choice(place, endpoint, reading, server.has_pprof)
    return None


async def _knock(scene: Scene, server: Server) -> None:
    """Read the command line, which stops nothing: it tells who is there, or that nobody is."""
    answer = await _ask(scene, server, f"{server.place.prefix}/cmdline", limit=SMALL_BYTES)
    command = _command(answer.body) if answer is not None else ""
    server.has_pprof = bool(command)
    if command and not scene.target.command and not server.place.is_guess:
        scene.tell(command=command)


async def _try(scene: Scene, server: Server, endpoint: Endpoint) -> Reading | None:
    answer = await _ask(scene, server, endpoint.url, after=endpoint.after)
    if answer is None:
        return None
    reading = endpoint.parse(answer.body)
    if endpoint in server.place.metrics and MARK.encode() in answer.body:
        reading = None  # a machine's exporter is a Go program too, and tells of itself
    if reading is None and endpoint in server.place.metrics:
        server.is_metrics = server.is_metrics or bool(parse(answer.body))
    if reading is not None and endpoint.after is not None:
        server.has_pprof = True
    return reading


async def _ask(
    scene: Scene, server: Server, url: str, *, after: bytes | None = None, limit: int = LIMIT_BYTES
) -> Answer | None:
    """Return an answer that may be what was asked for, or None where it is none; a dead server is noted."""
    if server.failure is not None:
        return None
    try:
        answer = await scene.get(server.fetcher, url, after=after, limit=limit)
    except TooLarge:
        return None
    except FetchFailed as failure:
        server.failure = failure
        return None
    if answer.status >= 500:
        server.failure = FetchFailed(f"status {answer.status}")
    return answer if answer.status == 200 else None


async def _is_the_targets(scene: Scene) -> bool:
    """Whether the usual port is of the target's own process; on another host it is taken to be."""
    if not scene.target.same_host:
        return True
    there, here = await asyncio.gather(
        asyncio.to_thread(find.listening_pid, scene.host, PPROF_PORT),
        asyncio.to_thread(find.listening_pid, scene.host, scene.port),
    )
    return there is not None and there in (here, scene.plan.pid)


def tried(servers: Sequence[Server], *, pages: bool) -> str:
    """Say where a runtime was looked for, with the pages that were asked for or without."""
    return " or ".join(
        f"port {PPROF_PORT}" if one.place.is_guess else one.place.words if pages else origin(one.place.prefix)
        for one in servers
    )


def _command(body: bytes) -> str:
    """Read os.Args joined by NUL; "" for a page of something else."""
    words = body.decode("utf-8", "replace").replace("\0", " ").strip()
    return words if words.isprintable() and not words.startswith("<") else ""
