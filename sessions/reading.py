"""Opens saved sessions. Whatever a file holds, the answer is a Session or one line that says what is wrong."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from engine.errors import UsageError
from sessions.checksum import KEY, is_whole
from sessions.gauges import every
from sessions.model import SCHEMA, SCHEMA_FAMILY, SCHEMA_MAJOR, KeptPlan, Result, Session
from sessions.printable import clean
from sessions.tidy import tidy

LARGEST_BYTES: Final = 256 * 1024 * 1024  # a day at one row a second is 30 MB, with 10^6 pauses 55 MB


class _Head(Struct):
    """As much of a file as says what it is."""

    schema: str | None = None
    checksum: str = ""


class Summary(Struct, frozen=True, kw_only=True):
    """As much of a session as a list of many shows; its series and histograms stay in the file."""

    id: str
    name: str = ""
    note: str = ""
    created: str
    duration_s: float = 0.0
    plan: KeptPlan
    result: Result = Result()


_HEAD: Final = msgspec.json.Decoder(_Head)
_SESSION: Final = msgspec.json.Decoder(Session)
_SUMMARY: Final = msgspec.json.Decoder(Summary)
Kept = TypeVar("Kept", Session, Summary)
Opened = TypeVar("Opened")
Document: TypeAlias = dict[str, Any]
"""A report as JSON says it, with whatever keys a newer loadtop put in."""


def load(path: Path) -> Session:
    """Return a saved session.

    Raises:
        UsageError: There is none at `path`, or not one that can be used.
    """
    return _opened(path, parse)


def glance(path: Path) -> Summary:
    """Return what a list shows of a saved session, at a fraction of the memory.

    Raises:
        UsageError: There is none at `path`, or it is visibly not one that can be used.
    """
    return _opened(path, lambda data: _decoded(data, _SUMMARY))


def load_document(path: Path) -> tuple[Document, Session]:
    """Return a saved session, and the document it was read from with all its keys.

    Raises:
        UsageError: There is none at `path`, or not one that can be used.
    """

    def read(data: bytes) -> tuple[Document, Session]:
        session = parse(data)
        return msgspec.json.decode(data, type=Document), session

    return _opened(path, read)


def parse(data: bytes) -> Session:
    """Return the session in the bytes of a file, cleaned of anything that must not reach a terminal.

    Raises:
        UsageError: There is none; the message says why, and leaves the name of the file to the caller.
    """
    session = _decoded(data, _SESSION)
    _check_sense(session)
    return replace(session, seconds=every(session.seconds), checksum="")


def _opened(path: Path, read: Callable[[bytes], Opened]) -> Opened:
    shown = clean(str(path))
    try:
        return read(_bytes_of(path))
    except OSError as error:
        raise UsageError(f"cannot open '{shown}': {(error.strerror or 'it cannot be read').lower()}") from error
    except UsageError as error:
        raise UsageError(f"cannot open '{shown}': {error}") from error


def _decoded(data: bytes, decoder: msgspec.json.Decoder[Kept]) -> Kept:
    if not data.strip():
        raise UsageError("it is empty")
    try:
        head = _HEAD.decode(data)
        _check_schema(head.schema)
        # A file of an older loadtop, or of somebody's own making, has none.
        if head.checksum and not is_whole(data):
            raise UsageError(
                "it is damaged, or was changed by hand: its checksum does not match; "
                f"take the '{KEY}' out to open it all the same"
            )
        return _tidied(decoder.decode(data))
    except msgspec.ValidationError as error:
        raise UsageError(_damage(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(_not_json(data, str(error))) from error
    except RecursionError as error:
        raise UsageError("it is no loadtop session: nested too deeply") from error


def _tidied(value: Kept) -> Kept:
    """Return a struct that was read from JSON as `tidy` does, but leave a long series of numbers as it is.

    JSON has no number that is not finite, and rounding is for writing. What is left are integers beyond 64
    bits, and MessagePack knows those at once.
    """
    if not isinstance(value, Session):
        return tidy(value)
    series = (value.seconds, value.pauses)
    try:
        msgspec.msgpack.encode(series)
    except OverflowError:
        return tidy(value)
    return replace(tidy(replace(value, seconds=(), pauses=())), seconds=series[0], pauses=series[1])


def _bytes_of(path: Path) -> bytes:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise UsageError("it is a folder; give the file of a session")
    if not stat.S_ISREG(mode):
        raise UsageError("it is no regular file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        raise UsageError(f"{size} bytes are more than a session may have ({LARGEST_BYTES})")
    return data


def _check_schema(schema: str | None) -> None:
    number = (schema or "").removeprefix(SCHEMA_FAMILY)
    if schema is None or number == schema or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise UsageError("it is JSON, but no loadtop session ('schema' is missing or of something else)")
    if int(number) > SCHEMA_MAJOR:
        raise UsageError(f"a newer loadtop wrote it ({schema}; this one reads {SCHEMA}); upgrade loadtop")
    if schema != SCHEMA:
        raise UsageError(f"there is no such format as {schema}; this loadtop reads {SCHEMA}")


def _check_sense(session: Session) -> None:
    """Types are right; what panels and reports rely on beyond them must be as well."""
    known = [segment.index for segment in session.segments]
    if len(set(known)) != len(known):
        raise UsageError("it is damaged: two of its segments have the same index")
    spoken_for = session.result.segment
    if spoken_for is not None and spoken_for not in known:
        raise UsageError(f"it is damaged: result.segment is {spoken_for}, which is not among its segments")
    for number, profile in enumerate(session.profiles):
        most = len(profile.frames)
        if not all(
            stack and stack[0] >= 0 and all(0 <= frame < most for frame in stack[1:])
            for stack in profile.stacks
        ):
            raise UsageError(f"it is damaged: profiles[{number}] has a stack of frames that it does not list")


def _damage(message: str) -> str:
    """Say in our words what msgspec says as "Expected `int`, got `str` - at `$.segments[0].requests`"."""
    what, _, where = message.partition(" - at ")
    key = where.strip("`").removeprefix("$").removeprefix(".")
    if not key and what.startswith("Expected `object`"):
        return "it is JSON, but no loadtop session"
    if key == "schema":
        return "it is JSON, but no loadtop session ('schema' is no text)"
    what = what.replace("`", "").replace("Object missing required field", "missing key").strip()
    what = what[:1].lower() + what[1:]
    return clean(f"it is damaged: {f'{key}: ' if key else ''}{what}", limit=300)


def _not_json(data: bytes, message: str) -> str:
    if "truncated" in message:
        lines = data.count(b"\n") + 1
        return f"it ends in the middle, in line {lines}; it was cut off or not written to its end"
    reason, _, place = message.removeprefix("JSON is malformed: ").partition(" (byte ")
    digits = place.rstrip(")")
    if not digits.isdigit():
        return clean(f"it is not JSON ({message})", limit=300)
    line = data.count(b"\n", 0, int(digits)) + 1
    return f"line {line} is not JSON ({reason})"
