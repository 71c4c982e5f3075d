"""A server whose debug endpoints answer whatever a test wants: garbage, silence, endless bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

from tests.targets.scripted import given_transports

Script: TypeAlias = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
"""Answers one request, given its target; may never return."""


@asynccontextmanager
async def hostile(script: Script) -> AsyncIterator[str]:
    """Serve by a script on a free port of this machine; gives the URL."""
    busy: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        busy.add(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await script(head.split(b" ")[1].decode(), writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            busy.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await given_transports()
        waiting = list(busy)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def answer(body: bytes, *, status: str = "200 OK", kind: str = "text/plain", extra: str = "") -> bytes:
    """Return a well-formed answer; `extra` is more header lines, each with its line end."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def pages(raw: Mapping[str, bytes], otherwise: bytes | None = None) -> Script:
    """Answer by request target, in raw bytes; others get `otherwise`, or a 404."""
    missing = answer(b"not found", status="404 Not Found") if otherwise is None else otherwise

    async def script(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(raw.get(target, missing))

    return script


async def silence(target: str, writer: asyncio.StreamWriter) -> None:
    """Accept the request and never answer."""
    await asyncio.Event().wait()


async def hanging_up(target: str, writer: asyncio.StreamWriter) -> None:
    """Break the connection off instead of answering."""
    writer.transport.abort()


async def endless(target: str, writer: asyncio.StreamWriter) -> None:
    """Answer with a body that does not end."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        await writer.drain()


async def dripping(target: str, writer: asyncio.StreamWriter) -> None:
    """Answer so slowly that no single wait is long, but all of them together are."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)
