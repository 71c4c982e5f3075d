"""The generator's ceiling, against the null server."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from engine.ceiling import measure
from engine.errors import EngineLost
from engine.http_client import serialise
from engine.null_server import ANSWER
from engine.plan import Load, Plan

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    "plan",
    [
        Plan(url="http://example.invalid/", load=Load(concurrency=4)),
        Plan(url="https://example.invalid/", method="POST", body=b"x\r\n\r\n" * 1000, workers=2),
        Plan(url="http://example.invalid/", load=Load(mode="open", rate=5.0, concurrency=4096)),
    ],
    ids=["closed", "with a body", "open"],
)
def test_the_ceiling_is_of_the_plan_s_own_requests_whatever_its_target(plan: Plan) -> None:
    assert measure(plan, serialise(plan)).rps > 200


def test_the_null_server_answers_as_many_requests_as_bytes_make_however_they_are_cut() -> None:
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "engine.null_server", "10", "2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        with socket.create_connection(("127.0.0.1", int(server.stdout.readline())), timeout=30.0) as client:
            for piece in (b"x" * 4, b"x" * 15, b"x" * 11):
                client.sendall(piece)
            got = b""
            while len(got) < 3 * len(ANSWER):
                got += client.recv(4096)
            assert got == ANSWER * 3
        server.stdin.close()
        assert server.wait(30.0) == 0


def test_a_null_server_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.helper.sys.executable", "/bin/false")
    plan = Plan(url="http://example.invalid/")
    with pytest.raises(EngineLost, match="leave that out"):
        measure(plan, serialise(plan))
