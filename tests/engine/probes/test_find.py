from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from engine.probes.find import Listener, best, command_line, is_local, listening_pid

pytestmark = pytest.mark.live

ONE = Listener("127.0.0.1", 80, 1)
ALL = Listener("0.0.0.0", 80, 2)
ALL_SIX = Listener("::", 80, 3)
HOME_SIX = Listener("::1", 80, 4)
MAPPED = Listener("::ffff:127.0.0.1", 80, 5)
OTHER_PORT = Listener("127.0.0.1", 81, 6)
UNSEEN = Listener("127.0.0.1", 80, None)


@pytest.mark.parametrize(
    ("listeners", "host", "expected"),
    [
        ([], "127.0.0.1", None),
        ([OTHER_PORT, HOME_SIX], "127.0.0.1", None),
        ([ALL_SIX, ALL, ONE], "127.0.0.1", ONE),
        ([ALL_SIX, ALL], "127.0.0.1", ALL),
        ([ALL_SIX], "127.0.0.1", ALL_SIX),
        ([ALL, ALL_SIX], "::1", ALL_SIX),
        ([ALL, ALL_SIX, HOME_SIX], "::1", HOME_SIX),
        ([ALL, MAPPED], "127.0.0.1", MAPPED),
        ([ONE, ALL], "10.0.0.5", ALL),
        ([UNSEEN], "127.0.0.1", UNSEEN),
        ([UNSEEN, ONE], "127.0.0.1", ONE),
        ([ALL], "fe80::1%eth0", ALL),
    ],
)
def test_the_listener_on_the_very_address_is_preferred(
    listeners: list[Listener], host: str, expected: Listener | None
) -> None:
    assert best(listeners, host, 80) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.8.7", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("localhost", True),
        ("192.0.2.1", False),  # set aside for documentation: nobody has it
        ("2001:db8::1", False),
        ("", False),
        ("..", False),
    ],
)
def test_this_machine_knows_its_addresses(host: str, expected: bool) -> None:
    assert is_local(host) is expected


def test_a_listening_socket_leads_to_its_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert listening_pid("127.0.0.1", port) == os.getpid()
    assert listening_pid("127.0.0.1", port) is None


def test_workers_that_share_a_socket_lead_to_their_master() -> None:
    code = """
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
print(listening.getsockname()[1], os.getpid(), flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        port, pid = map(int, process.stdout.readline().split())
        assert listening_pid("127.0.0.1", port) == pid == process.pid
        process.stdin.close()


def test_a_command_line_is_in_words() -> None:
    assert os.path.basename(sys.executable) in command_line(os.getpid())
    assert command_line(2**22 + 1) == ""
