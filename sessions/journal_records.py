"""The bytes of a journal: records that are whole or not there.

A file is a magic line and records one after the other. A record is a head of twelve bytes and what it carries:

    length   u32, little-endian     bytes of the payload
    check    u32                    CRC-32 of the payload
    guard    u32                    CRC-32 of the eight bytes before
    payload  length bytes           MessagePack, deflated (`sessions.journal_entries`)

The head has a check of its own, so that a length that was damaged is not mistaken for the end of the file. What
a kill or a power cut leaves half written can only be at the end, and is dropped; anything else that does not
fit was damaged later, and is told.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from msgspec import Struct

from engine.errors import UsageError

MAGIC: Final = b"loadtop.journal/1\n"
FAMILY: Final = b"loadtop.journal/"
LARGEST_PAYLOAD: Final = 1 << 30

_HEAD: Final = struct.Struct("<III")
_LEVEL: Final = 1  # the fastest; higher ones take thrice the time for a tenth less


class Records(Struct, frozen=True):
    """What could be read of a journal.

    Attributes:
        payloads: What its whole records carry, oldest first.
        end: Where the last of them ends.
        damage: What is wrong with what comes after that, in words; "" where nothing is, or where it is only
            the unfinished end that a kill leaves behind.
    """

    payloads: tuple[bytes, ...]
    end: int
    damage: str = ""


def framed(payload: bytes) -> bytes:
    """Return a payload as a record."""
    packed = zlib.compress(payload, _LEVEL)
    lead = struct.pack("<II", len(packed), zlib.crc32(packed))
    return lead + struct.pack("<I", zlib.crc32(lead)) + packed


def read_records(data: bytes) -> Records:
    """Return the records in the bytes of a journal.

    Raises:
        UsageError: It is no journal, or of a newer loadtop; the message leaves the file's name to the caller.
    """
    if not data.startswith(MAGIC):
        _refuse(data)
    payloads: list[bytes] = []
    at = len(MAGIC)
    while at + _HEAD.size <= len(data):
        length, check, guard = _HEAD.unpack_from(data, at)
        begin = at + _HEAD.size
        if zlib.crc32(data[at : at + 8]) != guard or length > LARGEST_PAYLOAD:
            return Records(tuple(payloads), at, _damage(data, at, begin))
        packed = data[begin : begin + length]
        if len(packed) < length:
            break
        if zlib.crc32(packed) != check:
            return Records(tuple(payloads), at, _damage(data, at, begin + length))
        try:
            payloads.append(zlib.decompress(packed))
        except zlib.error:  # its checksum is right, so it was written so
            return Records(tuple(payloads), at, f"the record at byte {at} cannot be unpacked")
        at = begin + length
    return Records(tuple(payloads), at)


def _refuse(data: bytes) -> None:
    line = data[:64].partition(b"\n")[0]
    if MAGIC.startswith(data):
        raise UsageError("it is a journal that was cut off before its first record; nothing can be recovered")
    number = line.removeprefix(FAMILY)
    if number != line and number.isdigit() and number != b"1":
        raise UsageError(
            f"a newer loadtop wrote it ({line.decode()}; this one reads {MAGIC.decode().strip()}); "
            "upgrade loadtop"
        )
    raise UsageError("it is no journal of loadtop, or its first line is damaged")


def _damage(data: bytes, at: int, after: int) -> str:
    """Say what is wrong at a record, unless it is the end: blocks that never reached the disk, zeros or old."""
    rest = data[at:]
    if after >= len(data) or not rest.strip(b"\0"):
        return ""
    return f"the record at byte {at} is damaged; {len(rest)} bytes from there on are lost"
