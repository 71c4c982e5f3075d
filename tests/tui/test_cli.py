"""The command line: every wrong word is one line and an exit code, and nothing was started."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import jsonschema
import pytest

from engine.errors import Exit
from engine.run import Run
from tui.arguments import COMMANDS
from tui.cli import main

pytestmark = pytest.mark.live

URL = "http://127.0.0.1:9/"
NEWLINE = "X-A: b\nX-C: d"


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where anything is started."""

    def started(*_: object, **__: object) -> NoReturn:
        raise AssertionError("something was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    monkeypatch.setattr(Run, "start", started)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = Exit.USAGE) -> str:
    """Return the one line that a command ends with."""
    ended = main(list(arguments))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("loadtop: ")
    assert said.err.endswith("\n") and said.err.count("\n") == 1, said.err
    assert ended == code, said.err
    return said.err


@contextmanager
def used_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say what to drive"),
        (["run"], "say what to drive"),
        (["127.0.0.1:80/ping"], "no scheme; write http://127.0.0.1:80/ping"),
        (["http:///ping"], "has no host"),
        (["ftp://127.0.0.1/"], "unknown scheme 'ftp'"),
        (["http://127.0.0.1:99999/"], "Port out of range"),
        (["http://127.0.0.1:0/"], "port 0"),
        (["http://127.0.0.1:port/"], "cannot be read"),
        (["http://a b/"], "space or control character"),
        ([URL, "-c", "0"], "concurrency '0' must be a whole number of at least 1"),
        ([URL, "-c", "-5"], "concurrency '-5' must be"),
        ([URL, "-c", "many"], "concurrency 'many' must be"),
        ([URL, "-c", "100m", "-w", "1"], "concurrency 100000000 is above the"),
        ([URL, "-d", "soon"], "'soon' is no duration; write 180s"),
        ([URL, "-d", "0"], "duration '0' must be above 0"),
        ([URL, "-z", "0s"], "duration '0s' must be above 0"),
        ([URL, "--timeout", "0"], "must be above 0"),
        ([URL, "--warmup", "soon"], "--warmup 'soon' is none of auto, none"),
        ([URL, "--repeat", "0"], "repeat '0' must be"),
        ([URL, "--repeat", "101"], "--repeat 101 is above 100 runs"),
        ([URL, "--window", "0.5s"], "--window '0.5s' must be whole seconds"),
        ([URL, "--window", "2h"], "from 1s to 1h"),
        ([URL, "-n", "0"], "requests '0' must be"),
        ([URL, "-w", "0"], "workers '0' must be"),
        ([URL, "-b", "@/nowhere/body"], "cannot read the body file '/nowhere/body'"),
        ([URL, "--json", "{"], "is not JSON"),
        ([URL, "--json", "{}", "-b", "x"], "--body and --json"),
        ([URL, "-H", "X-A b"], "has no colon"),
        ([URL, "-H", NEWLINE], "newline or another control character"),
        ([URL, "-H", "Content-Length: 5"], "is set by loadtop"),
        ([URL, "-H", "a b: c"], "no header name"),
        ([URL, "-X", "GE T"], "no HTTP method"),
        ([URL, "-o", "/nowhere/report.json"], "cannot write the report to '/nowhere/report.json'"),
        ([URL, "-o", "/tmp"], "it is a folder; name a file"),
        ([URL, "--sessions-dir", "/dev/null/sessions"], "cannot keep sessions in '/dev/null/sessions'"),
        ([URL, URL + "b"], "unrecognized arguments: http://127.0.0.1:9/b"),
        ([URL, "--target", URL + "b"], "two targets are given"),
        (["frobnicate"], "'frobnicate' is no command"),
        ([URL, "--frobnicate"], "unrecognized arguments: --frobnicate"),
        ([URL, "--slo", "p99"], "--slo 'p99' is no objective; write one like 'p99<5ms'"),
        ([URL, "--slo", "p98<5ms"], "'p98' is no figure"),
        ([URL, "--slo", "errors<1"], "1 of what?"),
        ([URL, "--slo-lenient"], "--slo-lenient is about objectives; give one with --slo too"),
        ([URL, "--junit", "x.xml"], "--junit is about objectives"),
        ([URL, "--slo", "p99<5ms", "--junit", "/nowhere/x.xml"], "cannot write the report to '/nowhere/x.xml'"),
        ([URL, "--report-format", "pdf"], "invalid choice: 'pdf'"),
        ([URL, "--pid", "99999999"], "--pid 99999999: there is no such process"),
        ([URL, "--pid", "me"], "--pid: invalid int value: 'me'"),
        ([URL, "--cpus", "4000"], "core 4000 is not available"),
        ([URL, "--cpus", "all"], "is no list of cores"),
        ([URL, "-k"], "--insecure is given, but"),
        ([URL, "--cert", "/etc/hosts"], "--cert is given, but"),
        (["https://127.0.0.1:9/", "--key", "/etc/hosts"], "--key is given without --cert"),
        (["https://127.0.0.1:9/", "--cacert", "/nowhere"], "--cacert '/nowhere' is no file"),
        ([URL, "-r", "0"], "rate '0' must be requests a second above 0"),
        ([URL, "-r", "-5"], "rate '-5' must be"),
        ([URL, "-r", "fast"], "rate 'fast' must be"),
        ([URL, "--arrivals", "constant"], "--arrivals is of an open loop; give --rate too"),
        ([URL, "-r", "5", "--arrivals", "often"], "--arrivals: invalid choice: 'often'"),
        ([URL, "--spin"], "--spin is of an open loop"),
        ([URL, "--fps", "0"], "--fps 0 must be from 1 to"),
        ([URL, "--fps", "9.5"], "--fps: invalid int value"),
        ([URL, "--console"], "--console needs a terminal"),
        ([URL, "--console", "--plain"], "not allowed with argument"),
        (["demo", "--console"], "--console needs a terminal"),
        (["demo", "-c", "none"], "concurrency 'none' must be"),
        (["demo", URL], "unrecognized arguments"),
        (["target", "--port", "70000"], "--port 70000 must be from 0 to 65535"),
        (["target", "--host", "no.such.host.invalid", "--port", "0"], "cannot listen on"),
        (["open"], "say which session to show"),
        (["open", "/nowhere/x.json"], "cannot open '/nowhere/x.json': no such file or directory"),
        (["open", "/tmp"], "it is a folder"),
        (["list", "--sessions-dir", "/dev/null"], "cannot list the sessions in '/dev/null'"),
    ],
    ids=lambda value: " ".join(value).replace("\n", "\\n") if isinstance(value, list) else "",
)
def test_a_wrong_word_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in refused(capsys, *arguments)


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "line 1 is not JSON"),
        ("", "it is empty"),
        ('{"a": 1}', "it is JSON, but no loadtop session"),
        ('{"schema": "loadtop.session/1", "id": 3}', "it is damaged"),
        ('{"schema": "loadtop.session/2"}', "a newer loadtop wrote it"),
    ],
)
def test_what_is_no_session_is_not_opened(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    assert words in refused(capsys, "open", str(file))


@pytest.mark.usefixtures("nothing_starts")
def test_a_host_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = refused(capsys, "http://no.such.host.invalid/", code=Exit.NOTHING_MEASURED)
    assert "cannot find host 'no.such.host.invalid'" in words


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize("more", [[], ["-r", "10"], ["--report-format", "json"]])
def test_a_port_that_nobody_listens_on_is_one_line(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with used_port() as port:
        pass
    words = refused(capsys, f"http://127.0.0.1:{port}/", *more, code=Exit.NOTHING_MEASURED)
    assert f"127.0.0.1:{port}: Connection refused" in words
    assert "is the service running" in words


def test_a_port_that_is_used_cannot_be_listened_on(capsys: pytest.CaptureFixture[str]) -> None:
    with used_port() as port:
        words = refused(capsys, "target", "--port", str(port))
    assert f"cannot listen on 127.0.0.1:{port}" in words
    assert "use another --port" in words


@pytest.mark.usefixtures("nothing_starts")
def test_a_traceback_is_there_for_who_asks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOADTOP_DEBUG", "1")
    assert main([URL, "-c", "0"]) == Exit.USAGE
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.splitlines()[-1].startswith("loadtop: concurrency '0'")


def test_a_mistake_of_ours_is_one_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setitem(__import__("tui.commands").commands.COMMANDS, "schema", broken)
    words = refused(capsys, "schema", code=Exit.NOTHING_MEASURED)
    assert "this should not happen: ZeroDivisionError: a b; LOADTOP_DEBUG=1 shows where" in words


FLAGS = {
    "run": [
        *(
            "--target",
            "--concurrency",
            "--rate",
            "--arrivals",
            "--spin",
            "--duration",
            "--requests",
            "--timeout",
        ),
        *("--method", "--header", "--body", "--json", "--no-keepalive", "--insecure", "--cacert", "--cert"),
        *("--key", "--workers", "--cpus", "--probe", "--pid", "--no-probe", "--report-format", "--output"),
        *("--plain", "--console", "--theme", "--fps", "--graph", "--no-mouse", "--name", "--note", "--no-save"),
    ],
    "demo": ["--concurrency", "--rate", "--duration", "--report-format", "--theme", "--sessions-dir"],
    "target": ["--host", "--port"],
    "open": ["FILE", "--theme", "--graph", "--sessions-dir"],
    "list": ["--sessions-dir"],
    "schema": [],
}


@pytest.mark.parametrize("command", FLAGS)
def test_help_names_every_flag(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert [flag for flag in FLAGS[command] if flag not in said.out] == []


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--help", "-h"):
        with pytest.raises(SystemExit) as ended:
            main([flag])
        assert ended.value.code == 0
        said = capsys.readouterr().out
        assert [command for command in FLAGS if f"loadtop {command}" not in said] == []
    assert set(FLAGS) <= set(COMMANDS)


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("loadtop 0.")


@pytest.mark.parametrize(("found", "said"), [(object(), "path: C)"), (None, "path: Python,")])
def test_the_version_says_what_makes_the_load(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, found: object, said: str
) -> None:
    monkeypatch.setattr("engine.connections.hot.library.load", lambda: found)
    with pytest.raises(SystemExit):
        main(["--version"])
    assert said in capsys.readouterr().out


def test_the_schema_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == Exit.OK
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$defs"]["Session"]["properties"]["schema"]["const"] == "loadtop.session/1"


def test_a_list_of_nothing_says_where_it_looked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == Exit.OK
    said = capsys.readouterr()
    assert said.out == ""
    assert os.environ["XDG_DATA_HOME"] in said.err


def test_a_list_has_what_is_there_and_says_what_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Path(__file__).parents[1] / "sessions" / "samples" / "demo.json"
    (tmp_path / "good.json").write_bytes(sample.read_bytes())
    (tmp_path / "bad.json").write_text("{")
    assert main(["list", "--sessions-dir", str(tmp_path)]) == Exit.OK
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[1].startswith("good ")
    assert lines[2].startswith("bad.json: cannot open")
    assert main(["open", "good", "--sessions-dir", str(tmp_path)]) == Exit.OK
    assert "response" in capsys.readouterr().out
