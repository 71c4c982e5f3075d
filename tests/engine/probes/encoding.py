"""Writes profiles and traces by hand, so that readers are held against more than what Go happens to write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

HZ = 15_625_000


def uvarint(value: int) -> bytes:
    """Return a number as LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """Return a field that holds a number; negative ones take ten bytes."""
    return uvarint(field << 3) + uvarint(value & (1 << 64) - 1)


def piece(field: int, content: bytes) -> bytes:
    """Return a field that holds text, a message, or packed numbers."""
    return uvarint(field << 3 | 2) + uvarint(len(content)) + content


def packed(field: int, values: Iterable[int]) -> bytes:
    """Return a repeated number in one field."""
    return piece(field, b"".join(uvarint(value & (1 << 64) - 1) for value in values))


def unpacked(field: int, values: Iterable[int]) -> bytes:
    """Return a repeated number in a field each."""
    return b"".join(number(field, value) for value in values)


def texts(*words: str) -> bytes:
    """Return a string table."""
    return b"".join(piece(6, word.encode()) for word in ("", *words))


def event(kind: int, *numbers: int) -> bytes:
    """Return an event of a trace."""
    return bytes([kind]) + b"".join(map(uvarint, numbers))


def batch(thread: int, base: int, content: bytes, *, generation: int = 1, experiment: bool = False) -> bytes:
    """Return a batch of a trace."""
    head = b"\x31\x01" if experiment else b"\x01"
    return head + b"".join(map(uvarint, (generation, thread, base, len(content)))) + content


def strings(words: Sequence[str], *, generation: int = 1) -> bytes:
    """Return a batch of texts, numbered from 1."""
    content = b"\x04"
    for index, word in enumerate(words, 1):
        content += b"\x05" + uvarint(index) + uvarint(len(word.encode())) + word.encode()
    return batch((1 << 64) - 1, 0, content, generation=generation)


def clock(version: int, base: int, *, generation: int = 1, wall: tuple[int, int] = (1_800_000_000, 5)) -> bytes:
    """Return the batch that tells the clock's frequency, as a format has it."""
    if version < 25:
        return batch(0, base, event(8, HZ), generation=generation)
    return batch(0, base, b"\x32" + event(8, HZ) + event(51, 3, 77, *wall), generation=generation)


def header(version: int) -> bytes:
    """Return the first bytes of a trace."""
    return f"go 1.{version} trace\0\0\0".encode()
