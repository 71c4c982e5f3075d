"""Turns journals whose writers are gone into sessions. Nobody has to ask for it: the list of sessions does."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from engine.errors import LoadtopError, UsageError
from engine.figures import Event
from sessions import store
from sessions.format import clock
from sessions.journal import ENDING, lock
from sessions.journal_entries import Rebuilt, decode
from sessions.journal_records import read_records
from sessions.model import Session
from sessions.printable import clean
from sessions.tidy import tidy

Fate: TypeAlias = Literal["running", "recovered", "finished", "unusable"]

DAMAGED: Final = ".damaged"
LARGEST_BYTES: Final = 1 << 30
_OVER: Final = frozenset({"done", "failed"})


class Found(Struct, frozen=True):
    """What became of one journal.

    Attributes:
        path: The journal.
        fate: "running": its writer lives, and it was left alone. "recovered": it is a session now. "finished":
            its session had been saved already, and it was removed. "unusable": it was left where it is.
        session: The session's file, where it is one now.
        told: A line about it; "" where there is nothing to say.
    """

    path: Path
    fate: Fate
    session: Path | None = None
    told: str = ""


def recover_all(folder: Path) -> list[Found]:
    """Recover every journal in a folder of sessions; never raises for what is in one of them.

    Raises:
        UsageError: The folder cannot be read.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ENDING and path.name[:1] != ".")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(
            f"cannot list the sessions in '{clean(str(folder))}': {(error.strerror or 'unreadable').lower()}"
        ) from error
    return [found for path in paths if (found := _recover(path)) is not None]


def read_journal(data: bytes) -> tuple[Session, str]:
    """Return the session in the bytes of a journal, and what is wrong with them; "" where nothing is.

    Raises:
        UsageError: Nothing can be recovered; the message leaves the name of the file to the caller.
    """
    records = read_records(data)
    damage = records.damage
    rebuilt = Rebuilt()
    for number, payload in enumerate(records.payloads, start=1):
        try:
            rebuilt.add(decode(payload))
        except (msgspec.MsgspecError, ValueError, OverflowError) as error:
            damage = clean(f"record {number} of {len(records.payloads)} cannot be used ({error})", limit=300)
            break
    if rebuilt.about is None:
        raise UsageError(f"nothing can be recovered: {damage or 'it has no whole record'}")
    return rebuilt.session(), damage


def interrupted(session: Session, damage: str) -> Session:
    """Return a recovered session with the mark that it is one."""
    at = clock(session.duration_s)
    words = f"the run was cut off; recovered from its journal, which ends at {at}"
    if session.state in _OVER:
        words = "the run had ended and could not be saved; recovered from its journal"
    if damage:
        words += f"; {damage}"
    event = Event(at_s=session.duration_s, kind="recovered", text=words)
    state = session.state if session.state in _OVER else "interrupted"
    return tidy(replace(session, state=state, events=(*session.events, event)))


def _recover(path: Path) -> Found | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:  # its run ended just now
        return None
    except OSError as error:
        return _unusable(path, (error.strerror or "it cannot be read").lower())
    try:
        if not lock(descriptor):
            return Found(path, "running", told=f"{path.name}: a run that is under way")
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return _turned(path, descriptor)
        return None  # somebody else recovered it just now
    except (LoadtopError, OSError) as error:
        return _unusable(path, str(error))
    finally:
        os.close(descriptor)


def _turned(path: Path, descriptor: int) -> Found:
    size = os.fstat(descriptor).st_size
    if size > LARGEST_BYTES:
        raise UsageError(f"{size} bytes are more than a journal may have ({LARGEST_BYTES})")
    with open(descriptor, "rb", closefd=False) as file:
        session, damage = read_journal(file.read())
    file_name = path.parent / store.file_name(session)
    if _is_saved(file_name, session):
        path.unlink()
        return Found(path, "finished")
    saved = store.save(interrupted(session, damage), path.parent)
    lasted = clock(session.duration_s)
    if not damage:
        path.unlink()
        return Found(path, "recovered", saved, f"recovered {saved.name}, a run that was cut off at {lasted}")
    kept = path.with_name(path.name + DAMAGED)
    path.rename(kept)
    told = f"recovered {saved.name} until {lasted}; {damage} (the journal is kept as {kept.name})"
    return Found(path, "recovered", saved, told)


def _is_saved(path: Path, session: Session) -> bool:
    """Return whether the file has all of the session: its run was ended between saving and tidying up."""
    try:
        saved = store.load(path)
    except UsageError:
        return False
    return saved.id == session.id and saved.duration_s >= session.duration_s


def _unusable(path: Path, reason: str) -> Found:
    return Found(path, "unusable", told=clean(f"{path.name}: {reason}", limit=500))
