"""What crosses between the console's process and the workers: Commands in, Frames out, and their bytes.

A message is a length (4 bytes, big endian) and that many bytes of msgpack. Commands state what shall be,
not what shall be done, so that a lost or repeated one does no harm. Frames carry raw times, not digests: a
worker must spend its core on load, and whoever reads can digest them any way it likes. The same bytes serve
a socketpair and a network connection.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from engine.plan import Arrivals, Tls

LONGEST_MESSAGE: Final = 256 * 1024 * 1024  # a second of 1M requests/s is 26 MB; more is a broken stream

ERROR_KINDS: Final = (
    "timeout",  # no whole answer within the time-out
    "refused",  # nobody listens at the target's address
    "reset",  # the connection was reset while a request was on it
    "closed",  # the target closed the connection before the answer was whole
    "protocol",  # what came is no HTTP/1.1 answer to the request
    "connect",  # the connection could not be opened for another reason
    "tls",  # the TLS handshake failed
    "local-limit",  # this machine ran out of files or ports
    "unsent",  # due in an open loop, and no connection was free before the schedule ended
    "unfinished",  # still in flight when the run ended and its drain time was over
    "worker-lost",  # in flight in a worker process that died
)
"""The closed set of ways to get no answer. A record's outcome is an index of it, or an HTTP status."""

ERROR_CODE: Final = {kind: code for code, kind in enumerate(ERROR_KINDS)}

FIRST_STATUS: Final = 100
"""Outcomes from here on are HTTP statuses, below are errors."""


class Setup(Struct, frozen=True, tag="setup"):
    """The first command: what every request of this worker is."""

    worker: int
    family: int
    address: tuple[str | int, ...]
    """As the socket module wants it."""
    request: bytes
    head_only: bool
    """Answers have no body whatever their headers say (HEAD)."""
    keepalive: bool
    timeout_ns: int
    repeatable: bool = True
    """Whether a request that an idle connection's close has lost may be sent again."""
    spin: bool = False
    """Whether to wait for the next send without sleeping, once it is near."""
    tls: Tls | None = None
    answers: int | None = None
    """How many answers this worker is to get before it stops sending; None for any number."""
    cpu: int | None = None
    """Core to pin to."""


class Schedule(Struct, frozen=True):
    """One worker's part of an open loop's schedule; `engine.pacing.due_times` makes times of it."""

    arrivals: Arrivals
    rate: float
    """Of all parts together."""
    anchor_ns: int
    part: int
    parts: int
    seed: int
    until_ns: int | None = None
    """Nothing is due after this; None for no end."""


class Drive(Struct, frozen=True, tag="drive"):
    """The load of this worker from now on, in full."""

    concurrency: int
    paused: bool = False
    schedule: Schedule | None = None
    """None for a closed loop."""
    at_ns: int | None = None
    """When it was decided: what the schedule before has left until then is that schedule's. None for now."""


class Finish(Struct, frozen=True, tag="finish"):
    """Send nothing more, wait this long for what is in flight, report it, and exit."""

    drain_ns: int


Command: TypeAlias = Setup | Drive | Finish


class Unsent(Struct, frozen=True, array_like=True):
    """Requests that were due in a stretch of time and never sent: a schedule ended before they could be."""

    first_ns: int
    last_ns: int
    count: int


class Frame(Struct, frozen=True):
    """A worker's news since its last frame, about ten times a second.

    `planned`, `written`, `last` and `outcome` are the bytes of arrays of equal length, one entry a request that
    ended: int64 nanoseconds on the monotonic clock, and uint16 outcomes. In a closed loop `planned` is empty:
    a request is due when it is written.
    """

    worker: int
    at_ns: int
    settled_ns: int
    """Every request due before this has ended and is in this frame or an earlier one."""
    written: bytes
    last: bytes
    outcome: bytes
    planned: bytes = b""
    lag: bytes = b""
    """int64 nanoseconds by which each send of a schedule was late although a connection was free."""
    unsent: tuple[Unsent, ...] = ()
    retried: int = 0
    """Requests sent a second time: the target had closed the idle connection on which they went out first."""
    first_attempts: bytes = b""
    """int64 nanoseconds that those had been out the first time, until that was noticed."""
    stood: bytes = b""
    """int64 nanoseconds by which the worker's loop came round late, each time that this was some milliseconds:
    it, and so what it measured, stood still."""
    connect: bytes = b""
    """int64 nanoseconds each connection took to open."""
    resumed: int = 0
    """Connections opened by resuming a TLS session."""
    bytes_in: int = 0
    open: int = 0
    connecting: int = 0
    in_flight: int = 0
    cpu_ns: int = 0
    """CPU time of the worker since its start."""
    stamped: bool = False
    """Whether an answer ended when its last byte reached the kernel, and not when the worker had read it."""
    last_error: str = ""
    finished: bool = False
    """The last frame; the worker exits."""


_COMMANDS: Final[msgspec.msgpack.Decoder[Command]] = msgspec.msgpack.Decoder(Command)
_FRAMES: Final = msgspec.msgpack.Decoder(Frame)
_ENCODER: Final = msgspec.msgpack.Encoder()


def encode(message: Command | Frame) -> bytes:
    """Return a message with its length in front."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(4, "big") + body


def decode_command(body: bytes | memoryview) -> Command:
    """Return the command in a message's body.

    Raises:
        msgspec.DecodeError: It is none.
    """
    return _COMMANDS.decode(body)


def decode_frame(body: bytes | memoryview) -> Frame:
    """Return the frame in a message's body.

    Raises:
        msgspec.DecodeError: It is none.
    """
    return _FRAMES.decode(body)


class Splitter:
    """Cuts a stream of bytes into the bodies of messages, wherever the stream happened to be split."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each message's body that is now whole.

        Raises:
            ValueError: The stream is broken: a message claims an absurd length.
        """
        held = self._held
        held += data
        start = 0
        while len(held) - start >= 4:
            length = int.from_bytes(held[start : start + 4], "big")
            if length > LONGEST_MESSAGE:
                raise ValueError(f"a message of {length} bytes is announced")
            if len(held) - start - 4 < length:
                break
            yield bytes(memoryview(held)[start + 4 : start + 4 + length])
            start += 4 + length
        del held[:start]


def count_times(times: bytes) -> int:
    """Return how many nanoseconds these bytes of a Frame are."""
    return len(times) // 8


def pack_times(times: Sequence[int]) -> bytes:
    """Return nanoseconds as a Frame has them."""
    return struct.pack(f"={len(times)}q", *times)


def pack_outcomes(outcomes: Sequence[int]) -> bytes:
    """Return outcomes as a Frame has them."""
    return struct.pack(f"={len(outcomes)}H", *outcomes)
