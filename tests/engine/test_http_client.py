from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.http_client import Answer, Fetcher, FetchFailed, TooLarge
from tests.targets.hostile import Script, answer, dripping, endless, hanging_up, hostile, pages, silence


def fetch(script: Script, get: Callable[[Fetcher, str], Awaitable[Answer]]) -> Answer:
    async def run() -> Answer:
        async with hostile(script) as url, Fetcher(timeout_s=0.5) as fetcher:
            return await get(fetcher, url)

    return asyncio.run(run())


def plain(fetcher: Fetcher, url: str) -> Awaitable[Answer]:
    return fetcher.get(f"{url}/page")


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "503 Service Unavailable"])
def test_an_answer_is_given_whatever_its_status(status: str) -> None:
    found = fetch(pages({"/page": answer(b"body", status=status)}), plain)
    assert (found.status, found.body) == (int(status[:3]), b"body")
    assert 0 < found.took_ns < 500_000_000


def test_redirects_are_not_followed() -> None:
    moved = answer(b"", status="302 Found", extra="Location: /page\r\nSet-Cookie: a=b\r\n")
    assert fetch(pages({"/page": moved}), plain).status == 302


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (silence, "no answer within 0.5 s"),
        (dripping, "no answer within 0.5 s"),
        (pages({}, b"\x00\x01garbage\r\n\r\n\x1b[31m"), "RemoteProtocolError: "),
        (pages({}, b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n"), "RemoteProtocolError: "),
        (pages({}, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "RemoteProtocolError: "),
        (hanging_up, ""),
    ],
)
def test_whatever_goes_wrong_is_one_error_with_one_line(script: Script, reason: str) -> None:
    with pytest.raises(FetchFailed) as failure:
        fetch(script, plain)
    text = str(failure.value)
    assert text.startswith(reason)
    assert text.isprintable()
    assert 0 < len(text) <= 100


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://[::1", "http://exa mple/", "ftp://127.0.0.1/", "/x"]
)
def test_urls_that_lead_nowhere_are_the_same_error(url: str) -> None:
    async def run() -> None:
        async with Fetcher() as fetcher:
            with pytest.raises(FetchFailed):
                await fetcher.get(url)

    asyncio.run(run())


def test_an_endless_body_is_read_up_to_the_limit() -> None:
    with pytest.raises(TooLarge, match="more than 100000 bytes"):
        fetch(endless, lambda fetcher, url: fetcher.get(url, limit=100_000))
    with pytest.raises(TooLarge):
        fetch(endless, lambda fetcher, url: fetcher.get(url, after=b"marker", limit=100_000))


def in_pieces(*pieces: bytes) -> Script:
    async def script(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    return script


@pytest.mark.parametrize(
    ("pieces", "kept"),
    [
        ([b"before<mark>after"], b"after"),
        ([b"before<ma", b"rk>after"], b"after"),
        ([b"before", b"<", b"m", b"a", b"r", b"k", b">", b"a", b"f"], b"af"),
        ([b"one<mark>two<mark>three"], b"three"),
        ([b"one<mark>two<ma", b"rk>three"], b"three"),
        ([b"<mark>"], b""),
        ([b"x" * 300_000, b"<mark>tail", b"!" * 70_000], b"tail" + b"!" * 70_000),
        ([b"no such thing <mar"], b""),
        ([b"x"], b""),
    ],
)
def test_only_what_follows_the_last_marker_is_kept(pieces: list[bytes], kept: bytes) -> None:
    assert fetch(in_pieces(*pieces), lambda fetcher, url: fetcher.get(url, after=b"<mark>")).body == kept


def test_one_connection_serves_many_polls_and_a_new_one_follows_a_lost_one() -> None:
    connections: set[object] = set()

    async def script(target: str, writer: asyncio.StreamWriter) -> None:
        connections.add(writer.get_extra_info("peername"))
        last = target == "/last"
        writer.write(answer(b"", extra="Connection: close\r\n" if last else ""))
        if last:
            writer.close()

    async def run() -> None:
        async with hostile(script) as url, Fetcher() as fetcher:
            for _ in range(5):
                await fetcher.get(url)
            assert len(connections) == 1
            await fetcher.get(f"{url}/last")
            await fetcher.get(url)
            assert len(connections) == 2

    asyncio.run(run())


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert fetch(pages({"/page": answer(b"direct")}), plain).body == b"direct"
