"""Writes what a run came to into the data folder every second, so that whatever ends it costs the last second.

A thread of its own, because a disk may take its time: neither the measurement nor the console waits for it. A
disk that is full or can no longer be written is told once, and tried again every second: the run goes on in
memory, and the first record that fits has everything since the last one that did.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from engine.progress import Progress
from sessions.journal_entries import Keep, encode, entry_of
from sessions.journal_records import MAGIC, framed
from sessions.model import Session
from sessions.printable import clean

ENDING: Final = ".journal"
PERIOD_S: Final = 1.0
REWRITE_BYTES: Final = 64 * 1024 * 1024
"""A journal of this size is written anew, which leaves out all figures but the newest."""

Take: TypeAlias = Callable[[Progress | None], Progress]
Tell: TypeAlias = Callable[[str, str], None]


class JournalFile:
    """One run's journal on the disk, locked for as long as its writer lives.

    Args:
        path: Where it is to be; the folder must exist.
        keep: How the session is kept.
    """

    def __init__(self, path: Path, keep: Keep) -> None:
        self.path = path
        self.keep = keep
        self._descriptor: int | None = None
        self._end = 0
        self._rewrite_at = REWRITE_BYTES
        self._torn = False
        self._before: Progress | None = None
        self._about: Session | None = None

    @property
    def before(self) -> Progress | None:
        """What was written last; what comes next is the difference."""
        if self._descriptor is None or self._end > self._rewrite_at or not _is_at(self._descriptor, self.path):
            return None
        return self._before

    def write(self, now: Progress, before: Progress | None) -> None:
        """Append what is new, and have it on the disk.

        Args:
            now: The run now.
            before: `before`, as it was when `now` was taken; with None a new file takes the old one's place.

        Raises:
            OSError: It cannot be written; what was written before stays, and the next call may succeed.
        """
        entry, about = entry_of(now, before, self.keep, None if before is None else self._about)
        record = framed(encode(entry))
        if before is None or self._descriptor is None:
            self._rewrite_at = self._end + REWRITE_BYTES  # where there is no room for two, this one goes on
            self._begin(record)
            self._rewrite_at = REWRITE_BYTES + self._end
        else:
            self._append(self._descriptor, record)
        self._before, self._about = now, about

    def close(self, *, remove: bool) -> None:
        """End it; with `remove` the file is no longer needed."""
        if self._descriptor is None:
            return
        if remove and _is_at(self._descriptor, self.path):
            with contextlib.suppress(OSError):
                self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = None

    def _begin(self, record: bytes) -> None:
        # Under another name until it is locked and whole: nobody may take it for one whose writer is gone.
        descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".tmp", dir=self.path.parent)
        try:
            os.fchmod(descriptor, 0o600)
            lock(descriptor)
            _write_all(descriptor, MAGIC + record)
            os.fsync(descriptor)
            os.replace(name, self.path)
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._end, self._torn = descriptor, len(MAGIC) + len(record), False

    def _append(self, descriptor: int, record: bytes) -> None:
        if self._torn:
            os.ftruncate(descriptor, self._end)
            os.lseek(descriptor, self._end, os.SEEK_SET)
        self._torn = True  # until it is known to be whole
        _write_all(descriptor, record)
        os.fdatasync(descriptor)
        self._torn = False
        self._end += len(record)


class Journal:
    """Keeps the journal of one run.

    Args:
        folder: Where sessions are kept.
        keep: How this one is kept.
        take: Returns what the run came to since an earlier answer (`engine.run.Run.progress`).
        tell: Called with a kind of event and its words when the disk refuses, and when it takes again.
    """

    def __init__(self, folder: Path, keep: Keep, take: Take, tell: Tell) -> None:
        self._file = JournalFile(folder / f"{keep.id}{ENDING}", keep)
        self._take = take
        self._tell = tell
        self._failing = False
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._live, name="loadtop-journal", daemon=True)

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    def start(self) -> None:
        """Begin to write; returns at once."""
        self._thread.start()

    def close(self, *, remove: bool) -> None:
        """End it, with everything that is known now in it, or with `remove` without a trace."""
        self._stopping.set()
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if not remove:
                self._write()
            self._file.close(remove=remove)

    def _live(self) -> None:
        while True:
            with self._lock:
                if self._closed:
                    return
                self._write()
            if self._stopping.wait(PERIOD_S):
                return

    def _write(self) -> None:
        try:
            before = self._file.before
            self._file.write(self._take(before), before)
        except Exception as error:  # whatever it is, the run goes on and the next second is another try
            if not self._failing:
                self._failing = True
                self._tell("journal-lost", _refusal(error, self.path))
            return
        if self._failing:
            self._failing = False
            self._tell("journal-back", "the journal is written again, with all that was measured meanwhile")


def lock(descriptor: int) -> bool:
    """Lock a journal, for as long as its descriptor is open in this process.

    Returns:
        Whether it is locked now; False where another process has it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Some network file systems know no locks. A writer whose file is taken away there begins another.
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _refusal(error: Exception, path: Path) -> str:
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        reason = (error.strerror or "it cannot be written").lower()
    return (
        f"the journal in '{clean(str(path.parent))}' cannot be written: {reason}; "
        "the run goes on in memory, and it is tried again every second"
    )
