"""TLS to the target: verified unless told otherwise, with the client's own certificate where one is given."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns

import pytest
import trustme

from engine import target, wire
from engine.connections.hot import library
from engine.connections.hot.tls import use_openssl
from engine.connections.pool import Pool
from engine.errors import TargetUnreachable, UsageError
from engine.plan import Plan, Tls
from tests.engine.connections.test_pool import noted, seen, setup, until
from tests.targets.scripted import OK, answering, answering_then_closing, scripted, silent

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("hot_path")]


@dataclass(frozen=True)
class Authority:
    """A certificate authority, and files of it."""

    server: ssl.SSLContext
    ca_file: str
    client_file: str


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority, a server context for 127.0.0.1, and a client's certificate."""
    folder: Path = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(server)
    ca.cert_pem.write_to_path(folder / "ca.pem")
    ca.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    return Authority(server, str(folder / "ca.pem"), str(folder / "client.pem"))


def drive(server: ssl.SSLContext, tls: Tls, answers: int = 50) -> tuple[Counter[str], str]:
    """Load a TLS server until something is counted, and return what was, with the last error."""

    async def main() -> tuple[Counter[str], str]:
        async with scripted(answering(OK), tls=server) as port:
            pool = Pool(setup(port, tls=tls), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=3))
            await until(lambda: len(noted(pool).outcome) >= (answers if seen(pool)["200"] else 3))
            pool.finish()
            await until(lambda: pool.in_flight == 0)
            outcomes, error = seen(pool), pool.tally.last_error
            pool.abandon(monotonic_ns())
            return outcomes, error

    return asyncio.run(main())


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_trusted_target_is_loaded(authority: Authority, name: str) -> None:
    outcomes, _ = drive(authority.server, Tls(server_name=name, ca_file=authority.ca_file))
    assert set(outcomes) == {"200"}


@pytest.mark.parametrize(("name", "trusted"), [("127.0.0.1", False), ("elsewhere.example", True)])
def test_a_target_that_is_not_trusted_gets_no_request(authority: Authority, name: str, trusted: bool) -> None:
    tls = Tls(server_name=name, ca_file=authority.ca_file if trusted else None)
    outcomes, error = drive(authority.server, tls)
    assert set(outcomes) == {"tls"}
    assert "CERTIFICATE_VERIFY_FAILED" in error


def test_without_verifying_any_certificate_will_do(authority: Authority) -> None:
    outcomes, _ = drive(authority.server, Tls(server_name="elsewhere.example", verify=False))
    assert set(outcomes) == {"200"}


def test_a_target_that_asks_for_a_certificate_gets_the_client_s(authority: Authority) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other = trustme.CA()
    other.issue_cert("127.0.0.1").configure_cert(server)
    server.load_verify_locations(authority.ca_file)
    server.verify_mode = ssl.CERT_REQUIRED
    own = Tls(server_name="127.0.0.1", verify=False, certificate_file=authority.client_file)
    assert set(drive(server, own)[0]) == {"200"}
    assert "200" not in drive(server, Tls(server_name="127.0.0.1", verify=False))[0]


def test_what_is_wrong_with_the_certificate_is_told_before_the_run(authority: Authority) -> None:
    async def main() -> None:
        async with scripted(answering(OK), tls=authority.server) as port:
            url = f"https://127.0.0.1:{port}/"
            with pytest.raises(TargetUnreachable, match=r"is not trusted: .*--cacert FILE, or -k"):
                await asyncio.to_thread(target.find, Plan(url=url, tls=Tls(server_name="127.0.0.1")))
            with pytest.raises(UsageError, match="cannot use the certificate files"):
                wrong = Tls(server_name="127.0.0.1", ca_file=__file__)
                await asyncio.to_thread(target.find, Plan(url=url, tls=wrong))
            trusted = Tls(server_name="127.0.0.1", ca_file=authority.ca_file)
            found = await asyncio.to_thread(target.find, Plan(url=url, tls=trusted))
            assert found.host_port == ("127.0.0.1", port)

    asyncio.run(main())


def test_a_target_that_speaks_no_tls_is_told_from_one_that_is_not_there() -> None:
    async def main() -> None:
        async with scripted(answering(OK)) as port:
            plan = Plan(url=f"https://127.0.0.1:{port}/", tls=Tls(server_name="127.0.0.1"), timeout_s=1.0)
            with pytest.raises(TargetUnreachable, match="cannot connect"):
                await asyncio.to_thread(target.find, plan)

    asyncio.run(main())


def connections(pool: Pool) -> int:
    """Return how many connections were opened since the last frame."""
    return len(pool.tally.connect)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed_and_counted(authority: Authority, newest: ssl.TLSVersion) -> None:
    async def main() -> None:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca = trustme.CA()
        ca.issue_cert("127.0.0.1").configure_cert(server)
        server.maximum_version = newest
        async with scripted(answering_then_closing(OK), tls=server) as port:
            tls = Tls(server_name="127.0.0.1", verify=False)
            pool = Pool(setup(port, tls=tls, keepalive=False), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=1))
            await until(lambda: seen(pool)["200"] >= 10)
            opened, resumed = connections(pool), pool.tally.resumed
            pool.abandon(monotonic_ns())
        # The first one has nothing to resume; of TLS 1.3, a ticket may come too late to be of use once.
        assert opened - 3 <= resumed <= opened - 1

    asyncio.run(main())


@pytest.mark.parametrize("size", [5000, 20_000, 200_000])
def test_an_answer_of_many_records_is_read_to_its_end(authority: Authority, size: int) -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)

    async def main() -> None:
        async with scripted(answering(long), tls=authority.server) as port:
            tls = Tls(server_name="127.0.0.1", ca_file=authority.ca_file)
            pool = Pool(setup(port, tls=tls), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=2))
            await until(lambda: seen(pool)["200"] >= 20)
            assert set(seen(pool)) == {"200"}
            found = library.load()
            assert pool.stamped == (found is not None and use_openssl(found))
            assert pool.take_bytes_in() >= 20 * len(long)
            pool.abandon(monotonic_ns())

    asyncio.run(main())


def test_a_request_longer_than_the_kernel_takes_is_sent_whole(authority: Authority) -> None:
    body = bytes(range(256)) * 20_000
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    bodies: list[bytes] = []

    async def reading(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(0.01)  # until then its buffers fill
            bodies.append(await reader.readexactly(len(body)))
            writer.write(OK)

    async def main() -> None:
        async with scripted(reading, tls=authority.server) as port:
            tls = Tls(server_name="127.0.0.1", ca_file=authority.ca_file)
            pool = Pool(setup(port, tls=tls, request=request), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=2))
            await until(lambda: seen(pool)["200"] >= 4)
            assert set(seen(pool)) == {"200"}
            pool.abandon(monotonic_ns())

    asyncio.run(main())
    assert set(bodies) == {body}


def test_a_connection_that_ends_without_a_word_of_tls_is_closed_not_broken(authority: Authority) -> None:
    async def cutting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
        await writer.drain()
        sock = socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno()))
        sock.shutdown(socket.SHUT_WR)  # the end of TCP without an end of TLS
        sock.close()

    async def main() -> None:
        async with scripted(cutting, tls=authority.server) as port:
            tls = Tls(server_name="127.0.0.1", ca_file=authority.ca_file)
            pool = Pool(setup(port, tls=tls), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=1))
            await until(lambda: seen(pool)["200"] >= 3)
            assert set(seen(pool)) == {"200"}
            pool.abandon(monotonic_ns())

    asyncio.run(main())


def test_a_target_that_never_shakes_hands_is_given_up(authority: Authority) -> None:
    async def main() -> None:
        async with scripted(silent) as port:
            tls = Tls(server_name="127.0.0.1", ca_file=authority.ca_file)
            pool = Pool(setup(port, tls=tls, timeout_ns=100_000_000), asyncio.get_running_loop())
            pool.drive(wire.Drive(concurrency=2))
            await until(lambda: (pool.check_time_outs(monotonic_ns()), seen(pool)["connect"] >= 2)[1])
            assert "no connection within the time-out" in pool.tally.last_error
            pool.abandon(monotonic_ns())

    asyncio.run(main())
