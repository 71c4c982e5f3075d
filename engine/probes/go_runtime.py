"""The target's Go runtime, read over HTTP: which of its endpoints, and how often.

expvar is preferred to `heap?debug=1`: both stop the world to be read, but only the latter walks the whole heap
profile too. Nothing here starts a collection (`gc=1` would), and one look is over before the next begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from engine.http_client import LIMIT_BYTES, Answer, Fetcher, FetchFailed, TooLarge
from engine.probes.gc_account import Look, account
from engine.probes.memstats import SLOTS, TRAILER, MemStats, parse_trailer, parse_vars
from engine.probes.scene import Life, Scene, Ticks

SOURCE: Final = "go runtime"
FASTEST_S: Final = 0.2
SLOWEST_S: Final = 1.0
_PREFIX: Final = "/debug/pprof"
_VARS: Final = "/debug/vars"
_CMDLINE_BYTES: Final = 64 << 10
_RETRY_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_BAD_ANSWERS: Final = 3  # in a row, until another endpoint is looked for


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A page that shows MemStats, and how to read it."""

    url: str
    parse: Callable[[bytes], MemStats | None]
    after: bytes | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where a Go service may show its runtime.

    Attributes:
        prefix: Where its pprof pages are.
        endpoints: Pages that may show MemStats, the cheapest first.
    """

    prefix: str
    endpoints: tuple[Endpoint, ...]


def places(url: str) -> Places:
    """Return where to look, given a service's address, the prefix of its pprof pages, or one page to read."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    head, below, _ = path.partition(_PREFIX)
    if path.endswith("/vars"):
        prefix, variables = f"{path.removesuffix('/vars')}/pprof", path
    elif below or not path:
        prefix, variables = head + _PREFIX, head + _VARS
    else:
        # A prefix of the service's own, such as /admin/pprof.
        prefix = path.removesuffix("/heap")
        variables = f"{prefix.rpartition('/')[0]}/vars"
    root = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    endpoints = [
        Endpoint(root + variables, parse_vars),
        Endpoint(f"{root}{prefix}/heap?debug=1", parse_trailer, TRAILER),
    ]
    named = [endpoint for endpoint in endpoints if endpoint.url.partition("?")[0] == root + path]
    return Places(root + prefix, tuple(named or endpoints))


def origin(url: str) -> str:
    """Return a URL without its path and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "", "", ""))


def interval_s(rate_per_s: float) -> float:
    """Return how long to wait until the next look: the ring is to be half full by then, or less."""
    if rate_per_s * SLOWEST_S <= SLOTS / 2:
        return SLOWEST_S
    return max(FASTEST_S, SLOTS / 2 / rate_per_s)


async def watch(scene: Scene) -> None:
    """Publish what the target's collector does, for ever. Whatever else answers is a Gap, never an error."""
    where = places(scene.plan.probe_url or origin(scene.plan.url))
    poller = _Poller(scene)
    failures = 0
    plan = scene.plan
    async with Fetcher(tls=plan.tls, unix_socket=None if plan.probe_url else plan.unix_socket) as fetcher:
        while True:
            ticks = Ticks(scene.clock)
            try:
                endpoint = await _choose(scene, fetcher, where)
            except FetchFailed as failure:
                scene.tell(probe=f"no answer at {where.prefix} ({failure}); give --probe URL")
                scene.gap(SOURCE, str(failure))
                await ticks.wait(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
                continue
            failures = 0
            if endpoint is None:
                scene.tell(probe=f"no Go runtime at {where.prefix}; give --probe URL")
                await ticks.wait(_RETRY_S[-1])  # it may be restarted with one
                continue
            # What was recovered is exact; only where it is drawn depends on the clock.
            clock = "" if scene.target.same_host else ", placed by the target's clock"
            scene.tell(probe=f"{endpoint.url}: every pause{clock}", runtime=scene.target.runtime or "go")
            await poller.follow(fetcher, endpoint)


async def _choose(scene: Scene, fetcher: Fetcher, where: Places) -> Endpoint | None:
    """Return the cheapest endpoint that shows MemStats, or None where none does.

    Raises:
        FetchFailed: Nothing answers, so nothing can be said yet.
    """
    # The command line is read without stopping the world: it tells who is there, or that nobody is.
    answer = await _ask(fetcher, f"{where.prefix}/cmdline", limit=_CMDLINE_BYTES)
    command = _command(answer.body) if answer is not None else ""
    if command and not scene.target.command:
        scene.tell(command=command)
    for endpoint in where.endpoints:
        answer = await _ask(fetcher, endpoint.url, after=endpoint.after)
        if answer is not None and endpoint.parse(answer.body) is not None:
            return endpoint
    return None


async def _ask(
    fetcher: Fetcher, url: str, *, after: bytes | None = None, limit: int = LIMIT_BYTES
) -> Answer | None:
    """Return an answer that may be what was asked for, or None where it is certainly something else.

    Raises:
        FetchFailed: There was no answer, or one that says "not now".
    """
    try:
        answer = await fetcher.get(url, after=after, limit=limit)
    except TooLarge:
        return None
    if answer.status >= 500:
        raise FetchFailed(f"status {answer.status}")
    return answer if answer.status == 200 else None


def _command(body: bytes) -> str:
    """Read os.Args joined by NUL; "" for a page of something else."""
    words = body.decode("utf-8", "replace").replace("\0", " ").strip()
    return words if words.isprintable() and not words.startswith("<") else ""


class _Poller:
    """Looks again and again; what must outlive a change of endpoint is kept here."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._before: Look | None = None
        self._life: Life | None = None
        self._reborn = False
        self._lost = 0

    async def follow(self, fetcher: Fetcher, endpoint: Endpoint) -> None:
        """Publish samples until the endpoint has gone bad."""
        ticks = Ticks(self._scene.clock)
        bad = 0
        rate = 0.0
        while bad < _BAD_ANSWERS:
            self._check_life()
            try:
                answer = await fetcher.get(endpoint.url, after=endpoint.after)
            except TooLarge as failure:
                bad += 1
                self._scene.gap(SOURCE, str(failure))
            except FetchFailed as failure:
                self._scene.gap(SOURCE, str(failure))
            else:
                stats = endpoint.parse(answer.body) if answer.status == 200 else None
                if stats is None:
                    bad += 1
                    self._scene.gap(SOURCE, _complaint(answer))
                else:
                    bad = 0
                    rate = self._take(stats, answer.took_ns)
            await ticks.wait(interval_s(rate))

    def _check_life(self) -> None:
        """Notice a restart before the look that will see its effect; the counts alone need not show it."""
        life = self._scene.life()
        if self._life is not None and life != self._life:
            self._reborn = True
        self._life = life

    def _take(self, stats: MemStats, took_ns: int) -> float:
        """Publish one look, and return the rate of collections."""
        ended_ns = self._scene.clock()
        started = self._life.started_unix_s if self._life is not None else None
        now = Look(stats, ended_ns - took_ns, ended_ns, wall_offset_ns(self._scene.clock), started)
        result = account(self._before, now, lost=self._lost, reborn=self._reborn)
        self._before, self._reborn, self._lost = now, False, result.sample.gc.lost
        if result.restarted:
            self._scene.tell(restarted=True)
        self._scene.publish(result.sample)
        return result.sample.gc.rate_per_s


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
    return f"status {answer.status}" if answer.status != 200 else "no MemStats in the answer"
