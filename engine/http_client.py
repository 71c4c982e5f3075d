"""The one module that knows httpx: it builds the request, and reads a target's debug endpoints.

What answers there may be anything: a page of HTML, an endless download, a redirect to a login, a process that
is being killed. So every answer is bounded in time and in bytes, none is followed elsewhere, and all that can
go wrong is one exception with a reason fit to be shown.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Final, Self

import anyio
import httpx
from msgspec import Struct

from engine.errors import UsageError
from engine.plan import Plan, Tls
from engine.tls import client_context
from engine.version import __version__

TIMEOUT_S: Final = 1.0  # a probe that is later than this says more by its absence
LIMIT_BYTES: Final = 8 << 20  # heap profiles of big services are about 1 MB
_REASON_WIDTH: Final = 100
_DEFAULT_HEADERS: Final = (("User-Agent", f"loadtop/{__version__}"), ("Accept", "*/*"))


class FetchFailed(Exception):
    """No usable answer; the message is one line that says why."""


class TooLarge(FetchFailed):
    """The answer is longer than anything that is worth reading."""


class Answer(Struct, frozen=True):
    """An answer, whatever its status.

    Attributes:
        status: HTTP status code; redirects are not followed.
        body: The body, or what was asked to be kept of it.
        took_ns: From before the request was sent until the last byte was here.
    """

    status: int
    body: bytes
    took_ns: int


class Fetcher:
    """Reads URLs over one keep-alive connection of its own, one at a time.

    Proxies and credentials of the environment are not used: the figures must come from where the load goes.

    Args:
        tls: Whom to trust for https, as the load does; the system's authorities where None.
        unix_socket: A Unix socket to connect to, whatever the URL's host.
        timeout_s: How long one `get` may take, all in all.
        headers: Sent with every request: what the endpoints want to know of who asks.
    """

    def __init__(
        self,
        *,
        tls: Tls | None = None,
        unix_socket: str | None = None,
        timeout_s: float = TIMEOUT_S,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._tls = tls
        self._unix_socket = unix_socket
        self._timeout_s = timeout_s
        self._headers = headers
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def get(self, url: str, *, after: bytes | None = None, limit: int = LIMIT_BYTES) -> Answer:
        """Read a URL.

        Args:
            url: What to read.
            after: Keep only what follows the last occurrence of this, nothing where there is none. The rest is
                dropped while it arrives.
            limit: The longest body that is read.

        Raises:
            FetchFailed: There was no answer, or not within the time.
            TooLarge: The body is longer than `limit`; reading stopped there.
        """
        client = await self.open()
        began = time.monotonic_ns()
        try:
            async with asyncio.timeout(self._timeout_s), client.stream("GET", url) as response:
                body = await _read(response, after, limit)
        except (httpx.TimeoutException, TimeoutError):
            raise FetchFailed(f"no answer within {self._timeout_s:g} s") from None
        except httpx.ConnectError:
            raise FetchFailed("no connection") from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError) as error:
            raise FetchFailed(_one_line(error)) from None
        return Answer(response.status_code, body, time.monotonic_ns() - began)

    async def open(self) -> httpx.AsyncClient:
        """Make ready to connect; `get` does so by itself.

        Raises:
            FetchFailed: The files that say whom to trust cannot be read.
        """
        if self._client is None:
            try:
                self._client = await asyncio.to_thread(
                    _client, self._tls, self._unix_socket, self._timeout_s, self._headers
                )
            except OSError as error:
                raise FetchFailed(_one_line(error)) from None
        return self._client


def _client(
    tls: Tls | None, unix_socket: str | None, timeout_s: float, headers: tuple[tuple[str, str], ...]
) -> httpx.AsyncClient:
    """Make a client, in a thread: what it imports and reads the first time would hold up a loop for 0.1 s."""
    anyio.run(anyio.sleep, 0)  # httpx gets its sockets from anyio, which loads itself in its first run
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(
            verify=client_context(tls or Tls(server_name="")),
            trust_env=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            uds=unix_socket,
        ),
        trust_env=False,
        follow_redirects=False,
        timeout=timeout_s,
        # A few compressed bytes can become any number of plain ones; these endpoints compress nothing.
        headers=[
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "loadtop-probe"),
            *headers,
        ],
    )


async def _read(response: httpx.Response, after: bytes | None, limit: int) -> bytes:
    kept = bytearray()
    seen = 0
    found = after is None
    async for chunk in response.aiter_raw():
        seen += len(chunk)
        if seen > limit:
            raise TooLarge(f"more than {limit} bytes")
        fresh = len(kept)
        kept += chunk
        if after is not None:
            found = _drop_before(kept, after, fresh) or found
            if not found:
                # The marker may lie across two chunks: its length less one must stay.
                del kept[: max(0, len(kept) - len(after) + 1)]
    return bytes(kept) if found else b""


def _drop_before(kept: bytearray, marker: bytes, fresh: int) -> bool:
    """Drop everything up to the last marker that ends in the bytes from `fresh` on."""
    at = kept.rfind(marker, max(0, fresh - len(marker) + 1))
    if at < 0:
        return False
    del kept[: at + len(marker)]
    return True


def _one_line(error: Exception) -> str:
    # The text may quote what the peer sent.
    text = "".join(letter if letter.isprintable() else " " for letter in str(error))
    return f"{type(error).__name__}: {text}"[:_REASON_WIDTH].rstrip(": ")


def serialise(plan: Plan) -> bytes:
    """Return the bytes of the request that a plan sends over and over.

    Raises:
        UsageError: httpx finds something in the URL or the headers that cannot be sent.
    """
    given = {name.lower() for name, _ in plan.headers}
    headers = list(plan.headers)
    headers += [(name, value) for name, value in _DEFAULT_HEADERS if name.lower() not in given]
    if not plan.keepalive and "connection" not in given:
        headers.append(("Connection", "close"))
    try:
        request = httpx.Request(plan.method, plan.url, headers=headers, content=plan.body or None)
    except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
        raise UsageError(f"the request to '{plan.url}' cannot be built: {error}") from error
    lines = [b"%s %s HTTP/1.1" % (plan.method.encode(), request.url.raw_path)]
    lines += [b"%s: %s" % pair for pair in request.headers.raw]
    return b"\r\n".join(lines) + b"\r\n\r\n" + plan.body
