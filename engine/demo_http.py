"""The demo target's HTTP/1.1: requests in, answers out in their order, at their time."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final, Protocol

import httptools

_LONGEST_HEAD: Final = 64 << 10
_MOST_PENDING: Final = 512  # answers owed to one connection before it is not read any more
_MOST_KNOWN: Final = 1024
_LONGEST_KNOWN: Final = 2048
_HEAD: Final = (
    "HTTP/1.1 {status}\r\nServer: loadtop-demo\r\nX-Loadtop-Demo: simulated warm-up\r\n"
    "Content-Type: {kind}\r\nContent-Length: {length}\r\n{extra}\r\n"
)


class Desk(Protocol):
    """What a connection asks of the server behind it.

    Attributes:
        known: Targets of requests that came before, by all of their bytes.
    """

    known: dict[bytes, str]

    def answer_to(self, target: str) -> tuple[bytes, bool]:
        """Return the answer to a request target, and whether it takes a service time."""

    def due(self, now: float) -> float:
        """Return when the answer to a request that arrives now is to be sent."""

    def send_at(self, due: float, connection: Connection, whole: bytes, last: bool) -> None:
        """Call the connection's `send` at that time."""


def answer(status: str, kind: str, body: bytes, extra: str = "") -> bytes:
    """Return a whole answer; `extra` is more header lines, each with its line end."""
    return _HEAD.format(status=status, kind=kind, length=len(body), extra=extra).encode() + body


class Connection(asyncio.Protocol):
    """One client. Requests that were seen before are known by their bytes and are not parsed again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._transport: Any = None
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._has_body = False
        self._whole: list[tuple[str, str, bool]] = []
        self._midway = False
        self._head_bytes = 0
        self._pending = 0
        self._last_due = 0.0
        self._closing = False
        self._choked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        fresh = not self._midway
        target = self._desk.known.get(data) if fresh else None
        if target is not None:
            self._reply("GET", target, keep=True)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request itself is answered; what it wanted to switch to is not spoken here.
            method, target, _ = self._whole.pop()
            self._whole.append((method, target, False))
        except httptools.HttpParserError:
            self._serve_whole(b"")
            self._refuse("400 Bad Request")
            return
        self._serve_whole(data if fresh else b"")
        if self._midway and self._head_bytes >= 0:
            self._head_bytes += len(data)
            if self._head_bytes > _LONGEST_HEAD:
                self._refuse("431 Request Header Fields Too Large")

    def pause_writing(self) -> None:
        self._choked = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._choked = False
        self._transport.resume_reading()

    # Called by the parser.

    def on_message_begin(self) -> None:
        self._midway = True
        self._has_body = False
        self._target = b""
        self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_headers_complete(self) -> None:
        self._head_bytes = -1  # a body may be of any length: nothing of it is kept

    def on_body(self, body: bytes) -> None:
        self._has_body = True

    def on_message_complete(self) -> None:
        self._midway = False
        method = self._parser.get_method().decode("ascii", "replace")
        target = self._target.decode("latin-1")
        self._whole.append((method, target, self._parser.should_keep_alive()))

    def send(self, whole: bytes, last: bool) -> None:
        """Send an answer whose time has come; close after the last one."""
        self._pending -= 1
        transport = self._transport
        if transport is None:
            return
        transport.write(whole)
        if last:
            transport.close()
        elif self._pending == _MOST_PENDING // 2 and not self._choked:
            transport.resume_reading()

    def _serve_whole(self, alone: bytes) -> None:
        """Answer the requests that are complete; `alone` is what arrived where it began with a request."""
        whole, self._whole = self._whole, []
        for method, target, keep in whole:
            self._reply(method, target, keep)
        if len(whole) == 1 and not self._midway and not self._has_body and alone.endswith(b"\r\n\r\n"):
            method, target, keep = whole[0]
            room = len(alone) <= _LONGEST_KNOWN and len(self._desk.known) < _MOST_KNOWN
            if method == "GET" and keep and room:
                self._desk.known[alone] = target

    def _reply(self, method: str, target: str, keep: bool) -> None:
        if self._closing:
            return
        whole, takes_time = self._desk.answer_to(target)
        if method == "HEAD":
            whole = whole[: whole.index(b"\r\n\r\n") + 4]
        now = time.monotonic()
        self._schedule(self._desk.due(now) if takes_time else now, whole, last=not keep)

    def _refuse(self, status: str) -> None:
        whole = answer(status, "text/plain", status.encode(), "Connection: close\r\n")
        self._schedule(time.monotonic(), whole, last=True)

    def _schedule(self, due: float, whole: bytes, last: bool) -> None:
        """Send an answer in time, but never before those that were asked for earlier on this connection."""
        self._closing = self._closing or last
        self._pending += 1
        if self._pending == 1 and due <= time.monotonic():
            self.send(whole, last)
            return
        self._last_due = max(due, self._last_due) if self._pending > 1 else due
        self._desk.send_at(self._last_due, self, whole, last)
        if self._pending > _MOST_PENDING and self._transport is not None:
            self._transport.pause_reading()
