from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from engine.errors import LoadtopError, UsageError
from sessions import store
from sessions.gauges import every, once
from sessions.model import Session
from sessions.report import as_json

MakeSession = Callable[..., Session]


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def named(session: Session, **changes: str) -> Session:
    return msgspec.structs.replace(session, **changes)


def test_sessions_are_kept_in_the_users_data_folder(tmp_path: Path) -> None:
    assert store.default_folder() == tmp_path / "data" / "loadtop" / "sessions"


def test_what_was_saved_is_what_is_loaded(make_session: MakeSession, tmp_path: Path) -> None:
    session = make_session()
    path = store.save(session, tmp_path / "sessions")
    assert path.name == "2026-11-23T04-05-06-demo-a1b2c3.json"
    assert store.load(path) == msgspec.structs.replace(session, seconds=every(once(session.seconds)))


def test_nobody_else_can_read_a_session(make_session: MakeSession, tmp_path: Path) -> None:
    path = store.save(make_session(), tmp_path / "deep" / "sessions")
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Pool = 64!", "-pool-64-"),
        ("../../etc/passwd", "-etc-passwd-"),
        ("", "-127-0-0-1-8080-"),
        ("ключ", "-127-0-0-1-8080-"),
        ("x" * 500, "-" + "x" * 40 + "-"),
        ("a/b\\c:d", "-a-b-c-d-"),
    ],
)
def test_any_name_makes_a_file_name(make_session: MakeSession, name: str, part: str) -> None:
    file_name = store.file_name(named(make_session(), name=name))
    assert file_name == f"2026-11-23T04-05-06{part}a1b2c3.json"


def test_saving_again_replaces_the_file(make_session: MakeSession, tmp_path: Path) -> None:
    store.save(make_session(), tmp_path)
    path = store.save(named(make_session(), note="later"), tmp_path)
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".json"] == [path.name]
    assert store.load(path).note == "later"


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_save_leaves_the_old_file(
    make_session: MakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    folder = tmp_path / "sessions"
    path = store.save(make_session(), folder)
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, call, full_disk)
        patched.setattr(Path, "replace", full_disk)
        with pytest.raises(LoadtopError, match=r"no space left on device; save it elsewhere") as caught:
            store.save(named(make_session(), note="later"), folder)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    assert os.listdir(folder) == [path.name]


def test_a_folder_that_can_be_written_is_made(tmp_path: Path) -> None:
    store.check_writable(tmp_path / "a" / "sessions")
    assert mode_of(tmp_path / "a" / "sessions") == 0o700
    assert os.listdir(tmp_path / "a" / "sessions") == []


def test_a_file_in_the_folders_place_is_said_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "sessions"):
        with pytest.raises(UsageError, match=r"a file where a folder is needed; give another .*--no-save$"):
            store.check_writable(folder)


def test_a_folder_that_may_not_be_written_is_said_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", denied)
    with pytest.raises(UsageError, match=f"^cannot keep sessions in '{tmp_path}': permission denied; give"):
        store.check_writable(tmp_path)
    with pytest.raises(UsageError, match=r"^cannot write the report to .*: permission denied$"):
        store.check_report(tmp_path / "out.json")


def test_sessions_are_listed_newest_first_and_damaged_ones_last(
    make_session: MakeSession, tmp_path: Path
) -> None:
    session = make_session()
    old = store.save(named(session, created="2020-01-01T00:00:00Z"), tmp_path)
    new = store.save(session, tmp_path)
    (tmp_path / "9999.json").write_text("{")
    (tmp_path / "8888.json").mkdir()
    (tmp_path / "notes.txt").write_text("no session")
    (tmp_path / ".hidden.json").write_text("{")
    rows = store.list_sessions(tmp_path)
    assert [row.path.name for row in rows] == [new.name, old.name, "9999.json", "8888.json"]
    assert rows[0].summary is not None and rows[0].error == ""
    assert rows[0].summary.result.throughput_rps == 128412.3
    assert rows[2].summary is None and "it ends in the middle" in rows[2].error
    assert "it is a folder" in rows[3].error
    assert all("\n" not in row.error for row in rows)


def test_no_folder_is_no_sessions(tmp_path: Path) -> None:
    assert store.list_sessions(tmp_path / "none") == []


def test_a_file_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"^cannot list the sessions in .*: there is a file"):
        store.list_sessions(tmp_path / "file")


@pytest.mark.usefixtures("umask")
def test_a_report_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    store.write_report("one\n", path)
    assert mode_of(path) == 0o640
    path.chmod(0o604)
    store.write_report("two\n", path)
    assert (path.read_text(), mode_of(path)) == ("two\n", 0o604)
    assert os.listdir(tmp_path) == ["out.txt"]


def test_a_report_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    store.write_report("new", tmp_path / "link.txt")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_a_report_can_go_to_a_device() -> None:
    store.check_report(Path("/dev/null"))
    store.write_report("text", Path("/dev/null"))
    assert not Path("/dev/null").is_file()


def test_a_report_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^cannot write the report to .*: it is a folder; name a file$"):
        store.check_report(tmp_path)
    with pytest.raises(UsageError, match=r"^cannot write the report to .*: no such file or directory$"):
        store.check_report(tmp_path / "none" / "out.json")
    with pytest.raises(LoadtopError, match=r"^cannot write the report to .*: no such file or directory$"):
        store.write_report("x", tmp_path / "none" / "out.json")


def test_a_failing_report_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(LoadtopError, match=r"no space left"):
        store.write_report("new", path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.json"]


def test_a_row_of_a_series_is_a_line_of_the_file(make_session: MakeSession) -> None:
    lines = as_json(make_session()).splitlines()
    rows = [line for line in lines if line.lstrip().startswith('{"t_s"')]
    assert len(rows) == 60
    assert max(map(len, lines)) < 400
