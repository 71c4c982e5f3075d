"""Where a service may show its runtime, and in which order the pages are tried.

Exact pauses come first: expvar is preferred to `heap?debug=1`, for both stop the world to be read, but only the
latter walks the whole heap profile too. Pages of metrics stop nothing, and tell no single pause.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from engine.plan import Plan
from engine.probes.dialects import runtime_reader
from engine.probes.memstats import TRAILER, parse_trailer, parse_vars
from engine.probes.reading import Reading, of_memstats

PPROF_PORT: Final = 6060
"""Where services that keep their debug pages apart have them: the port of net/http/pprof's documentation."""

_PREFIX: Final = "/debug/pprof"
_VARS: Final = "/debug/vars"
_METRICS: Final = ("/metrics", "/actuator/prometheus")


class Endpoint(Struct, frozen=True):
    """A page that shows a runtime, and how to read it."""

    url: str
    parse: Callable[[bytes], Reading | None]
    after: bytes | None = None


class Place(Struct, frozen=True):
    """One server that may show the runtime.

    Attributes:
        prefix: Where its pprof pages are.
        exact: Pages that may tell every pause, the cheapest first.
        metrics: Pages of metrics.
        headers: What must be sent along.
        unix_socket: Where to connect, if not to the host of the URLs.
        is_guess: Whether the server may be another service's.
    """

    prefix: str
    exact: tuple[Endpoint, ...]
    metrics: tuple[Endpoint, ...]
    headers: tuple[tuple[str, str], ...] = ()
    unix_socket: str | None = None
    is_guess: bool = False

    @property
    def words(self) -> str:
        """What is tried there, for people."""
        pages = [page.url for page in (*self.exact, *self.metrics)]
        first = urlsplit(pages[0])
        others = [urlsplit(page).path for page in pages[1:]]
        return ", ".join([f"{first.scheme}://{first.netloc}{first.path}", *others])


def given(plan: Plan) -> Place | None:
    """Return the place that the user gave, or None."""
    return None if plan.probe_url is None else place(plan.probe_url, headers=plan.probe_headers)


def guessed(plan: Plan) -> tuple[Place, ...]:
    """Return where to look unless told: at the target itself, and on the usual port of its host."""
    own = place(origin(plan.url), unix_socket=plan.unix_socket)
    parts = urlsplit(plan.url)
    if plan.unix_socket is not None or parts.port == PPROF_PORT:
        return (own,)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return (own, place(f"http://{host}:{PPROF_PORT}", is_guess=True))


def place(
    url: str,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    unix_socket: str | None = None,
    is_guess: bool = False,
) -> Place:
    """Return where to look, given a server's address, the prefix of its pprof pages, or one page to read."""
    parts = urlsplit(url)
    root = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
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
    exact: tuple[Endpoint, ...] = (
        Endpoint(root + variables, lambda body: of_memstats(parse_vars(body))),
        Endpoint(f"{root}{prefix}/heap?debug=1", lambda body: of_memstats(parse_trailer(body)), TRAILER),
    )
    named = tuple(page for page in exact if page.url.partition("?")[0] == root + path)
    if named:
        metrics: tuple[Endpoint, ...] = ()
    elif not path:
        metrics = tuple(Endpoint(root + page, runtime_reader()) for page in _METRICS)
    elif below:
        metrics = ()
    else:
        metrics = (Endpoint(url.partition("#")[0], runtime_reader()),)
        if path.endswith(("/metrics", "/prometheus")):
            exact = ()
    return Place(root + prefix, named or exact, metrics, headers, unix_socket, is_guess)


def origin(url: str) -> str:
    """Return a URL without its path and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "", "", ""))
