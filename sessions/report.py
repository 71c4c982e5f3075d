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

__all__ = ["as_json", "as_markdown", "as_text", "as_written", "document_as_json"]

_PAUSES_A_LINE: Final = 8
_ENCODER: Final = msgspec.json.Encoder()


def as_json(session: Session) -> str:
    """Return the report as JSON: indented, the keys in the schema's order, a row of a series on one line."""
    written = as_written(session)
    return document_as_json({key: getattr(written, key) for key in written.__struct_fields__})


def as_written(session: Session) -> Session:
    """Return a session as its file has it: with its gauges where they change."""
    return replace(session, seconds=once(session.seconds))


def document_as_json(document: Mapping[str, Any]) -> str:
    """Return a report as JSON, with its checksum at the end; it may have keys that are not in the model."""
    members = ",\n".join(
        f"  {_ENCODER.encode(key).decode()}: {_LAYOUTS.get(key, _nested)(value)}"
        for key, value in document.items()
        if key != KEY
    )
    checksum = checksum_of(f"{{{members}}}".encode())
    return f'{{\n{members},\n  "{KEY}": "{checksum}"\n}}\n'


def _nested(value: object) -> str:
    indented = msgspec.json.format(_ENCODER.encode(value), indent=2).decode()
    return indented.replace("\n", "\n  ")


def _spaced(values: Iterable[object]) -> str:
    return _listed([msgspec.json.format(_ENCODER.encode(value), indent=0).decode() for value in values])


def _rows(values: Iterable[object]) -> str:
    # Without spaces, nor in front of them: these are nearly all of the file.
    return _listed([_ENCODER.encode(value).decode() for value in values], indent="")


def _pauses(values: Sequence[object]) -> str:
    starts = range(0, len(values), _PAUSES_A_LINE)
    # A line at a time: there may be hundreds of thousands.
    return _listed([_ENCODER.encode(values[start : start + _PAUSES_A_LINE])[1:-1].decode() for start in starts])


def _listed(lines: list[str], indent: str = "    ") -> str:
    return f"[\n{indent}" + f",\n{indent}".join(lines) + "\n  ]" if lines else "[]"


_LAYOUTS: Final[dict[str, Callable[[Sequence[object]], str]]] = {
    "events": _spaced,
    "seconds": _rows,
    "pauses": _pauses,
    "profiles": _rows,
    "traces": _rows,
}
