"""The folder that sessions are kept in, and the file that a report goes to."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import platformdirs
from msgspec import Struct

from engine.errors import LoadtopError, UsageError
from sessions import atomic
from sessions.model import Session
from sessions.printable import clean
from sessions.reading import Summary, glance, load
from sessions.report import as_bytes

__all__ = [
    "Row",
    "check_report",
    "check_writable",
    "default_folder",
    "list_sessions",
    "load",
    "save",
    "write_report",
]

_UNFIT: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG: Final = 40


class Row(Struct, frozen=True):
    """A line of the list of sessions.

    Attributes:
        path: The file.
        summary: What is in it, or None where it cannot be opened.
        error: Why it cannot be opened, in one line; "" where it can.
    """

    path: Path
    summary: Summary | None
    error: str = ""


def default_folder() -> Path:
    """Return the folder of sessions in the user's data folder; it need not exist yet."""
    return platformdirs.user_data_path("loadtop", appauthor=False) / "sessions"


def check_writable(folder: Path) -> None:
    """Make sure, before a run, that its session can be kept; makes the folder if there is none.

    Raises:
        UsageError: It cannot.
    """
    try:
        _make(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"cannot keep sessions in '{clean(str(folder))}': {_reason(error)}; "
            "give another folder with --sessions-dir, or --no-save"
        ) from error


def save(session: Session, folder: Path) -> Path:
    """Keep a session; one with the same id, name and begin is replaced.

    Returns:
        The file it is in.

    Raises:
        LoadtopError: It cannot be written; an older file stays as it was.
    """
    path = folder / file_name(session)
    try:
        _make(folder)
        atomic.write(path, as_bytes(session), mode=0o600)
    except OSError as error:
        raise LoadtopError(
            f"cannot save the session as '{clean(str(path))}': {_reason(error)}; "
            "save it elsewhere with --sessions-dir"
        ) from error
    return path


def file_name(session: Session) -> str:
    """Return the file name of a session: when it began, what it is called, and what makes it unique."""
    when = session.created.removesuffix("Z").replace(":", "-")
    called = _slug(session.name) or _slug(_host(session.plan.target))
    unique = _slug(session.id.rpartition("-")[2])
    return "-".join(part for part in (when, called, unique) if part) + ".json"


def list_sessions(folder: Path) -> list[Row]:
    """Return the sessions in a folder, newest first; files that cannot be opened come last.

    Raises:
        UsageError: The folder cannot be read.
    """
    try:
        paths = [path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"cannot list the sessions in '{clean(str(folder))}': {_reason(error)}") from error
    rows = [_row(path) for path in paths]
    return sorted(rows, key=_age, reverse=True)


def check_report(path: Path) -> None:
    """Make sure, before a run, that its report can be written.

    Raises:
        UsageError: It cannot.
    """
    try:
        if path.is_dir():
            raise UsageError(f"cannot write the report to '{clean(str(path))}': it is a folder; name a file")
        if _is_special(path):
            return
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            pass
    except OSError as error:
        raise UsageError(f"cannot write the report to '{clean(str(path))}': {_reason(error)}") from error


def write_report(text: str, path: Path) -> None:
    """Write a report where the user wants it, with the permissions the user's umask gives.

    Raises:
        LoadtopError: It cannot be written; an older file stays as it was.
    """
    try:
        if _is_special(path):  # a pipe or /dev/stdout cannot be replaced, only written to
            path.write_text(text, encoding="utf-8")
            return
        real = path.resolve()  # through a link, so that the link stays one
        mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else 0o666 & ~_umask()
        atomic.write(real, text, mode=mode)
    except OSError as error:
        raise LoadtopError(f"cannot write the report to '{clean(str(path))}': {_reason(error)}") from error


def _row(path: Path) -> Row:
    try:
        return Row(path, glance(path))
    except UsageError as error:
        return Row(path, None, str(error))


def _age(row: Row) -> tuple[bool, str, str]:
    return (row.summary is not None, row.summary.created if row.summary else "", row.path.name)


def _make(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # What is asked of a service, and of whom, is nobody else's business. An existing folder is the user's.
    folder.mkdir(mode=0o700, exist_ok=True)


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _slug(text: str) -> str:
    return _UNFIT.sub("-", text.lower())[:_LONGEST_SLUG].strip("-")


def _reason(error: OSError) -> str:
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return "there is a file where a folder is needed"
    return (error.strerror or "it cannot be written").lower()
