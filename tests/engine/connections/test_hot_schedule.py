"""The schedule in the hot path's table: the same as the one in Python."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import wire
from engine.connections.answers import Heads
from engine.connections.hot.path import MOST_DUE
from engine.connections.hot.schedule import HotIdle, HotPace
from engine.connections.hot.sockets import HotSockets
from engine.connections.idle import Idle
from engine.connections.pace import NEVER, Pace
from engine.plan import Arrivals
from tests.engine.connections.test_hot import bare_sockets

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")

ANCHOR_NS = 5_000_000_000


def sockets() -> AbstractContextManager[HotSockets]:
    return bare_sockets(b"GET / HTTP/1.1\r\n\r\n", Heads(head_only=False))


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "take", "oldest"]), st.integers(10, 16)), max_size=60
)


@settings(deadline=None)
@given(OPERATIONS)
def test_idle_connections_are_in_the_same_order(operations: list[tuple[str, int]]) -> None:
    with sockets() as hot:
        connections = {fd: cast(Any, SimpleNamespace(fd=fd)) for fd in range(10, 17)}
        plain, other = Idle(), HotIdle(cast(Any, SimpleNamespace(hot=hot.hot, connection=connections.get)))
        present: set[int] = set()
        for operation, fd in operations:
            connection = connections[fd]
            if operation == "add" and fd not in present:
                present.add(fd)
                plain._connections[connection.fd] = None  # a namespace has no hash
                other.add(connection)
            elif operation == "remove":
                present.discard(fd)
                plain._connections.pop(connection.fd, None)
                other.remove(connection)
            elif operation == "take" and plain:
                taken = other.take()
                assert cast(Any, plain.take()) == cast(Any, taken).fd
                present.discard(cast(Any, taken).fd)
            elif operation == "oldest" and plain:
                assert cast(Any, plain.oldest()) == cast(Any, other.oldest()).fd
            assert bool(plain) == bool(other)


def schedule(arrivals: Arrivals, rate: float, until_ns: int | None) -> wire.Schedule:
    return wire.Schedule(
        arrivals=arrivals, rate=rate, anchor_ns=ANCHOR_NS, part=1, parts=2, seed=7, until_ns=until_ns
    )


@settings(deadline=None)
@given(
    arrivals=st.sampled_from(["constant", "poisson"]),
    rate=st.sampled_from([50.0, 900.0, 40_000.0]),
    taken=st.integers(0, 3 * MOST_DUE),
    until_ms=st.none() | st.integers(0, 2000),
    stop_ms=st.none() | st.integers(0, 2000),
    end_ms=st.integers(0, 3000),
)
def test_a_schedule_is_the_same_in_both(
    arrivals: Arrivals, rate: float, taken: int, until_ms: int | None, stop_ms: int | None, end_ms: int
) -> None:
    with sockets() as hot:
        paces = (Pace(hot._loop, None, lambda: None, spin=True), HotPace(hot._loop, hot, lambda: None))
        seen: list[list[object]] = [[], []]
        for pace, notes in zip(paces, seen, strict=True):
            until_ns = None if until_ms is None else ANCHOR_NS + until_ms * 1_000_000
            pace.begin(schedule(arrivals, rate, until_ns))
            for _ in range(taken):
                if pace.due_ns < NEVER:
                    notes.append(pace.take())
            if stop_ms is not None:
                pace.stop_at(ANCHOR_NS + stop_ms * 1_000_000)
            notes.append((pace.due_ns, pace.backlog(ANCHOR_NS + 1_000_000_000)))
            notes.append(pace.end(ANCHOR_NS + end_ms * 1_000_000))
            notes.append(pace.due_ns)
            pace.close()
        assert seen[0] == seen[1]
