"""Figures as people read them: three or four significant digits, in the unit that suits.

Reports and console say the same thing with the same words; `tui.format` adds what only a screen needs.
"""

from __future__ import annotations

import math
import re
from typing import Final

from engine.plan import Load

_STEPS: Final = ("", "k", "M", "G", "T", "P", "E")
_IDLE_ZEROS: Final = re.compile(r"\.0+(?!\d)|(?<=\.\d)0+(?!\d)|(?<=\.\d\d)0+(?!\d)")
_ARRIVALS: Final = {"poisson": "Poisson"}
_PERCENT_DECIMALS: Final = 3  # 0.001 % is 1 in 10^5; below it only the count says more


def digits(value: float, significant: int = 3) -> str:
    """Return a number with so many significant digits and no exponent: 0.25 is "0.250", 128412 is "128 000"."""
    if not math.isfinite(value):
        return "?"
    if value == 0:
        return "0"
    if not 1e-9 <= abs(value) < 1e15:
        return f"{value:.{significant - 1}e}"
    exact = float(f"{value:.{significant - 1}e}")  # first, so that 999.9 has the decimals of 1000
    decimals = significant - 1 - math.floor(math.log10(abs(exact)))
    return f"{exact:,.{min(max(decimals, 0), 12)}f}".replace(",", " ")


def count(value: float) -> str:
    """Return a whole number in groups of three: 17 077 212."""
    return f"{value:,.0f}".replace(",", " ") if abs(value) < 1e15 else f"{value:.3g}"


def scaled(value: float, significant: int = 4) -> str:
    """Return a number with its thousands as a letter: 128.4k, 7.705M."""
    return "".join(_scaled(value, significant, _STEPS))


def trim(text: str) -> str:
    """Return a figure without the zeros that end its decimals: for settings, which are exact as they stand."""
    return _IDLE_ZEROS.sub("", text)


def rate(value: float) -> str:
    """Return a rate a second, without its unit: 128.4k, 12.5, 0.333."""
    return scaled(value) if abs(value) >= 1000 else digits(value, 4 if abs(value) >= 1 else 3)


def duration(seconds: float) -> str:
    """Return a short time: 85.0 µs, 1.09 ms, 2.31 s."""
    if seconds == 0:
        return "0 s"
    for unit, factor, limit in (("µs", 1e6, 1e-3), ("ms", 1e3, 1.0)):
        if abs(float(f"{seconds:.2e}")) < limit:
            return f"{digits(seconds * factor)} {unit}"
    return f"{digits(seconds, 3 if abs(seconds) < 1000 else 4)} s"


def span(seconds: float) -> str:
    """Return how long something took: 12.3 s, 2 min 13 s, 1 h 02 min."""
    if not 0 <= seconds < 1e9:
        return f"{digits(seconds)} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def clock(seconds: float) -> str:
    """Return a point of time in the run: 0:41, 1:02:03."""
    whole = round(min(max(seconds, 0.0), 1e9))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def size(value: float) -> str:
    """Return bytes in decimal units: 142 MB."""
    number, letter = _scaled(value, 3, _STEPS)
    return f"{number} {letter}B"


def share(part: float, whole: float) -> str:
    """Return a part in percent, with decimals enough to tell it from none and from all."""
    if part <= 0 or whole <= 0:
        return "0 %"
    if part >= whole:
        return "100 %"
    percent = 100 * part / whole
    distance = min(percent, 100 - percent)
    if distance < 10**-_PERCENT_DECIMALS:
        return f"<0.{'1':0>{_PERCENT_DECIMALS}} %" if percent < 50 else f">99.{'9' * _PERCENT_DECIMALS} %"
    decimals = min(max(1 - math.floor(math.log10(distance)), 0), _PERCENT_DECIMALS)
    return f"{percent:.{decimals}f} %"


def percent(value: float) -> str:
    """Return a figure that is in percent already: 171 %, 3.1 %."""
    return f"{digits(value, 3 if abs(value) >= 99.95 else 2)} %"


def setting(value: float) -> str:
    """Return a rate that was asked for, exactly as it was: 20 000, 2.5."""
    return count(value) if value == round(value) else trim(digits(value, 6))


def load_words(load: Load) -> str:
    """Return a load as a sentence's part: "closed loop, 64 connections"."""
    if load.mode == "closed":
        return f"closed loop, {plural(load.concurrency, 'connection')}"
    arrivals = f" {_ARRIVALS.get(load.arrivals, load.arrivals)}" if load.arrivals else ""
    at_most = f"at most {plural(load.concurrency, 'connection')}"
    return f"open loop, {setting(load.rate or 0.0)} requests/s{arrivals}, {at_most}"


def load_short(load: Load) -> str:
    """Return a load as a table's cell: "64 conns", "2 000/s"; gaps are named where they are not the usual."""
    if load.mode == "closed":
        return plural(load.concurrency, "conn")
    return f"{setting(load.rate or 0.0)}/s{' constant' if load.arrivals == 'constant' else ''}"


def change_words(before: Load, after: Load) -> str:
    """Return a change of load: "128 → 256 conns"."""
    if before.mode == after.mode == "closed":
        return f"{count(before.concurrency)} → {load_short(after)}"
    if load_short(before) == load_short(after):
        return f"at most {count(before.concurrency)} → {plural(after.concurrency, 'conn')}"
    return f"{load_short(before)} → {load_short(after)}"


def segment_name(index: int) -> str:
    """Return what a segment is called; people count from 1."""
    return f"#{index + 1}"


def plural(number: int, noun: str) -> str:
    """Return a count with its noun: 1 answer, 2 answers."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def _scaled(value: float, significant: int, steps: tuple[str, ...]) -> tuple[str, str]:
    if not math.isfinite(value):
        return "?", ""
    exact = float(f"{value:.{significant - 1}e}")
    step = 0
    while abs(exact) >= 1000 and step < len(steps) - 1:
        exact /= 1000
        step += 1
    if step == 0 and value == int(value):
        return str(int(value)), ""
    return digits(exact, significant), steps[step]
