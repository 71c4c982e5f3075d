"""A session as JSON; with `as_text` and `as_markdown` the three forms of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from sessions.checksum import KEY, checksum_of
from sessions.gauges import once
from sessions.markdown import as_markdown
from sessions.model import Session
from sessions.text import as_text

__all__ = ["as_bytes", "as_json", "as_markdown", "as_text", "as_written", "document_as_bytes"]

_PAUSES_A_LINE: Final = 8
_ENCODER: Final = msgspec.json.Encoder()


def as_json(session: Session) -> str:
    """Return the report as JSON: indented, the keys in the schema's order, a row of a series on one line."""
    return as_bytes(session).decode()


def as_bytes(session: Session) -> bytes:
    """Return the report as the bytes of its file."""
    written = as_written(session)
    return document_as_bytes({key: getattr(written, key) for key in written.__struct_fields__})


def as_written(session: Session) -> Session:
    """Return a session as its file has it: with its gauges where they change."""
    return replace(session, seconds=once(session.seconds))


def document_as_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a report as JSON, with its checksum at the end; it may have keys that are not in the model."""
    members = b",\n".join(
        b"  %b: %b" % (_ENCODER.encode(key), _LAYOUTS.get(key, _nested)(value))
        for key, value in document.items()
        if key != KEY
    )
    checksum = checksum_of(b"{%b}" % members)
    return b'{\n%b,\n  "%b": "%b"\n}\n' % (members, KEY.encode(), checksum.encode())


def _nested(value: object) -> bytes:
    return msgspec.json.format(_ENCODER.encode(value), indent=2).replace(b"\n", b"\n  ")


def _spaced(values: Iterable[object]) -> bytes:
    lines = b",\n    ".join(msgspec.json.format(_ENCODER.encode(value), indent=0) for value in values)
    return b"[\n    %b\n  ]" % lines if lines else b"[]"


def _rows(values: Sequence[object]) -> bytes:
    # Without spaces, nor in front of them: these are nearly all of the file. No line end is within a line.
    lines = _ENCODER.encode_lines(values)[:-1].replace(b"\n", b",\n")
    return b"[\n%b\n  ]" % lines if lines else b"[]"


def _pauses(values: Sequence[object]) -> bytes:
    # Each is a pair of numbers, and there may be hundreds of thousands: some on a line.
    some = [values[start : start + _PAUSES_A_LINE] for start in range(0, len(values), _PAUSES_A_LINE)]
    lines = _ENCODER.encode_lines(some)[1:-2].replace(b"]]\n[[", b"],\n    [")
    return b"[\n    %b\n  ]" % lines if lines else b"[]"


_LAYOUTS: Final[dict[str, Callable[[Sequence[object]], bytes]]] = {
    "events": _spaced,
    "seconds": _rows,
    "pauses": _pauses,
    "profiles": _rows,
    "traces": _rows,
}
