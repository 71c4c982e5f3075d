"""The hot path in C: the same as the one in Python, whatever comes, but for when an answer has arrived."""

from __future__ import annotations

import asyncio
import ctypes
import select
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from time import monotonic_ns, sleep
from typing import Final, TypeAlias

import pytest
import trustme
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.connections.answers import Heads
from engine.connections.hot import library, path, tls
from engine.connections.hot.sockets import HotConnection, HotSockets
from engine.connections.http1 import Connection
from engine.connections.tally import Tally

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong"
OTHER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npong\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + SHORT
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"
GARBAGE = b"HTTP/2 what is this\r\n\r\n"
TOO_MUCH = LONG + b"yy"
ANSWERS = (SHORT, OTHER, LONG, CHUNKED, EMPTY, INTERIM, LAST, GARBAGE, TOO_MUCH)

compiled = pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")


class Pool:
    """What a connection needs of its pool; it writes down what it is told."""

    def __init__(self, *, held: bool) -> None:
        self.held = held
        self.bytes_in = 0
        self.heads = Heads(head_only=False)
        self.request = REQUEST
        self.tally = Tally()
        self.told: list[tuple[object, ...]] = []
        self.is_over = False

    def opened(self, connection: Connection) -> None:
        connection.send(monotonic_ns(), 0)

    def answered(self, connection: Connection, reusable: bool, now_ns: int) -> None:
        self.told.append(("answered", reusable))
        if reusable:
            connection.send(monotonic_ns(), 0)
        else:
            self.end(connection)

    def missed(self, connection: Connection) -> None:
        self.told.append(("missed",))
        self.end(connection)

    def broken(self, connection: Connection, kind: str, text: str) -> None:
        self.told.append(("broken", kind, text))
        self.end(connection)

    def gone(self, connection: Connection) -> None:
        if not self.is_over:
            self.told.append(("gone",))

    def end(self, connection: Connection) -> None:
        self.is_over = True
        connection.written_ns = 0
        connection.state = 0
        connection.close()

    def outcomes(self) -> list[int]:
        return sorted(memoryview(self.tally.take().outcome).cast("H"))  # a frame's records are in no order


class Wire(asyncio.Transport):
    """A transport that goes nowhere."""

    def write(self, data: object) -> None: ...

    def abort(self) -> None: ...


def in_python(pieces: list[bytes], *, held: bool, closed: bool) -> tuple[list[int], list[tuple[object, ...]]]:
    """Give the pieces to a connection as its transport would."""
    pool = Pool(held=held)
    connection = Connection(pool, 0)
    connection.connection_made(Wire())
    for piece in pieces:
        if not pool.is_over:
            connection.data_received(piece)
    if closed and not pool.is_over:
        connection.connection_lost(None)
    return pool.outcomes(), pool.told


Connected: TypeAlias = Callable[["Pool"], AbstractContextManager[tuple[HotSockets, "End"]]]


@contextmanager
def bare_sockets(request: bytes, heads: Heads) -> Iterator[HotSockets]:
    """Yield sockets without a connection, on a loop of their own."""
    found = library.load()
    assert found is not None, "there is a compiler, and no library: install loadtop again"
    loop = asyncio.new_event_loop()
    try:
        yield HotSockets(loop, found, request, heads)
    finally:
        loop.close()


class End:
    """The target's end of a connection, whose bytes a test carries."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def sealed(self, data: bytes) -> bytes:
        """Return what goes over the wire for these bytes."""
        return data

    def received(self) -> bytes:
        """Return all that came."""
        got = b""
        with suppress(BlockingIOError):
            while more := self.sock.recv(1 << 16, socket.MSG_DONTWAIT):
                got += more
        return got


class TlsEnd(End):
    """The same of a TLS connection."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = authority().wrap_bio(self._in, self._out, server_side=True)

    def shake(self, ours: ssl.SSLSocket) -> None:
        """Shake hands with the other end, which is ours too."""
        todo: list[Callable[[], object]] = [ours.do_handshake, self._tls.do_handshake]
        while todo:
            for step in list(todo):
                with suppress(ssl.SSLWantReadError):
                    step()
                    todo.remove(step)
                self._carry()

    def sealed(self, data: bytes) -> bytes:
        while data:
            data = data[self._tls.write(data) :]
        return self._out.read()

    def received(self) -> bytes:
        self._carry()
        got = b""
        with suppress(ssl.SSLWantReadError):
            while more := self._tls.read(1 << 16):
                got += more
        return got

    def farewell(self) -> bytes:
        """Return what says that no more is coming."""
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._out.read()

    def _carry(self) -> None:
        self.sock.sendall(self._out.read())
        self._in.write(super().received())


@cache
def authority() -> ssl.SSLContext:
    """Return what a target shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


@contextmanager
def hot_tls(pool: Pool, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Iterator[tuple[HotSockets, TlsEnd]]:
    """Yield sockets with one connection over TLS, sent on already, and its other end."""
    found = library.load()
    assert found is not None
    if not tls.use_openssl(found):
        pytest.skip("this Python keeps its OpenSSL to itself")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.maximum_version = newest
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    secured = client.wrap_socket(ours, do_handshake_on_connect=False)
    with secured, theirs, bare_sockets(pool.request, pool.heads) as sockets:
        end = TlsEnd(theirs)
        end.shake(secured)
        pool.tally.hot = sockets.hot
        sockets.hot.event.held = pool.held
        sockets.adopt(secured, HotConnection(pool, 0, sockets.hot))
        yield sockets, end


@contextmanager
def hot_sockets(pool: Pool, family: int = socket.AF_UNIX) -> Iterator[tuple[HotSockets, socket.socket]]:
    """Yield sockets with one connection, sent on already, and its other end."""
    if family == socket.AF_UNIX:
        ours, theirs = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as server:
            ours = socket.create_connection(server.getsockname())
            theirs, _ = server.accept()
    with ours, theirs, bare_sockets(pool.request, pool.heads) as sockets:
        ours.setblocking(False)
        pool.tally.hot = sockets.hot
        sockets.hot.event.held = pool.held
        sockets.adopt(ours, HotConnection(pool, 0, sockets.hot))
        yield sockets, theirs


@contextmanager
def hot_plain(pool: Pool) -> Iterator[tuple[HotSockets, End]]:
    """Yield sockets with one connection, sent on already, and its other end."""
    with hot_sockets(pool) as (sockets, theirs):
        yield sockets, End(theirs)


HOWS: Final = (hot_plain, partial(hot_tls, newest=ssl.TLSVersion.TLSv1_2), hot_tls)
"""A connection without TLS, and over its two versions."""


def run_once(sockets: HotSockets) -> None:
    """Let the sockets see what is there, and the loop do what was put off."""
    sockets._drain()
    sockets._loop.call_soon(sockets._loop.stop)
    sockets._loop.run_forever()


def in_c(pieces: list[bytes], *, held: bool, closed: bool) -> tuple[list[int], list[tuple[object, ...]]]:
    """Send the pieces through a socket, each one when the one before was read."""
    pool = Pool(held=held)
    with hot_sockets(pool) as (sockets, theirs):
        for piece in pieces:
            if not pool.is_over:
                with suppress(BlockingIOError):  # in the middle of an answer, nothing was sent
                    theirs.recv(1 << 16, socket.MSG_DONTWAIT)
                theirs.sendall(piece)
                for _ in range(4):  # a long one is read in parts
                    run_once(sockets)
        if closed and not pool.is_over:
            theirs.close()
            run_once(sockets)
            run_once(sockets)
        return pool.outcomes(), pool.told


def in_c_over_tls(
    pieces: list[bytes], cuts: list[int], *, held: bool, closed: bool
) -> tuple[list[int], list[tuple[object, ...]]]:
    """Send the pieces over TLS, each one cut at these places of what goes over the wire."""
    pool = Pool(held=held)
    with hot_tls(pool) as (sockets, end):
        for piece in pieces:
            if not pool.is_over:
                end.received()
                for part in split(end.sealed(piece), cuts):
                    end.sock.sendall(part)
                    run_once(sockets)
        if closed and not pool.is_over:
            end.sock.sendall(end.farewell())
            run_once(sockets)
            run_once(sockets)
        return pool.outcomes(), pool.told


def split(data: bytes, at: list[int]) -> list[bytes]:
    """Cut bytes at these places."""
    places = sorted({place % len(data) for place in at} - {0})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Answers one after another, each whole or in pieces; no piece has bytes of two."""
    answers = draw(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=6))
    cuts = st.lists(st.integers(0, 10_000), max_size=3)
    return [piece for answer in answers for piece in split(answer, draw(cuts))]


@compiled
@settings(max_examples=300, deadline=None)
@example([SHORT, SHORT, SHORT], False, True)
@example([CHUNKED, CHUNKED, CHUNKED], False, False)
@example([LONG, LONG[:5000], LONG[5000:8000], LONG[8000:], LONG], True, False)
@example([LONG, LONG[:5000]], False, True)
@example([LONG, TOO_MUCH], False, False)
@given(streams(), st.booleans(), st.booleans())
def test_both_hot_paths_come_to_the_same(pieces: list[bytes], held: bool, closed: bool) -> None:
    assert in_c(pieces, held=held, closed=closed) == in_python(pieces, held=held, closed=closed)


@compiled
@settings(max_examples=200, deadline=None)
@example([SHORT, SHORT, SHORT], [3, 20], False, True)
@example([LONG, LONG[:5000], LONG[5000:8000], LONG[8000:], LONG], [4000], True, False)
@given(streams(), st.lists(st.integers(0, 20_000), max_size=3), st.booleans(), st.booleans())
def test_over_tls_it_is_the_same(pieces: list[bytes], cuts: list[int], held: bool, closed: bool) -> None:
    told = in_python(pieces, held=held, closed=closed)
    assert in_c_over_tls(pieces, cuts, held=held, closed=closed) == told


@compiled
def test_what_came_with_the_farewell_of_tls_counts() -> None:
    pool = Pool(held=False)
    with hot_tls(pool) as (sockets, end):
        end.received()
        end.sock.sendall(end.sealed(SHORT) + end.farewell())
        run_once(sockets)
        run_once(sockets)
        assert pool.outcomes() == [200]
        assert pool.told == [("missed",)]  # the next request, which nobody will answer


@compiled
def test_records_that_were_changed_on_their_way_are_an_error() -> None:
    pool = Pool(held=False)
    with hot_tls(pool) as (sockets, end):
        record = bytearray(end.sealed(SHORT))
        record[-1] ^= 1
        end.sock.sendall(record)
        run_once(sockets)
        ((_, kind, text),) = pool.told
        assert kind == "reset"
        assert str(text).endswith("TLS: decryption failed or bad record mac")


@compiled
def test_ssl_that_keeps_its_connections_in_another_way_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = library.load()
    assert found is not None
    monkeypatch.setattr(tls, "_CONTEXT", 2)
    tls.use_openssl.cache_clear()
    assert not tls.use_openssl(found)
    tls.use_openssl.cache_clear()


@compiled
def test_an_answer_ends_when_it_arrives_and_not_when_it_is_read() -> None:
    pool = Pool(held=False)
    early = 0
    with hot_sockets(pool, socket.AF_INET) as (sockets, theirs):
        for _ in range(50):  # the kernel begins to stamp some moments after it was asked to
            theirs.recv(1 << 16)
            theirs.sendall(SHORT)
            select.select([sockets._epoll.fileno()], [], [], 10)
            sleep(0.05)
            read_ns = monotonic_ns()
            run_once(sockets)
            ended = pool.tally.take()
            (written_ns,), (last_ns,) = (memoryview(column).cast("q") for column in ended[:2])
            assert written_ns <= last_ns
            early += last_ns <= read_ns - 45_000_000
            if early == 3:  # one read by Python, the others by C
                return
    raise AssertionError(f"only {early} of 50 answers ended before they were read")


@compiled
@pytest.mark.parametrize("connected", HOWS)
def test_a_body_that_no_buffer_holds_is_counted(connected: Connected) -> None:
    pool = Pool(held=False)
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
    with connected(pool) as (sockets, end):
        for _ in range(3):
            assert end.received() == REQUEST
            for part in split(end.sealed(long), list(range(0, 1_000_000, 50_000))):
                end.sock.sendall(part)
                run_once(sockets)
        assert pool.outcomes() == [200, 200, 200]
        assert pool.bytes_in + sockets.hot.take_bytes_in() == 3 * len(long)


@compiled
def test_an_answer_keeps_its_status_while_others_come_in_between() -> None:
    pool = Pool(held=False)
    with hot_sockets(pool) as (sockets, theirs):
        ours, others = socket.socketpair()
        with ours, others:
            ours.setblocking(False)
            sockets.adopt(ours, HotConnection(pool, 0, sockets.hot))
            theirs.sendall(LONG)
            run_once(sockets)
            theirs.sendall(LONG[:5000])  # C waits for the rest of it
            run_once(sockets)
            others.sendall(OTHER)
            run_once(sockets)
            theirs.sendall(LONG[5000:])
            run_once(sockets)
            assert pool.outcomes() == [200, 200, 503]


@compiled
@pytest.mark.parametrize("connected", HOWS)
def test_what_the_kernel_does_not_take_whole_is_sent_in_order_when_it_does(connected: Connected) -> None:
    pool = Pool(held=False)
    pool.request = REQUEST + b"x" * 3_000_000
    with connected(pool) as (sockets, end):
        for _ in range(3):
            received = b""
            while len(received) < len(pool.request):
                received += end.received()
                run_once(sockets)
            assert received == pool.request
            end.sock.sendall(end.sealed(SHORT))
            run_once(sockets)
        assert pool.outcomes() == [200, 200, 200]


@compiled
def test_requests_that_are_out_are_looked_at_all_at_once() -> None:
    pool = Pool(held=False)
    with hot_sockets(pool) as (sockets, _):
        now_ns = monotonic_ns()
        out, oldest_ns, late = sockets.look(0, now_ns)
        assert (out, late) == (1, [])
        assert oldest_ns < now_ns
        out, oldest_ns, late = sockets.look(now_ns, now_ns)
        assert (out, oldest_ns, len(late)) == (1, now_ns, 1)
        sockets.hot._late = (ctypes.c_int32 * 0)()  # more are late than there is room for
        assert len(sockets.look(now_ns, now_ns)[2]) == 1


@compiled
def test_python_and_c_agree_on_what_is_where() -> None:
    found = library.load()
    assert found is not None
    assert found.hot_size(0) == ctypes.sizeof(path.Event)
    assert found.hot_size(1) == path.CONNECTION_BYTES


def test_a_library_of_another_source_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "checksum", lambda: 1)
    library.load.cache_clear()
    assert library.load() is None
    library.load.cache_clear()


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.SWITCH, "python")
    library.load.cache_clear()
    assert library.load() is None
    library.load.cache_clear()


@compiled
def test_it_compiles_without_a_warning(tmp_path: Path) -> None:
    strict = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
    command = ["cc", *strict, "-DHOT_SOURCE=0u", "-shared", "-fPIC", "-o", str(tmp_path / "hot.so")]
    subprocess.run([*command, *map(str, library.sources())], check=True)
