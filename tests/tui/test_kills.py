"""Whatever ends a run, what it measured is there afterwards; and no secret is in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kills import measure
from engine.errors import Exit
from sessions import store
from sessions.journal import ENDING
from tests.targets.go import GoServer
from tests.tui.launch import kept, run, start, until

pytestmark = pytest.mark.live

SECRET = "s3cr3t-planted-0123456789"


def journals(folder: Path) -> list[Path]:
    """Return the journals in a folder."""
    return list(folder.glob(f"*{ENDING}"))


def test_a_killed_run_loses_its_last_second_and_nothing_else(go_server: GoServer) -> None:
    killed = measure(f"{go_server.url}/ping", runs=4, seed=7)
    assert [one.faults for one in killed] == [()] * 4


def test_the_list_leaves_a_run_alone_and_recovers_it_when_it_is_dead(
    go_server: GoServer, tmp_path: Path
) -> None:
    folder = str(tmp_path / "kept")
    with start(f"{go_server.url}/ping", "-d", "100s", "-c", "2", "--sessions-dir", folder) as running:
        try:
            until(lambda: journals(Path(folder)), "a journal")
            (journal,) = journals(Path(folder))
            until(lambda: journal.stat().st_size > 3000, "some seconds in it")
            listed = run("list", "--sessions-dir", folder)
            assert f"{journal.name}: a run that is under way" in listed.stderr and journal.exists()
        finally:
            running.kill()
    listed = run("list", "--sessions-dir", folder)
    assert listed.returncode == Exit.OK and "recovered" in listed.stderr
    (path,) = Path(folder).iterdir()
    assert path.stem in listed.stdout and store.load(path).state == "interrupted"
    again = run("list", "--sessions-dir", folder)
    assert (again.stderr, again.stdout) == ("", listed.stdout)


def test_repeated_runs_are_recovered_one_by_one(go_server: GoServer, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    arguments = ("-n", "300", "-r", "300", "-c", "2", "--repeat", "50", "--sessions-dir", str(folder))
    with start(f"{go_server.url}/ping", *arguments) as running:
        try:
            until(lambda: len(journals(folder)) > 2, "a third run")
        finally:
            running.kill()
    assert run("list", "--sessions-dir", str(folder)).returncode == Exit.OK
    recovered = {session.note: session for session in map(store.load, folder.iterdir())}
    both = recovered[""], recovered["repeated run 2"]
    assert [sum(segment.requests for segment in one.segments) for one in both] == [300, 300]


@pytest.mark.parametrize("more", [(), ("--repeat", "2", "--warmup", "none")], ids=["one", "repeated"])
def test_a_run_that_is_saved_leaves_no_journal(go_server: GoServer, more: tuple[str, ...]) -> None:
    assert run(f"{go_server.url}/ping", "-d", "1s", "-c", "2", *more).returncode == Exit.OK
    (path,) = kept()
    assert list(path.parent.iterdir()) == [path]


def test_a_planted_secret_is_in_no_file_and_on_no_screen(go_server: GoServer, tmp_path: Path) -> None:
    url = go_server.url.replace("http://", f"http://user:{SECRET}@") + f"/ping?api_key={SECRET}"
    headers = ("Authorization: Bearer " + SECRET, "Cookie: id=" + SECRET, "X-Api-Key: " + SECRET)
    arguments = [part for header in headers for part in ("-H", header)]
    report = tmp_path / "report.json"
    with start(url, *arguments, "-b", SECRET, "-c", "2", "-d", "100s", "-o", str(report), "--plain") as running:
        until(lambda: journals_at_home(), "a journal")
        (journal,) = journals_at_home()
        until(lambda: journal.stat().st_size > 2000, "some seconds in it")
        from sessions.journal_records import read_records

        payloads = read_records(journal.read_bytes()).payloads
        running.send_signal(signal.SIGINT)
        said = "".join(running.communicate(timeout=60))
    assert payloads and not any(SECRET.encode() in payload for payload in payloads)
    home = Path(os.environ["HOME"])
    files = [path for path in (*home.rglob("*"), report) if path.is_file()]
    assert len(files) >= 2
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert SECRET not in said and "[redacted]" in said
    plan = json.loads(report.read_text())["plan"]
    assert plan["body_bytes"] == len(SECRET) and plan["secrets_kept"] is False


def test_secrets_are_kept_only_where_that_is_asked_for(go_server: GoServer) -> None:
    url = f"{go_server.url}/ping?api_key={SECRET}"
    assert run(url, "-H", f"X-Token: {SECRET}", "-n", "5", "--keep-secrets").returncode == Exit.OK
    (path,) = kept()
    plan = json.loads(path.read_text())["plan"]
    assert (plan["target"], plan["headers"], plan["secrets_kept"]) == (url, [["X-Token", SECRET]], True)


def journals_at_home() -> list[Path]:
    """Return the journals in this test's home."""
    return journals(Path(os.environ["XDG_DATA_HOME"]) / "loadtop" / "sessions")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_is_told_and_the_run_goes_on_and_is_kept_once_there_is_room(
    go_server: GoServer, small_disk: Path
) -> None:
    with start(
        f"{go_server.url}/ping", "-d", "100s", "-c", "2", "--plain", "--sessions-dir", str(small_disk)
    ) as running:
        until(lambda: journals(small_disk), "a journal")
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            while True:
                file.write(b"x" * 4096)
        assert running.stderr is not None
        told = running.stderr.readline()
        assert "cannot be written: no space left on device; the run goes on in memory" in told
        filler.unlink()
        (journal,) = journals(small_disk)
        full = journal.stat().st_size
        until(lambda: journal.stat().st_size > full, "the journal goes on")
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == Exit.INTERRUPTED
    (path,) = small_disk.iterdir()
    session = store.load(path)
    kinds = [event.kind for event in session.events]
    assert kinds.count("journal-lost") == kinds.count("journal-back") == 1
    assert session.segments[0].requests > 100


def test_a_session_is_repeated_at_its_times(go_server: GoServer) -> None:
    first = run(f"{go_server.url}/ping", "-d", "1s", "-c", "2", "--name", "first")
    assert first.returncode == Exit.OK
    (path,) = kept()
    from sessions.reading import load_document
    from sessions.report import document_as_bytes

    document, _ = load_document(path)
    load = document["segments"][0]["load"]
    document["plan"]["duration_s"] = 2.5
    document["events"] = [
        {"at_s": 0.5, "kind": "load", "from": load, "to": load | {"concurrency": 5}},
        {"at_s": 1.0, "kind": "pause"},
        {"at_s": 1.5, "kind": "resume", "to": load | {"concurrency": 5}},
        {"at_s": 2.2, "kind": "load", "from": load, "to": load | {"concurrency": 3}},
    ]
    path.write_bytes(document_as_bytes(document))
    again = run("run", "--replay", path.stem, "--name", "again")
    assert again.returncode == Exit.OK, again.stderr
    (other,) = (one for one in kept() if one != path)
    session = store.load(other)
    assert [row.load.concurrency for row in session.segments] == [2, 5, 5, 3]
    begins = [row.start_s for row in session.segments]
    assert begins == pytest.approx([0.0, 0.5, 1.5, 2.2], abs=0.3)
    assert session.segments[-1].end_s == pytest.approx(2.5, abs=0.01)
    assert session.segments[1].end_s == pytest.approx(1.0, abs=0.3)
    refused = run("run", "--replay", path.stem, "-c", "3")
    assert refused.returncode == Exit.USAGE and "--concurrency is given" in refused.stderr
