"""Numbers of variable length, as protocol buffers and Go's execution traces write them: LEB128, unsigned."""

from __future__ import annotations

from typing import Final

_LAST_SHIFT: Final = 63
"""Ten bytes hold 64 bits. A longer number is none that either format may contain."""


def uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where the next thing begins.

    Raises:
        IndexError: The data end within it.
        OverflowError: It is longer than 64 bits.
    """
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    value = byte & 0x7F
    shift = 7
    while True:
        at += 1
        byte = data[at]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                raise OverflowError("a number has more than 64 bits")
            return value, at + 1
        shift += 7
        if shift > _LAST_SHIFT:
            raise OverflowError("a number has more than ten bytes")
