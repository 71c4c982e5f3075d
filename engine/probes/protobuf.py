"""Protocol buffers, as far as reading a message whose fields are known needs them.

The encoding: protobuf.dev/programming-guides/encoding. Nothing goes by name; a caller knows its numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from engine.probes.varint import uvarint

_FIXED: Final[Mapping[int, int]] = {1: 8, 5: 4}
"""Bytes of the wire types of fixed length, which no format read here uses."""

Message: TypeAlias = dict[int, list[int | bytes]]
"""Values by field number, in the order of the bytes. Text, messages and packed numbers are bytes still."""


class BadMessage(ValueError):
    """The bytes are no message, or not of the kind that is read; the message is one line that says why."""


def message(data: bytes) -> Message:
    """Return a message's fields.

    Raises:
        BadMessage: The bytes are none.
    """
    found: Message = {}
    at, end = 0, len(data)
    try:
        while at < end:
            key, at = uvarint(data, at)
            field, wire = key >> 3, key & 7
            value: int | bytes = 0
            if wire == 0:
                value, at = uvarint(data, at)
            elif wire == 2:
                size, at = uvarint(data, at)
                value = data[at : at + size]
                at += size
            elif wire in _FIXED:
                at += _FIXED[wire]
            else:
                raise BadMessage(f"wire type {wire} in field {field}")
            if at > end:
                raise BadMessage("it ends in the middle")
            if not field:
                raise BadMessage("a field has number 0")
            found.setdefault(field, []).append(value)
    except IndexError:
        raise BadMessage("it ends in the middle") from None
    except OverflowError as error:
        raise BadMessage(str(error)) from None
    return found


def numbers(within: Message, field: int) -> list[int]:
    """Return a repeated number, packed or not: both are legal, even mixed.

    Raises:
        BadMessage: The field is something else.
    """
    found: list[int] = []
    for value in within.get(field, ()):
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        try:
            while at < len(value):
                one, at = uvarint(value, at)
                found.append(one)
        except (IndexError, OverflowError):
            raise BadMessage(f"field {field} is no list of numbers") from None
    return found


def number(within: Message, field: int) -> int:
    """Return a single number, 0 where it is absent; the last counts where it is repeated.

    Raises:
        BadMessage: The field is something else.
    """
    value = within.get(field, (0,))[-1]
    if isinstance(value, bytes):
        raise BadMessage(f"field {field} is no number")
    return value


def messages(within: Message, field: int) -> Iterator[Message]:
    """Yield repeated messages.

    Raises:
        BadMessage: The field is something else.
    """
    for value in within.get(field, ()):
        yield message(payload(value, field))


def payload(value: int | bytes, field: int) -> bytes:
    """Return the bytes of a text or a message.

    Raises:
        BadMessage: It is a number.
    """
    if isinstance(value, int):
        raise BadMessage(f"field {field} is a number")
    return value


def signed(value: int) -> int:
    """Return an int64 from its 64 bits."""
    return value - (1 << 64) if value >> 63 else value
