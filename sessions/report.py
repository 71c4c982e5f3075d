"""A session as JSON; with `as_text` and `as_markdown` the three forms of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from msgspec import Struct

from sessions.markdown import as_markdown
from sessions.model import Session
from sessions.text import as_text

__all__ = ["as_json", "as_markdown", "as_text"]

_PAUSES_A_LINE: Final = 8


def as_json(session: Session) -> str:
    """Return the report as JSON: indented, the keys in the schema's order, a row of a series on one line."""
    return "{\n" + ",\n".join(f'  "{key}": {text}' for key, text in _members(session)) + "\n}\n"


def _members(session: Session) -> Iterable[tuple[str, str]]:
    for key in session.__struct_fields__:
        value = getattr(session, key)
        yield key, _LAYOUTS.get(key, _nested)(value)


def _nested(value: object) -> str:
    indented = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return indented.replace("\n", "\n  ")


def _rows(values: Iterable[Struct]) -> str:
    return _listed([_line(value) for value in values])


def _pauses(values: Iterable[Struct]) -> str:
    cells = [_line(value) for value in values]
    starts = range(0, len(cells), _PAUSES_A_LINE)
    return _listed([", ".join(cells[start : start + _PAUSES_A_LINE]) for start in starts])


def _listed(lines: list[str]) -> str:
    return "[\n    " + ",\n    ".join(lines) + "\n  ]" if lines else "[]"


def _line(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


_LAYOUTS: Final[dict[str, Callable[[Iterable[Struct]], str]]] = {
    "events": _rows,
    "seconds": _rows,
    "pauses": _pauses,
    "profiles": _rows,
    "traces": _rows,
}
