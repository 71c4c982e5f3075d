"""Runs without a terminal, as scripts and CI start them: what is printed where, what is kept, how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from engine.errors import Exit
from tests.targets.go import GoServer
from tests.tui.launch import counts, kept, run, start, until, valid

pytestmark = pytest.mark.live


def test_the_command_of_the_design_writes_a_report_that_fits_its_schema(
    go_server: GoServer, tmp_path: Path
) -> None:
    arguments = (
        "--concurrency",
        "40",
        "--duration",
        "1s",
        "--report-format",
        "json",
        "--output",
        "report.json",
    )
    done = run("run", "--target", f"{go_server.url}/ping", *arguments, cwd=tmp_path)
    assert done.returncode == Exit.OK, done.stderr
    report = valid((tmp_path / "report.json").read_text())
    (segment,) = report["segments"]
    assert segment["load"] == {"mode": "closed", "concurrency": 40, "rate": None, "arrivals": None}
    assert segment["requests"] == report["result"]["requests"] > 100
    assert segment["index"] == report["result"]["segment"] == 0
    assert report["environment"]["target"]["pid"] == go_server.pid
    assert "throughput" in done.stdout  # the report for people, as the file has the one for programs
    (session,) = kept()
    assert done.stderr == (
        f"loadtop: report: report.json\nloadtop: session: {session} (`loadtop open` shows it)\n"
    )
    assert valid(session.read_text())["id"] == report["id"]

    listed = run("list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.splitlines()[1].startswith(session.stem)
    opened = run("open", session.stem)
    assert (opened.returncode, opened.stderr) == (0, "")
    assert opened.stdout == done.stdout


def test_stdout_has_nothing_but_the_report_and_exactly_so_many_requests_are_made(go_server: GoServer) -> None:
    before = counts(go_server.url)["served"]
    done = run(f"{go_server.url}/ping", "-n", "1000", "-c", "7", "--report-format", "json")
    assert done.returncode == Exit.OK
    assert json.loads(done.stdout)["result"]["requests"] == 1000
    assert counts(go_server.url)["served"] - before == 1000


def test_repeated_runs_are_each_fresh_and_all_kept(go_server: GoServer) -> None:
    before = counts(go_server.url)["served"]
    arguments = ("-n", "600", "-c", "3", "--repeat", "3", "--warmup", "none", "--report-format", "json")
    done = run(f"{go_server.url}/ping", *arguments)
    assert done.returncode == Exit.OK, done.stderr
    assert counts(go_server.url)["served"] - before == 1800
    report = valid(done.stdout)
    assert [one["requests"] for one in report["repeats"]] == [600, 600, 600]
    assert report["repeats"][-1] == report["result"]
    figures = {figure["figure"]: figure for figure in report["repeated"]}
    throughput = figures["throughput"]
    assert sorted(throughput["values"])[1] == pytest.approx(throughput["median"])
    assert throughput["low"] < throughput["median"] < throughput["high"]
    assert report["plan"]["warmup"] == {"kind": "none", "time_s": None, "answers": None}
    assert report["result"]["counted_from_s"] in (0.0, None)  # None where it lasted for less than a block


def test_an_open_loop_is_reported_with_both_clocks(go_server: GoServer) -> None:
    done = run(
        f"{go_server.url}/ping", "-r", "400", "--arrivals", "constant", "-d", "2s", "--no-save", "--no-probe"
    )
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    assert "\x1b" not in done.stdout
    assert "open loop, 400 requests/s constant, at most" in done.stdout
    (heads,) = (line for line in done.stdout.splitlines() if line.strip().startswith("response "))
    assert heads.split()[:3] == ["response", "service", "lag"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_has(
    number: signal.Signals, go_server: GoServer, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    before = counts(go_server.url)["served"]
    with start("run", f"{go_server.url}/ping", "-c", "4", "-d", "5m", "-o", str(report)) as process:
        until(lambda: counts(go_server.url)["served"] > before + 200, "load")
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED
    assert "throughput" in stdout
    assert "Traceback" not in stderr
    (session,) = kept()
    for file in (report, session):
        assert valid(file.read_text())["result"]["requests"] >= 200
    held = counts(go_server.url)["served"]
    assert counts(go_server.url)["served"] == held


def test_nothing_but_failing_answers_is_no_measurement(go_server: GoServer) -> None:
    done = run(f"{go_server.url}/status?code=503", "-n", "50", "-c", "5", "--no-save")
    assert done.returncode == Exit.NOTHING_MEASURED
    assert done.stderr == (
        "loadtop: every one of 50 answers had a failing status (503); check the URL and headers\n"
    )


def test_an_unknown_theme_is_no_reason_not_to_measure(go_server: GoServer) -> None:
    done = run(f"{go_server.url}/ping", "-n", "10", "--theme", "mauve", "--no-save")
    assert (done.returncode, done.stderr) == (Exit.OK, "")


@pytest.mark.parametrize("arguments", [["schema"], ["--help"], ["run", "--help"], ["list"]])
def test_a_reader_that_has_seen_enough_is_no_error(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run(*arguments, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert "Broken" not in done.stderr and "Traceback" not in done.stderr
    assert done.returncode == 0


def test_a_run_whose_reader_is_gone_is_kept(go_server: GoServer) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run(f"{go_server.url}/ping", "-n", "500", stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    (session,) = kept()
    assert (done.returncode, done.stderr) == (0, f"loadtop: session: {session} (`loadtop open` shows it)\n")
    assert valid(session.read_text())["result"]["requests"] == 500


def limited(limits: str) -> tuple[str, ...]:
    """Return a shell that sets limits and becomes what follows."""
    return ("sh", "-c", f'{limits} && exec "$@"', "sh")


def test_the_soft_limit_of_open_files_is_raised(go_server: GoServer) -> None:
    asked = ("-c", "200", "-w", "1", "-n", "2000", "--no-save", "--no-probe")
    done = run(f"{go_server.url}/ping", *asked, before=limited("ulimit -Sn 128"))
    assert (done.returncode, done.stderr) == (0, "")


def test_past_the_hard_limit_of_open_files_the_line_says_so() -> None:
    done = run("http://127.0.0.1:9/", "-c", "400", "-w", "1", before=limited("ulimit -n 256"))
    assert done.returncode == Exit.USAGE
    assert done.stdout == ""
    assert done.stderr == (
        "loadtop: concurrency 400 is above the open-file limit: 256 files a process, so 192 connections over "
        "1 worker(s); raise the hard limit (ulimit -Hn) or use fewer\n"
    )


def test_the_demo_without_a_terminal_is_a_plain_run() -> None:
    done = run("demo", "-d", "1s")
    assert done.returncode == Exit.OK, done.stderr
    assert "simulated warm-up" in done.stdout
    assert "requests/s" in done.stdout
    (session,) = kept()
    assert valid(session.read_text())["name"] == "demo"
