"""The connections of a worker, against servers that behave well and badly, on one loop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import resource
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import monotonic_ns
from weakref import WeakKeyDictionary

import pytest

from engine import wire
from engine.connections.opening import OPENING_AT_ONCE
from engine.connections.pool import Pool
from engine.plan import Arrivals
from tests.targets.scripted import (
    OK,
    Script,
    answering,
    answering_then_closing,
    closing_after,
    dripping,
    half_closing,
    huge,
    resetting,
    scripted,
    silent,
    trickling,
)

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("hot_path")]

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE_S = 30.0


def setup(port: int, **changes: object) -> wire.Setup:
    """Return a worker's setup for a server on this port."""
    fields: dict[str, object] = {
        "worker": 0,
        "family": socket.AF_INET,
        "address": ("127.0.0.1", port),
        "request": REQUEST,
        "head_only": False,
        "keepalive": True,
        "timeout_ns": 5_000_000_000,
    }
    return wire.Setup(**fields | changes)  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; generous, because machines are busy."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for is a number, not an event
            await asyncio.sleep(0.002)


@dataclass
class Noted:
    """What a pool's requests came to, so far."""

    written: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    outcome: list[int] = field(default_factory=list)
    planned: list[int] = field(default_factory=list)
    lag: list[int] = field(default_factory=list)


_NOTED: WeakKeyDictionary[Pool, Noted] = WeakKeyDictionary()


def noted(pool: Pool) -> Noted:
    """Return all that the pool's tally ever gave out."""
    so_far = _NOTED.setdefault(pool, Noted())
    for name, column in pool.tally.take()._asdict().items():
        getattr(so_far, name).extend(memoryview(column).cast("H" if name == "outcome" else "q"))
    return so_far


def forget(pool: Pool) -> None:
    """Begin anew with what the pool notes."""
    pool.tally.take()
    pool.tally.clear()
    _NOTED.pop(pool, None)


def seen(pool: Pool) -> Counter[str]:
    """Return what the pool's requests came to: statuses and error kinds, with their number."""
    return Counter(
        str(outcome) if outcome >= wire.FIRST_STATUS else wire.ERROR_KINDS[outcome]
        for outcome in noted(pool).outcome
    )


def drive(
    script: Script, check: Callable[[Pool], bool], *, concurrency: int = 4, **changes: object
) -> tuple[Pool, Counter[str]]:
    """Load a scripted server until `check` holds, drain, and return what was seen."""

    async def main() -> tuple[Pool, Counter[str]]:
        async with scripted(script) as port:
            pool = Pool(setup(port, **changes), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=concurrency, paused=False))
            await until(lambda: bool(pool.check_time_outs(monotonic_ns())) and check(pool))
            pool.finish()
            await until(lambda: bool(pool.check_time_outs(monotonic_ns())) and not pool.busy)
            before = seen(pool)
            pool.abandon(monotonic_ns())
            return pool, before

    return asyncio.run(main())


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npong\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
    ],
    ids=["length", "chunked", "204", "interim", "large"],
)
def test_answers_of_every_framing_keep_the_connections_busy(answer: bytes) -> None:
    pool, outcomes = drive(answering(answer), lambda pool: len(noted(pool).outcome) >= 200)
    status = "204" if b" 204 " in answer else "200"
    assert set(outcomes) == {status}
    assert len(pool.tally.connect) == 4  # keep-alive: each was opened once
    assert pool.take_bytes_in() >= 200 * len(answer)


def test_answers_in_single_bytes_are_read() -> None:
    _, outcomes = drive(trickling, lambda pool: len(noted(pool).outcome) >= 20)
    assert set(outcomes) == {"200"}


def test_answers_without_a_length_end_with_the_connection_and_a_new_one_is_opened() -> None:
    script = answering_then_closing(b"HTTP/1.1 200 OK\r\n\r\nuntil close")
    pool, outcomes = drive(script, lambda pool: len(noted(pool).outcome) >= 40)
    assert set(outcomes) == {"200"}
    assert len(pool.tally.connect) >= 40


def test_connection_close_in_an_answer_is_obeyed() -> None:
    script = answering(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    pool, outcomes = drive(script, lambda pool: len(noted(pool).outcome) >= 40)
    assert set(outcomes) == {"200"}
    assert len(pool.tally.connect) >= 40


def test_without_keep_alive_every_request_has_a_connection_of_its_own() -> None:
    pool, outcomes = drive(answering(OK), lambda pool: len(noted(pool).outcome) >= 40, keepalive=False)
    assert set(outcomes) == {"200"}
    assert len(pool.tally.connect) >= 40


def test_answers_to_head_have_no_body() -> None:
    script = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
    _, outcomes = drive(script, lambda pool: len(noted(pool).outcome) >= 40, head_only=True)
    assert set(outcomes) == {"200"}


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (resetting, "reset", "reset"),
        (answering_then_closing(b""), "closed", "instead of answering"),
        (answering_then_closing(OK[:-1]), "closed", "in the middle of an answer"),
        (answering_then_closing(b"SSH-2.0-nothing\r\n"), "protocol", "no HTTP/1.1 answer"),
        (answering(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000), "protocol", "longer than"),
    ],
    ids=["reset", "close", "half an answer", "another protocol", "endless head"],
)
def test_each_way_to_get_no_answer_has_a_kind_and_words(script: Script, kind: str, words: str) -> None:
    pool, outcomes = drive(script, lambda pool: len(noted(pool).outcome) >= 8)
    assert set(outcomes) == {kind}
    assert words in pool.tally.last_error


def test_bytes_that_nobody_asked_for_end_the_connection_but_not_the_answer() -> None:
    pool, outcomes = drive(answering(OK + b"HTTP/1.1 200 OK\r\n"), lambda pool: len(noted(pool).outcome) >= 20)
    assert set(outcomes) == {"200"}
    assert len(pool.tally.connect) >= 20


def test_a_request_without_an_answer_ends_at_its_time_out_and_is_no_shorter() -> None:
    pool, outcomes = drive(silent, lambda pool: len(noted(pool).outcome) >= 4, timeout_ns=200_000_000)
    assert set(outcomes) == {"timeout"}
    took = [last - written for last, written in zip(noted(pool).last, noted(pool).written, strict=True)]
    assert min(took) >= 200_000_000
    assert "0.2 s" in pool.tally.last_error


def test_a_target_that_refuses_is_tried_again_ever_more_slowly() -> None:
    async def main() -> Pool:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        pool = Pool(setup(port), asyncio.get_running_loop())
        pool.drive(wire.Drive(concurrency=2, paused=False))
        await until(lambda: len(noted(pool).outcome) >= 8)
        pool.finish()
        pool.abandon(monotonic_ns())
        return pool

    pool = asyncio.run(main())
    assert set(seen(pool)) == {"refused"}
    starts = sorted(noted(pool).written)
    rounds = [starts[i] for i in range(0, 8, 2)]  # both connections try together
    assert rounds[3] - rounds[2] > 2 * (rounds[1] - rounds[0]) * 0.9


def test_a_target_that_comes_back_is_loaded_again() -> None:
    async def main() -> None:
        async with scripted(answering(OK)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=3, paused=False))
            await until(lambda: len(noted(pool).outcome) >= 10)
        await until(lambda: seen(pool)["refused"] >= 3)
        forget(pool)
        async with scripted(answering(OK), port=port):
            await until(lambda: seen(pool)["200"] >= 10 and pool.open == 3)
            pool.finish()
            await until(lambda: not pool.busy)

    asyncio.run(main())


def test_more_and_fewer_connections_without_losing_a_request() -> None:
    async def main() -> Counter[str]:
        async with scripted(answering(OK, pause_s=0.001)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            for wanted in (3, 40, 7, 1, 20):
                pool.drive(wire.Drive(concurrency=wanted, paused=False))
                await until(lambda wanted=wanted: pool.open == wanted and pool.connecting == 0)  # type: ignore[misc]
                before = len(noted(pool).outcome)
                await until(lambda before=before: len(noted(pool).outcome) > before + 40)  # type: ignore[misc]
                assert pool.open == wanted
            pool.finish()
            await until(lambda: not pool.busy)
            return seen(pool)

    assert set(asyncio.run(main())) == {"200"}


def test_connections_are_opened_a_few_at_a_time() -> None:
    async def main() -> None:
        async with scripted(answering(OK)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=300, paused=False))
            assert pool.connecting == OPENING_AT_ONCE
            most = 0

            def look() -> bool:
                nonlocal most
                most = max(most, pool.connecting)
                return pool.open == 300

            await until(look)
            assert most <= OPENING_AT_ONCE
            pool.finish()
            await until(lambda: not pool.busy)

    asyncio.run(main())


def test_a_pause_sends_nothing_and_keeps_the_connections() -> None:
    async def main() -> None:
        async with scripted(answering(OK)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=5, paused=False))
            await until(lambda: len(noted(pool).outcome) >= 50)
            pool.drive(wire.Drive(concurrency=5, paused=True))
            await until(lambda: not pool.busy)
            held = len(noted(pool).outcome)
            assert pool.check_time_outs(10**18) == 10**18  # nothing is out, so nothing times out
            await asyncio.sleep(0)
            assert (len(noted(pool).outcome), pool.open) == (held, 5)
            pool.drive(wire.Drive(concurrency=5, paused=False))
            await until(lambda: len(noted(pool).outcome) >= held + 50)
            assert len(pool.tally.connect) == 5
            pool.finish()
            await until(lambda: not pool.busy)

    asyncio.run(main())


def test_a_limit_of_answers_is_met_exactly_even_where_some_requests_fail() -> None:
    flaky = answering(OK, OK, b"HTTP/1.1 200 OK\r\nContent-Length: bad\r\n\r\n")
    _, outcomes = drive(flaky, lambda pool: seen(pool)["200"] >= 100, concurrency=7, answers=100)
    assert outcomes["200"] == 100
    assert outcomes["protocol"] > 0
    assert set(outcomes) == {"200", "protocol"}


def test_what_is_still_out_at_the_end_is_counted_as_unfinished() -> None:
    async def main() -> Counter[str]:
        async with scripted(silent) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=6, paused=False))
            await until(lambda: pool.in_flight == 6)
            pool.finish()
            pool.abandon(monotonic_ns())
            assert pool.open == 0
            return seen(pool)

    assert asyncio.run(main()) == {"unfinished": 6}


def test_a_request_that_an_idle_close_lost_is_sent_again_and_counted() -> None:
    pool, outcomes = drive(closing_after(3), lambda pool: len(noted(pool).outcome) >= 60)
    assert set(outcomes) == {"200"}
    assert pool.tally.retried >= 15


def test_a_request_that_must_not_be_repeated_is_not() -> None:
    pool, outcomes = drive(closing_after(3), lambda pool: len(noted(pool).outcome) >= 60, repeatable=False)
    assert set(outcomes) == {"200", "closed"}
    assert pool.tally.retried == 0


def test_a_retried_request_of_an_open_loop_is_still_counted_from_when_it_was_due() -> None:
    async def main() -> Pool:
        async with scripted(closing_after(2)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=5, schedule=open_loop(200.0, monotonic_ns())))
            await until(lambda: len(noted(pool).outcome) >= 60)
            pool.finish()
            await until(lambda: not pool.busy)
            return pool

    pool = asyncio.run(main())
    assert pool.tally.retried > 10
    due = sorted(noted(pool).planned)
    assert len(set(due)) == len(due)
    # None is missing: what was lost came back with its own time.
    assert {after - before for before, after in pairwise(due)} <= {5_000_000}


def test_a_request_that_the_kernel_does_not_take_at_once_arrives_whole_again_and_again() -> None:
    body = random.Random(1).randbytes(3_000_000)
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + body
    seen_bodies: list[bool] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            seen_bodies.append(await reader.readexactly(len(body)) == body)
            writer.write(OK)

    _, outcomes = drive(script, lambda pool: len(noted(pool).outcome) >= 12, concurrency=3, request=request)
    assert set(outcomes) == {"200"}
    assert all(seen_bodies)
    assert len(seen_bodies) >= 12


def test_a_body_of_a_gigabyte_is_counted_and_never_held() -> None:
    size = 1 << 30
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pool, outcomes = drive(huge(size), lambda pool: bool(noted(pool).outcome), concurrency=1, answers=1)
    assert outcomes == {"200": 1}
    assert pool.take_bytes_in() > size
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 200_000


def test_a_byte_now_and_then_does_not_put_off_the_time_out() -> None:
    _, outcomes = drive(dripping, lambda pool: len(noted(pool).outcome) >= 4, timeout_ns=300_000_000)
    assert set(outcomes) == {"timeout"}


def test_a_target_that_closes_its_half_after_the_answer_gets_a_new_connection() -> None:
    _, outcomes = drive(half_closing, lambda pool: len(noted(pool).outcome) >= 20)
    assert set(outcomes) == {"200"}


def test_a_unix_socket_is_a_target_like_any_other(tmp_path: Path) -> None:
    path = str(tmp_path / "s")

    async def main() -> Counter[str]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await answering(OK)(reader, writer)
            writer.close()

        server = await asyncio.start_unix_server(serve, path)
        pool = Pool(setup(0, family=socket.AF_UNIX, address=(path,)), asyncio.get_running_loop())
        pool.drive(wire.Drive(concurrency=3))
        await until(lambda: len(noted(pool).outcome) >= 50)
        pool.finish()
        await until(lambda: not pool.busy)
        server.close()
        return seen(pool)

    assert set(asyncio.run(main())) == {"200"}


def open_loop(rate: float, at_ns: int, arrivals: Arrivals = "constant") -> wire.Schedule:
    """Return the schedule of a single worker."""
    return wire.Schedule(arrivals=arrivals, rate=rate, anchor_ns=at_ns, part=0, parts=1, seed=1)


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
def test_an_open_loop_sends_what_is_due_when_it_is_due(arrivals: Arrivals) -> None:
    async def main() -> Pool:
        async with scripted(answering(OK)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=50, schedule=open_loop(500.0, monotonic_ns(), arrivals)))
            await until(lambda: len(noted(pool).outcome) >= 300)
            pool.finish()
            await until(lambda: not pool.busy)
            return pool

    pool = asyncio.run(main())
    ended = noted(pool)
    assert set(seen(pool)) == {"200"}
    assert len(ended.planned) == len(ended.written) == len(ended.last) == len(ended.lag)
    planned = sorted(ended.planned)
    assert all(due <= written for due, written in zip(ended.planned, ended.written, strict=True))
    rate = (len(planned) - 1) / (planned[-1] - planned[0]) * 1e9
    assert rate == pytest.approx(500, rel=0.001 if arrivals == "constant" else 0.25)
    if arrivals == "constant":
        assert {after - before for before, after in pairwise(planned)} <= {2_000_000}
    assert pool.tally.connect  # opened as needed: far fewer than there may be
    assert len(pool.tally.connect) < 50


def test_an_open_loop_waits_for_connections_and_counts_the_wait_from_when_it_was_due() -> None:
    async def main() -> Pool:
        async with scripted(answering(OK, pause_s=0.05)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=2, schedule=open_loop(400.0, monotonic_ns())))
            await until(lambda: len(noted(pool).outcome) >= 20)
            assert pool.open == 2
            pool.finish()
            assert pool.busy
            pool.abandon(monotonic_ns())
            return pool

    pool = asyncio.run(main())
    ended = noted(pool)
    response = [last - due for last, due in zip(ended.last, ended.planned, strict=True)]
    service = [last - written for last, written in zip(ended.last, ended.written, strict=True)]
    assert max(response) > 3 * max(service)  # two connections at 20 a second each cannot follow 400 a second
    (unsent,) = pool.tally.unsent
    due = (unsent.last_ns - min(ended.planned)) * 400 // 1_000_000_000 + 1
    assert unsent.count == due - len(ended.planned)


def test_what_is_due_at_the_end_is_still_sent_while_there_is_time() -> None:
    async def main() -> Pool:
        async with scripted(answering(OK, pause_s=0.01)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=2, schedule=open_loop(400.0, monotonic_ns())))
            await until(lambda: len(noted(pool).outcome) >= 20)
            ended_ns = monotonic_ns()
            pool.finish()
            await until(lambda: not pool.busy)
            assert pool.open == 0
            assert not pool.tally.unsent
            assert max(noted(pool).planned) <= ended_ns
            assert max(noted(pool).last) > ended_ns
            return pool

    due = sorted(noted(asyncio.run(main())).planned)
    assert {after - before for before, after in pairwise(due)} == {2_500_000}


def test_the_backlog_of_one_schedule_is_not_billed_to_the_next() -> None:
    async def main() -> Pool:
        async with scripted(answering(OK, pause_s=0.02)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=1, schedule=open_loop(5000.0, monotonic_ns())))
            await until(lambda: len(noted(pool).outcome) >= 10)
            changed_ns = monotonic_ns()
            pool.drive(wire.Drive(concurrency=20, schedule=open_loop(20.0, changed_ns), at_ns=changed_ns))
            assert pool.tally.unsent[0].count > 100
            await until(lambda: sum(due >= changed_ns for due in noted(pool).planned) >= 8)
            pool.finish()
            await until(lambda: not pool.busy)
            after = [
                written - due
                for due, written in zip(noted(pool).planned, noted(pool).written, strict=True)
                if due >= changed_ns
            ]
            assert sorted(after)[len(after) // 2] < 20_000_000  # the old backlog would be seconds
            return pool

    asyncio.run(main())


def test_switching_from_closed_to_open_bills_nobody_for_the_past() -> None:
    async def main() -> None:
        async with scripted(answering(OK, pause_s=0.005)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=4))
            await until(lambda: len(noted(pool).outcome) >= 40)
            forget(pool)
            switched_ns = monotonic_ns()
            pool.drive(wire.Drive(concurrency=10, schedule=open_loop(200.0, switched_ns)))
            await until(lambda: len(noted(pool).outcome) >= 40)
            pool.drive(wire.Drive(concurrency=10, paused=True))
            pool.finish()
            await until(lambda: not pool.busy)
            assert min(noted(pool).planned) > switched_ns - 2_000_000_000

    asyncio.run(main())


def test_a_pause_of_an_open_loop_leaves_no_backlog() -> None:
    async def main() -> None:
        async with scripted(answering(OK)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            schedule = open_loop(300.0, monotonic_ns())
            pool.drive(wire.Drive(concurrency=10, schedule=schedule))
            await until(lambda: len(noted(pool).outcome) >= 30)
            pool.drive(wire.Drive(concurrency=10, schedule=schedule, paused=True))
            await until(lambda: not pool.busy)
            paused_ns = monotonic_ns()
            held = len(noted(pool).outcome)
            await until(lambda: monotonic_ns() > paused_ns + 200_000_000)
            assert len(noted(pool).outcome) == held
            resumed_ns = monotonic_ns()
            pool.drive(wire.Drive(concurrency=10, schedule=open_loop(300.0, resumed_ns)))
            await until(lambda: len(noted(pool).outcome) >= held + 30)
            assert all(due >= resumed_ns for due in noted(pool).planned[held:])
            pool.finish()
            await until(lambda: not pool.busy)

    asyncio.run(main())


def test_where_there_is_no_epoll_the_loop_s_own_transports_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.connections.pool.open_sockets", lambda *_: None)

    async def main() -> None:
        async with scripted(answering(OK)) as port:
            pool = Pool(setup(port), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=3))
            await until(lambda: seen(pool)["200"] >= 30)
            assert set(seen(pool)) == {"200"}
            pool.abandon(monotonic_ns())

    asyncio.run(main())
