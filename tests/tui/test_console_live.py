"""The console as a person has it: a real terminal, real keys, a real server that counts what reaches it."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from engine.errors import Exit
from tests.targets.go import GoServer, go_server
from tests.tui.launch import counts, kept, until, valid
from tests.tui.terminal import Terminal, terminal

pytestmark = pytest.mark.live

HUNG_UP = 128 + signal.SIGHUP
REACHED_S = 2.0
"""From the key to the server: a tenth of a second, and what a busy machine makes of it."""


def collections(server: GoServer) -> int:
    """Return how often the server's garbage collector ran."""
    with urllib.request.urlopen(f"{server.url}/debug/vars", timeout=10) as response:
        return int(json.load(response)["memstats"]["NumGC"])


def run_clock(shown: Terminal) -> int:
    """Return the seconds of the run that the screen says; -1 where it says none."""
    found = re.search(r" (?:RUNNING|PAUSED) (?: FROZEN )? *(\d+):(\d\d)", shown.screen)
    return int(found[1]) * 60 + int(found[2]) if found else -1


def watches(shown: Terminal, seconds: int) -> None:
    """Watch the screen until its run is so many seconds older."""
    begin = run_clock(shown)
    shown.reads_until(lambda: run_clock(shown) >= begin + seconds, f"{seconds} s more on the clock")


def reaches(shown: Terminal, server: GoServer, connections: int) -> None:
    """See a change of connections on the screen, and at the server in time."""
    pressed = time.monotonic()
    shown.reads_until(lambda: counts(server.url)["open"] >= connections, f"{connections} at the server")
    assert time.monotonic() - pressed < REACHED_S
    shown.sees(f"closed, {connections} connections", f"{connections} open")


def family(pid: int) -> list[psutil.Process]:
    """Return the processes that a process started."""
    return psutil.Process(pid).children(recursive=True)


def all_gone(processes: list[psutil.Process]) -> bool:
    """Return whether they are; one that nobody waited for yet is."""
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def test_a_session_at_the_keyboard() -> None:
    with go_server() as server:
        before = collections(server)
        with terminal(f"{server.url}/alloc?kb=32", "-c", "10", "-w", "1") as shown:
            shown.sees(" RUNNING ", "closed, 10 connections", "10 open", "req/s")
            shown.reads_until(lambda: re.search(r"\d/s +mean", shown.screen), "the collector seen")
            seen = collections(server)

            shown.press("}")
            reaches(shown, server, 20)
            shown.press("c")
            shown.sees("how many connections?")
            shown.press(*"25")
            shown.sees("20 → 25 conns")
            shown.press("\r")
            reaches(shown, server, 25)

            shown.press(" ")
            shown.sees(" PAUSED ")
            shown.reads_until(lambda: counts(server.url)["in_flight"] == 0, "quiet")
            held = counts(server.url)["served"]
            watches(shown, 1)
            assert counts(server.url)["served"] == held
            shown.press(" ")
            shown.sees(" RUNNING ")
            shown.reads_until(lambda: counts(server.url)["served"] > held, "load again")

            shown.press("f")
            shown.sees(" FROZEN ")
            shown.press("f")
            shown.reads_until(lambda: " FROZEN " not in shown.screen, "thawed")
            shown.press("t")
            shown.sees("theme ")
            shown.press("?")
            shown.sees("keys and panels")
            shown.press("?")
            shown.reads_until(lambda: "keys and panels" not in shown.screen, "the help closed")
            shown.press("S")
            shown.sees("saved to ")
            (session,) = kept()
            assert valid(session.read_text())["state"] == "running"

            shown.press("r")
            shown.sees("how many requests a second?")
            shown.press(*"200", "\r")
            shown.sees("open, 200/s poisson", "asked 200/s", "lag p99")
            watches(shown, 2)

            shown.press(" ")
            shown.sees(" PAUSED ")
            shown.reads_until(lambda: counts(server.url)["in_flight"] == 0, "quiet")
            last = collections(server)
            watches(shown, 3)  # a probe looks once a second
            shown.press("q")
            assert shown.ends() == Exit.OK
            assert shown.restored
            assert "throughput" in shown.scrollback
            assert f"session: {session}" in shown.scrollback
    report = valid(session.read_text())
    loads = [
        (row["load"]["mode"], row["load"]["concurrency"], row["load"]["rate"]) for row in report["segments"]
    ]
    closed = [("closed", number, None) for number in (10, 20, 25, 25)]
    assert loads == [*closed, ("open", 4096, 200.0)]
    assert all(row["requests"] and not row["errors"] for row in report["segments"])
    asked = ["start", "load", "load", "pause", "resume", "load", "pause", "end"]
    assert [event["kind"] for event in report["events"] if event["kind"] in asked] == asked
    lost = sum(row["target"]["gc"]["lost"] for row in report["segments"])
    assert last - seen <= len(report["pauses"]) + lost <= last - before


def test_a_connection_that_breaks_ends_everything_and_loses_nothing() -> None:
    with go_server() as server:
        with terminal(f"{server.url}/ping", "-c", "8", "-w", "2") as shown:
            shown.sees(" RUNNING ", "8 open")
            watches(shown, 1)
            workers = family(shown.pid)
            assert len(workers) == 2
            shown.hang_up()
            assert shown.ends(within_s=10) == HUNG_UP
        until(lambda: all_gone(workers), "the workers are gone", within_s=10)
        (session,) = kept()
        report = valid(session.read_text())
        assert report["result"]["requests"] > 0
        assert counts(server.url)["served"] >= report["result"]["requests"]


def test_a_request_to_end_is_a_quit(go_server: GoServer) -> None:
    with terminal(f"{go_server.url}/ping", "-c", "4", "-w", "1") as shown:
        shown.sees(" RUNNING ", "4 open")
        os.kill(shown.pid, signal.SIGTERM)
        assert shown.ends() == Exit.OK
        assert shown.restored
    (session,) = kept()
    assert valid(session.read_text())["state"] == "done"


def test_the_demo_is_one_command_and_its_session_can_be_looked_at_again() -> None:
    with terminal("demo", "-w", "1", size=(100, 32)) as shown:
        shown.sees(" RUNNING ", "simulated warm-up", "req/s")
        watches(shown, 1)
        started = family(shown.pid)
        shown.press("\x03")
        assert shown.ends() == Exit.OK
        assert shown.restored
        assert "simulated warm-up" in shown.scrollback
    assert len(started) == 2  # a worker and the demo target
    until(lambda: all_gone(started), "nothing is left")
    (session,) = kept()
    assert valid(session.read_text())["name"] == "demo"

    with terminal("open", session.stem, size=(80, 24)) as shown:
        shown.sees(" SAVED SESSION ", "req/s in #1")
        shown.press("+")
        shown.sees("no load to change")
        shown.press("q")
        assert shown.ends() == Exit.OK
        assert shown.restored


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {}], ids=["dumb", "--plain"])
def test_where_there_can_be_no_console_there_is_a_plain_run(
    variables: dict[str, str], go_server: GoServer, tmp_path: Path
) -> None:
    more = [] if variables else ["--plain"]
    with terminal(
        f"{go_server.url}/ping", "-n", "200", "-w", "1", "--no-save", *more, variables=variables
    ) as shown:
        assert shown.ends() == Exit.OK
    assert b"\x1b[?1049h" not in shown.written
    assert "throughput" in shown.screen


def test_an_answer_may_follow_its_key_in_one_burst() -> None:
    """As pasted, or as it comes over a line that stood still for a moment."""
    with go_server() as server, terminal(f"{server.url}/alloc?kb=1", "-c", "10") as shown:
        shown.sees(" RUNNING ", "closed, 10 connections")
        for index in range(10):
            shown.press(f"mq+pool={index}\r")
            shown.sees(f"marked: q+pool={index}")
        shown.press("c25\r")
        reaches(shown, server, 25)
        shown.press("q")
        assert shown.ends() == Exit.OK
