"""Makes values fit to be kept, whoever they came from.

Text is made printable. Numbers are rounded to nine significant digits: a nanosecond in a second is beyond what
any clock here can say, and the file is a third smaller. Rows of the series keep fewer. A figure that is no
finite number, or beyond 64 bits, becomes its key's default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, TypeVar, cast

import numpy as np
from msgspec import Struct
from msgspec.structs import fields

from engine.figures import Pause, Second
from sessions.printable import clean

T = TypeVar("T")

_SIGNIFICANT: Final = "%.9g"
_ROW_DIGITS: Final = "%.3g"
_SECOND: Final = Second.__struct_fields__
_SECOND_VALUES: Final = attrgetter(*_SECOND)
_SECOND_DEFAULTS: Final = [field.default for field in fields(Second)]
_LONGEST_TEXT: Final = 1_000_000  # the base64 of a histogram has to pass
_INTEGERS: Final = 2**63  # nothing countable has more; Python's own may be too large for its floats
_ABSENT: Final = object()


def rounded(value: float) -> float:
    """Return a number with nine significant digits."""
    return float(_SIGNIFICANT % value)


def tidy(value: T) -> T:
    """Return a struct with all its text cleaned and all its numbers rounded, however deep they are."""
    return cast(T, _tidy(value, {}))


def _tidy(value: Any, done: dict[int, Any]) -> Any:
    plain = _PLAIN.get(type(value))
    if plain is not None:
        return plain(value)
    if isinstance(value, Struct):
        # Half of a session is said twice: by a segment, and by the result, which is one of them.
        if id(value) not in done:
            done[id(value)] = _struct(value, done)
        return done[id(value)]
    if isinstance(value, dict):
        items = {_tidy(key, done): _tidy(item, done) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not _ABSENT}
    if isinstance(value, (tuple, list)):
        if value and type(value[0]) in _SERIES:
            return _SERIES[type(value[0])](value)
        elements = [_tidy(element, done) for element in value]
        # A row of numbers means something by position: with one missing, the row is.
        return _ABSENT if any(element is _ABSENT for element in elements) else tuple(elements)
    return next((rule(value) for kind, rule in _PLAIN.items() if isinstance(value, kind)), value)


def _struct(value: Struct, done: dict[int, Any]) -> Any:
    kept = {name: _tidy(getattr(value, name), done) for name in value.__struct_fields__}
    if _ABSENT in kept.values():
        kept = _with_defaults(type(value), kept)
    return type(value)(**kept)


@lru_cache(maxsize=50_000)  # the journal has done it, second by second, when the whole run is saved
def _second(row: Second) -> Second:
    """Return a row of the series, rounded: there are thousands, and they are nearly all of the file.

    Times of the run keep a millisecond, shares of a core a percent, and everything else three digits, as many
    as are ever shown: no second's percentiles are surer than that.
    """
    fitted = (fit(value) for fit, value in zip(_FITTING, _SECOND_VALUES(row), strict=True))
    # What is left out on writing is told by identity: another zero is not the default.
    kept = [
        default if type(value) is type(default) and value == default else value
        for value, default in zip(fitted, _SECOND_DEFAULTS, strict=True)
    ]
    if _ABSENT in kept:
        return Second(**_with_defaults(Second, dict(zip(_SECOND, kept, strict=True))))
    return Second(**dict(zip(_SECOND, kept, strict=True)))


def _seconds(rows: Sequence[Second]) -> tuple[Second, ...]:
    # Where the user chose series there is a dict in it, which has no hash.
    return tuple([_second(row) if row.series is None else _second.__wrapped__(row) for row in rows])


def _pauses(pauses: Sequence[Pause]) -> tuple[Pause, ...]:
    """Return pauses rounded to 0.1 ms of when and 10 ns of how long; there may be 100,000."""
    with np.errstate(all="ignore"):
        ends = np.round(np.array([pause.end_s for pause in pauses]), 4)
        lengths = np.round(np.array([pause.pause_s for pause in pauses]), 8)
    ends[~np.isfinite(ends)] = 0.0
    lengths[~np.isfinite(lengths)] = 0.0
    return tuple(map(Pause, ends.tolist(), lengths.tolist()))


def _time(value: Any) -> Any:
    return round(value, 3) if math.isfinite(value) else _ABSENT


def _figure(value: Any) -> Any:
    kind = type(value)
    if value is None or (kind is int and abs(value) < _INTEGERS):
        return value
    if kind is not float:
        return _tidy(value, {})
    short = float(_ROW_DIGITS % value)  # which may be beyond the largest number where the value is not
    return short if math.isfinite(short) else _ABSENT


def _whole_time(value: Any) -> Any:
    at = _time(value)
    return int(at) if at is not _ABSENT and at == int(at) else at


def _share(value: Any) -> Any:
    # The kernel counts in hundredths of a second.
    if value is None:
        return None
    return round(value) if -_INTEGERS < value < _INTEGERS else _ABSENT


def _shares(value: Any) -> Any:
    shares = tuple(map(_share, value))
    return _ABSENT if _ABSENT in shares else shares


def _with_defaults(kind: type[Struct], kept: dict[str, Any]) -> dict[str, Any]:
    # Where there is no default: better a zero in one place than no report at all.
    required = {field.name for field in fields(kind) if field.required}
    return {
        name: 0 if item is _ABSENT else item
        for name, item in kept.items()
        if item is not _ABSENT or name in required
    }


_PLAIN: Final[dict[type[Any], Callable[[Any], Any]]] = {
    float: lambda value: rounded(value) if math.isfinite(value) else _ABSENT,
    int: lambda value: value if abs(value) < _INTEGERS else _ABSENT,
    bool: lambda value: value,
    str: lambda value: clean(value, limit=_LONGEST_TEXT),
    type(None): lambda value: value,
}
_SERIES: Final[dict[type[Any], Callable[[Any], Any]]] = {Second: _seconds, Pause: _pauses}
_FITS: Final = {"t_s": _whole_time, "span_s": _time, "cpu_pct": _shares, "target_cpu_pct": _share}
_FITTING: Final = [_FITS.get(name, _figure) for name in _SECOND]
