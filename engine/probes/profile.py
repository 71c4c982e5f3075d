"""Reads profiles as pprof writes them: profile.proto, compressed or plain.

Field numbers and meanings: `proto/profile.proto` of google/pprof. Whatever else the bytes are, the answer is
one exception with one line; a profile comes from a server under load, and may be cut, foreign or made up.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from engine.looks import Frame
from engine.probes.protobuf import BadMessage, Message, message, messages, number, numbers, payload, signed

MOST_PLAIN_BYTES: Final = 32 << 20
"""Uncompressed. Half a minute of a big service is about 5 MB."""

DEEPEST: Final = 1000
"""Frames of a stack; Go cuts at 128 addresses, each of which may stand for some inlined calls."""

MOST_FRAMES: Final = 5_000_000
"""Of all stacks together: a few bytes can name the same long stack again and again."""

MOST_SAMPLES: Final = 500_000
"""Go adds equal stacks up before it writes them."""

_LONGEST_NAME: Final = 500
_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31


class BadProfile(ValueError):
    """The bytes are no profile; the message is one line that says why."""


class ValueType(Struct, frozen=True):
    """What a number of a sample means, such as ("cpu", "nanoseconds")."""

    kind: str
    unit: str


class Sample(Struct, frozen=True):
    """A call stack and its values.

    Attributes:
        stack: Indexes into the profile's frames, the outermost call first. Inlined calls are frames too.
        values: One for each of the profile's types.
    """

    stack: tuple[int, ...]
    values: tuple[int, ...]


class Profile(Struct, frozen=True):
    """A profile, its references resolved.

    Attributes:
        types: What the values of a sample are.
        default: The type that its maker finds most telling, or "".
        frames: Every function once.
        samples: As they were written; the same stack may occur more than once.
        time_ns: When it was begun, nanoseconds since 1970 by the target's clock, or 0.
        duration_ns: How long it lasted, or 0.
        period: Between two samples, in the unit of its kind (CPU: nanoseconds), or 0.
    """

    types: tuple[ValueType, ...]
    default: str
    frames: tuple[Frame, ...]
    samples: tuple[Sample, ...]
    time_ns: int
    duration_ns: int
    period: int


def parse(data: bytes) -> Profile:
    """Return the profile in an answer's body.

    Raises:
        BadProfile: There is none, or it is larger than anything worth reading.
    """
    if not data:
        raise BadProfile("it is empty")
    try:
        return _resolved(message(_plain(data)))
    except BadMessage as error:
        raise BadProfile(f"it is no profile, or damaged: {error}") from None


def _plain(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        if len(data) > MOST_PLAIN_BYTES:
            raise BadProfile(f"it has more than {MOST_PLAIN_BYTES >> 20} MB")
        return data
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unpacker.decompress(data, MOST_PLAIN_BYTES + 1)
    except zlib.error:
        raise BadProfile("it is damaged: what is compressed cannot be read") from None
    if len(plain) > MOST_PLAIN_BYTES:
        raise BadProfile(f"it has more than {MOST_PLAIN_BYTES >> 20} MB")
    if not unpacker.eof:
        raise BadProfile("it ends in the middle")
    return plain


def _resolved(top: Message) -> Profile:
    """Put the pieces together; references may point forward, so this comes after the whole was read."""
    raw = top.get(6, [])
    strings = [payload(text, 6)[: 4 * _LONGEST_NAME].decode("utf-8", "replace")[:_LONGEST_NAME] for text in raw]

    def text(index: int) -> str:
        if not index:
            return ""
        if index >= len(strings):
            raise BadProfile(f"it is damaged: text {index} of {len(strings)}")
        return strings[index]

    types = tuple(ValueType(text(number(one, 1)), text(number(one, 2))) for one in messages(top, 1))
    if not types:
        raise BadProfile("it is no profile: it does not say what it counts")
    frames = _Frames()
    functions = {
        number(one, 1): frames.add(
            Frame(text(number(one, 2)) or "?", text(number(one, 4)), _line(number(one, 5)))
        )
        for one in messages(top, 5)
    }
    files = {number(one, 1): text(number(one, 5)) for one in messages(top, 3)}
    locations: dict[int, tuple[int, ...]] = {}
    for location in messages(top, 4):
        called = [functions.get(number(line, 1)) for line in messages(location, 4)]
        known = [index for index in called if index is not None]
        if not known:
            address, mapping = number(location, 3), number(location, 2)
            known = [frames.add(Frame(f"{address:#x}", files.get(mapping, "")))]
        locations[number(location, 1)] = tuple(reversed(known[:DEEPEST]))  # innermost first, in the file
    return Profile(
        types=types,
        default=text(number(top, 14)),
        samples=_samples(top, locations, len(types)),
        frames=tuple(frames.all),
        time_ns=signed(number(top, 9)),
        duration_ns=max(0, signed(number(top, 10))),
        period=signed(number(top, 12)),
    )


def _line(number: int) -> int:
    return number if number < 1 << 31 else 0


class _Frames:
    """Gives every function one index: pprof gives the same function several, one for each of its inlinings."""

    def __init__(self) -> None:
        self.all: list[Frame] = []
        self._index: dict[tuple[str, str, int], int] = {}

    def add(self, frame: Frame) -> int:
        key = (frame.function, frame.file, frame.line)
        if key not in self._index:
            self._index[key] = len(self.all)
            self.all.append(frame)
        return self._index[key]


def _samples(top: Message, locations: Mapping[int, Sequence[int]], width: int) -> tuple[Sample, ...]:
    if len(top.get(2, ())) > MOST_SAMPLES:
        raise BadProfile(f"it has more than {MOST_SAMPLES} samples")
    samples: list[Sample] = []
    room = MOST_FRAMES
    for one in messages(top, 2):
        stack: list[int] = []
        for location in reversed(numbers(one, 1)):
            if location not in locations:
                raise BadProfile(f"it is damaged: a sample is from location {location}, which there is not")
            stack.extend(locations[location])
            if len(stack) >= DEEPEST:
                break
        values = tuple(signed(value) for value in numbers(one, 2))
        if len(values) != width:
            raise BadProfile(f"it is damaged: a sample with {len(values)} values instead of {width}")
        room -= len(stack)
        if room < 0:
            raise BadProfile(f"its stacks have more than {MOST_FRAMES} frames")
        samples.append(Sample(tuple(stack[:DEEPEST]), values))
    return tuple(samples)
