"""Servers that behave as they are told, byte by byte: slow, rude, broken, or dying."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

Script: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong"


@asynccontextmanager
async def scripted(script: Script, *, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve every connection by a script, on the running loop; yields the port."""
    open_writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.add(writer)
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            open_writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await given_transports()
        for writer in list(open_writers):
            writer.transport.abort()
        await asyncio.sleep(0)


async def given_transports() -> None:
    """Wait until what a server has accepted has its transport: a socket without one is closed by nobody."""
    for _ in range(3):
        await asyncio.sleep(0)


def answering(*answers: bytes, pause_s: float = 0.0) -> Script:
    """Return a script that answers requests with these answers in turn, for ever."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = 0
        while await reader.readuntil(b"\r\n\r\n"):
            if pause_s:
                await asyncio.sleep(pause_s)
            writer.write(answers[turn % len(answers)])
            turn += 1

    return script


def answering_then_closing(answer: bytes) -> Script:
    """Return a script that answers one request and closes."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return script


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection instead of answering."""
    await reader.readuntil(b"\r\n\r\n")
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept, read, and never answer."""
    while await reader.read(65536):
        pass


async def trickling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a byte at a time, each in a packet of its own."""
    while await reader.readuntil(b"\r\n\r\n"):
        for byte in OK:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)


def closing_after(answers: int) -> Script:
    """Return a script that answers so many requests and closes without a word, as an idle time-out does."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(answers):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")  # the next one is on its way, and lost

    return script


def huge(size: int) -> Script:
    """Return a script that answers with a body of so many bytes, in pieces."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        piece = bytes(1 << 20)
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // len(piece)):
                writer.write(piece)
                await writer.drain()

    return script


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte now and then, and never the whole."""
    await reader.readuntil(b"\r\n\r\n")
    for byte in OK[:-1] * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def half_closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer, close the sending side, and go on reading."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK)
    writer.write_eof()
    while await reader.read(65536):
        pass
