"""What the console remembers from one start to the next: how the screen was arranged, and the theme."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import msgspec

from sessions import atomic

LARGEST_BYTES: Final = 65536


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """Choices of the person; every one has a default, so that an older or newer file still says something.

    Attributes:
        theme: Name of the theme, or "" for the default.
        preset: Name of the arrangement that was chosen last.
        hidden: Panels that are not shown.
        wanted: Panels that come first where there is no room for all.
        step_s: Seconds that a column of a chart stands for; 0 is for the charts to choose.
    """

    theme: str = ""
    preset: str = ""
    hidden: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    step_s: int = 0


def recall(file: Path | None) -> Remembered:
    """Return what was kept; the defaults where there is nothing, or nothing that can be understood."""
    if file is None:
        return Remembered()
    try:
        if file.stat().st_size > LARGEST_BYTES:
            return Remembered()
        return msgspec.json.decode(file.read_bytes(), type=Remembered)
    except (OSError, msgspec.DecodeError):  # a damaged file is no reason not to start
        return Remembered()


def keep(file: Path | None, remembered: Remembered) -> None:
    """Write it; where that cannot be, it is forgotten, and the console goes on."""
    if file is None:
        return
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(file, msgspec.json.encode(remembered).decode() + "\n", mode=0o600)
