"""Makes values fit to be kept and shown, whoever they came from.

Text may come from a server, a process's command line or a stranger's file, and ends up on a terminal:
control characters, escape sequences and invisible direction marks are taken out. Numbers are rounded to nine
significant digits: a nanosecond in a second is beyond what any clock here can say, and the file is a third
smaller. A figure that is no finite number, or beyond 64 bits, becomes its key's default.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, TypeVar, cast

from msgspec import Struct
from msgspec.structs import fields

from engine.figures import Pause

T = TypeVar("T")

_SIGNIFICANT: Final = "%.9g"
_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_LONGEST_TEXT: Final = 1_000_000  # the base64 of a histogram has to pass
_INTEGERS: Final = 2**63  # nothing countable has more; Python's own may be too large for its floats
_ABSENT: Final = object()


def clean(text: str, *, limit: int = 2000) -> str:
    """Return text on one line that cannot move a cursor, recolour a screen or reorder what is around it."""
    if not text.isprintable():
        text = _ESCAPE.sub("", text)
        text = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
        text = text.strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def rounded(value: float) -> float:
    """Return a number with nine significant digits."""
    return float(_SIGNIFICANT % value)


def tidy(value: T) -> T:
    """Return a struct with all its text cleaned and all its numbers rounded, however deep they are."""
    return cast(T, _tidy(value))


def _tidy(value: Any) -> Any:
    if isinstance(value, float):
        return rounded(value) if math.isfinite(value) else _ABSENT
    if isinstance(value, int):
        return value if abs(value) < _INTEGERS else _ABSENT
    if isinstance(value, str):
        return clean(value, limit=_LONGEST_TEXT)
    if isinstance(value, Pause):  # there may be a hundred thousand of them
        known = math.isfinite(value.end_s) and math.isfinite(value.pause_s)
        return Pause(rounded(value.end_s), rounded(value.pause_s)) if known else Pause(0.0, 0.0)
    if isinstance(value, Struct):
        kept = {name: _tidy(getattr(value, name)) for name in value.__struct_fields__}
        if _ABSENT in kept.values():
            kept = _with_defaults(type(value), kept)
        return type(value)(**kept)
    if isinstance(value, dict):
        items = {_tidy(key): _tidy(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not _ABSENT}
    if isinstance(value, (tuple, list)):
        elements = [_tidy(element) for element in value]
        # A row of numbers means something by position: with one missing, the row is.
        return _ABSENT if any(element is _ABSENT for element in elements) else tuple(elements)
    return value


def _with_defaults(kind: type[Struct], kept: dict[str, Any]) -> dict[str, Any]:
    # Where there is no default: better a zero in one place than no report at all.
    required = {field.name for field in fields(kind) if field.required}
    return {
        name: 0 if item is _ABSENT else item
        for name, item in kept.items()
        if item is not _ABSENT or name in required
    }
