"""The journal against what a save would have written, with real books and real files."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.books.blocks import RECENT
from engine.books.ledger import Ledger
from engine.errors import UsageError
from engine.machine import CoreNow, HostNow
from engine.plan import Load, Plan
from engine.probes.base import HostSample, ProcessSample, RuntimeSample
from engine.progress import Progress, progress
from engine.snapshot import GcNow, ProcessNow, RunState, Target
from engine.views import record
from engine.wire import ERROR_CODE
from sessions import journal as journal_module
from sessions import store
from sessions.journal import ENDING, Journal, JournalFile
from sessions.journal_entries import Keep, encode, entry_of
from sessions.journal_records import MAGIC, framed, read_records
from sessions.model import Session
from sessions.recovery import read_journal, recover_all
from sessions.session import session_of
from tests.engine.books.columns import S, frame

KEEP = Keep("20261123T040506Z-a1b2c3", "name", "note")
SECRET = "planted-secret-7"
PLAN = Plan(url=f"http://h/?token={SECRET}", headers=(("Authorization", f"Bearer {SECRET}"),), body=b"x")


class Books:
    """A run's books, filled second by second as a run would, and nothing else of one."""

    def __init__(self) -> None:
        self.ledger = Ledger(0, timeout_s=10.0, target=Target(url=PLAN.url, command=f"api --password={SECRET}"))
        self.now_ns = 0
        self.state = RunState.RUNNING
        self._random = np.random.default_rng(5)
        self.ledger.begin(Load(concurrency=8), 0)

    def second(self, requests: int = 200) -> None:
        """Let a second pass."""
        begin, self.now_ns = self.now_ns, self.now_ns + S
        took = self._random.lognormal(13, 0.3, requests)
        ended = [
            (begin + index * 1_000_000, begin + index * 1_000_000 + int(ns), 503 if index % 50 == 49 else 200)
            for index, ns in enumerate(took)
        ]
        self.ledger.add_frame(frame(*ended, (begin, begin + 5, ERROR_CODE["reset"]), at_ns=self.now_ns))
        self.ledger.seen.add(HostSample(self.now_ns, HostNow((CoreNow(0, 50.0), CoreNow(1, 25.0)))))
        self.ledger.seen.add(ProcessSample(self.now_ns, ProcessNow(171.0, 140_000_000, 150_000_000)))
        # A pause of the second before: its row, which was written already, changes.
        late = ((self.now_ns - 13 * S // 10, 40_000),)
        self.ledger.seen.add(RuntimeSample(self.now_ns, GcNow(), late))
        self.ledger.settle(self.now_ns)

    def change(self, load: Load) -> None:
        """Have another load."""
        self.ledger.tell(self.now_ns, "load", after=load)
        self.ledger.begin(load, self.now_ns)

    def take(self, since: Progress | None) -> Progress:
        """What `engine.run.Run.progress` answers."""
        return progress(PLAN, self.state, self.ledger, started_unix_s=1.8e9, now_ns=self.now_ns, since=since)

    def saved(self) -> Session:
        """What a save would write now."""
        now = record(PLAN, self.state, self.ledger, started_unix_s=1.8e9, now_ns=self.now_ns)
        return session_of(now, name=KEEP.name, note=KEEP.note, id=KEEP.id)


def story(books: Books, write: Callable[[], None]) -> None:
    """A run with everything in it that a journal has to follow: settling, a shift, a change, a pause."""
    for second in range(70):
        books.second(0 if second == 20 else 200)
        write()
    books.change(Load(mode="open", rate=200.0, arrivals="poisson", concurrency=64))
    for _ in range(3):
        books.second()
        write()
    books.ledger.rest(books.now_ns)
    books.second(0)
    write()
    books.ledger.last_error = f"bad \x1b[31m answer, api_key={SECRET}"
    books.change(Load(concurrency=16))
    books.second()
    write()


@pytest.fixture(scope="module")
def whole() -> bytes:
    """Return a short journal."""
    books, data, before, about = Books(), MAGIC, None, None
    for _ in range(4):
        books.second(30)
        now = books.take(before)
        entry, about = entry_of(now, before, KEEP, about)
        data, before = data + framed(encode(entry)), now
    return data


def test_what_is_recovered_is_what_a_save_would_have_written_at_every_second(tmp_path: Path) -> None:
    books, file = Books(), JournalFile(tmp_path / f"x{ENDING}", KEEP)
    states: set[str] = set()

    def write() -> None:
        file.write(books.take(before := file.before), before)
        second = books.now_ns // S
        if 20 < second < 70 and second % 8:
            return  # nothing new happens, and every reading begins from the first record
        recovered, damage = read_journal(file.path.read_bytes())
        assert (recovered, damage) == (books.saved(), "")
        states.update(row.state for row in recovered.segments)

    story(books, write)
    assert "settled" in states  # the histogram of a settled part begins anew
    assert SECRET.encode() not in file.path.read_bytes()
    file.close(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_what_becomes_known_minutes_late_is_in_the_journal_too(tmp_path: Path) -> None:
    books, file = Books(), JournalFile(tmp_path / f"x{ENDING}", KEEP)

    def write() -> int:
        size = file.path.stat().st_size if file.path.exists() else 0
        file.write(books.take(before := file.before), before)
        return file.path.stat().st_size - size

    for _ in range(RECENT + 40):
        books.second(30)
        usual = write()
    books.second(30)
    books.ledger.seen.add(RuntimeSample(books.now_ns, GcNow(), ((7 * S + S // 2, 70_000),)))
    before = books.take(file.before)  # of a write that failed
    assert before.seconds_from == 7
    books.second(30)
    write()
    recovered, damage = read_journal(file.path.read_bytes())
    assert (recovered, damage) == (books.saved(), "")
    assert recovered.seconds[7].gc_count == 2
    books.second(30)
    assert write() < 2 * usual
    file.close(remove=True)


def test_no_secret_is_in_any_record(whole: bytes) -> None:
    assert all(SECRET.encode() not in payload for payload in read_records(whole).payloads)
    session, _ = read_journal(whole)
    assert session.plan.target == "http://h/?token=[redacted]"
    assert session.plan.headers == (("Authorization", "[redacted]"),)


def test_a_journal_that_is_written_anew_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "REWRITE_BYTES", 4_000)
    books, file = Books(), JournalFile(tmp_path / f"x{ENDING}", KEEP)
    files = set()
    for _ in range(20):
        books.second()
        file.write(books.take(before := file.before), before)
        files.add(file.path.stat().st_ino)
        assert read_journal(file.path.read_bytes())[0] == books.saved()
    assert len(files) > 1
    file.path.unlink()  # by someone who tidied up
    file.write(books.take(before := file.before), before)
    assert read_journal(file.path.read_bytes())[0] == books.saved()
    file.close(remove=True)


def test_a_journal_is_private_and_locked_while_its_writer_lives(tmp_path: Path) -> None:
    books, file = Books(), JournalFile(tmp_path / f"x{ENDING}", KEEP)
    file.write(books.take(None), None)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    with file.path.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert [found.fate for found in recover_all(tmp_path)] == ["running"]
    file.close(remove=False)
    (found,) = recover_all(tmp_path)
    assert found.fate == "recovered" and found.session is not None
    session = store.load(found.session)
    assert session.state == "interrupted" and session.events[-1].kind == "recovered"
    assert stat.S_IMODE(found.session.stat().st_mode) == 0o600
    assert recover_all(tmp_path) == []


def test_a_run_that_was_saved_before_its_end_is_recovered_once(tmp_path: Path) -> None:
    books, file = Books(), JournalFile(tmp_path / f"x{ENDING}", KEEP)
    books.second()
    early = store.save(books.saved(), tmp_path)  # with S, in the middle
    books.second()
    file.write(books.take(None), None)
    file.close(remove=False)
    (found,) = recover_all(tmp_path)
    assert found.session == early and store.load(early).duration_s == 2.0


def test_a_kill_between_saving_and_tidying_up_leaves_the_saved_session(tmp_path: Path) -> None:
    books, file = Books(), JournalFile(tmp_path / f"x{ENDING}", KEEP)
    books.second()
    file.write(books.take(None), None)
    file.close(remove=False)
    books.state = RunState.DONE
    path = store.save(books.saved(), tmp_path)
    assert [found.fate for found in recover_all(tmp_path)] == ["finished"]
    assert store.load(path).state == "done" and [path] == list(tmp_path.iterdir())


def test_a_damaged_record_is_told_and_what_is_before_it_is_kept(tmp_path: Path, whole: bytes) -> None:
    records = read_records(whole)
    second = len(MAGIC) + len(framed(records.payloads[0]))
    damaged = bytearray(whole)
    damaged[second + 40] ^= 1
    path = tmp_path / f"x{ENDING}"
    path.write_bytes(damaged)
    (found,) = recover_all(tmp_path)
    assert found.fate == "recovered" and f"the record at byte {second} is damaged" in found.told
    assert found.session is not None and store.load(found.session).duration_s == 1.0
    assert "damaged" in store.load(found.session).events[-1].text
    assert path.with_name(f"x{ENDING}.damaged").read_bytes() == damaged
    assert recover_all(tmp_path) == []


def test_an_end_that_never_reached_the_disk_is_no_damage(whole: bytes) -> None:
    for tail in (b"", b"\0" * 4096, framed(b"x" * 100)[:-1], framed(b"x")[:5]):
        session, damage = read_journal(whole + tail)
        assert (session.duration_s, damage) == (4.0, "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cut off before its first record"),
        (MAGIC, "it has no whole record"),
        (MAGIC + b"\0" * 100, "it has no whole record"),
        (b"loadtop.journal/2\n", "a newer loadtop wrote it"),
        (b"\x89PNG", "it is no journal of loadtop"),
        (MAGIC + framed(b"\xc1"), "record 1 of 1 cannot be used"),
    ],
)
def test_what_cannot_be_recovered_is_said_in_one_line_and_left(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / f"x{ENDING}"
    path.write_bytes(data)
    (found,) = recover_all(tmp_path)
    assert found.fate == "unusable" and said in found.told and "\n" not in found.told
    assert path.read_bytes() == data


@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_any_flipped_or_missing_byte_gives_a_line_or_the_seconds_before_it(
    data: st.DataObject, whole: bytes
) -> None:
    truth = {2.0: None, 1.0: None, 3.0: None, 4.0: None}
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        broken = whole[:place]
    else:
        flipped = whole[place] ^ data.draw(st.integers(1, 255))
        broken = whole[:place] + bytes([flipped]) + whole[place + 1 :]
    try:
        session, _ = read_journal(broken)
    except UsageError as error:
        assert "\n" not in str(error)
        return
    assert session.duration_s in truth
    assert session == read_journal(prefix(whole, round(session.duration_s)))[0]


def prefix(whole: bytes, records: int) -> bytes:
    """Return a journal's first records."""
    return MAGIC + b"".join(framed(payload) for payload in read_records(whole).payloads[:records])


class Disk:
    """One that may refuse, and what a journal tells of it."""

    def __init__(self) -> None:
        self.refuses = False
        self.told: list[tuple[str, str]] = []

    def tell(self, kind: str, text: str) -> None:
        """Note it."""
        self.told.append((kind, text))


def test_a_disk_that_refuses_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books, disk = Books(), Disk()
    journal = Journal(tmp_path, KEEP, books.take, disk.tell)
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if not disk.refuses:
            return real(descriptor, data)
        real(descriptor, bytes(data[: len(data) // 2]))  # a disk that fills takes a part
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    books.second()
    journal._write()
    disk.refuses = True
    for _ in range(3):
        books.second()
        journal._write()
    assert [kind for kind, _ in disk.told] == ["journal-lost"]
    assert "no space left on device" in disk.told[0][1]
    assert read_journal(journal.path.read_bytes())[0].duration_s == 1.0  # the torn record counts for nothing
    disk.refuses = False
    journal._write()
    assert [kind for kind, _ in disk.told] == ["journal-lost", "journal-back"]
    assert read_journal(journal.path.read_bytes()) == (books.saved(), "")
    journal.close(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_is_closed_has_the_last_state(tmp_path: Path) -> None:
    books, disk = Books(), Disk()
    journal = Journal(tmp_path, KEEP, books.take, disk.tell)
    journal.start()
    books.second()
    books.state = RunState.DONE
    journal.close(remove=False)
    (found,) = recover_all(tmp_path)
    assert found.session is not None
    session = store.load(found.session)
    assert (session.state, session.duration_s) == ("done", 1.0)
    assert "could not be saved" in session.events[-1].text
    assert disk.told == []
