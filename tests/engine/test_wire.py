"""Messages survive the wire, however it splits them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import wire

COMMANDS: list[wire.Command] = [
    wire.Setup(
        worker=1,
        family=2,
        address=("127.0.0.1", 80),
        request=b"GET / HTTP/1.1\r\n\r\n",
        head_only=False,
        keepalive=True,
        timeout_ns=10,
    ),
    wire.Drive(concurrency=64, paused=True),
    wire.Finish(drain_ns=5),
]


def frame(number: int) -> wire.Frame:
    """Return a frame that can be told from others."""
    return wire.Frame(worker=number, at_ns=2, settled_ns=1, written=b"w" * 8, last=b"l" * 8, outcome=b"oo")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_comes_out_as_it_went_in(command: wire.Command) -> None:
    (body,) = wire.Splitter().feed(wire.encode(command))
    assert wire.decode_command(body) == command


@given(st.lists(st.integers(1, 60), max_size=40))
def test_messages_are_cut_out_of_a_stream_that_is_split_anywhere(lengths: list[int]) -> None:
    stream = b"".join(wire.encode(frame(number)) for number in range(5))
    splitter = wire.Splitter()
    seen = []
    at = 0
    for length in [*lengths, len(stream)]:
        seen += [wire.decode_frame(body).worker for body in splitter.feed(stream[at : at + length])]
        at += length
    assert seen == list(range(5))


def test_an_absurd_length_is_a_broken_stream() -> None:
    with pytest.raises(ValueError, match="is announced"):
        list(wire.Splitter().feed(b"\xff\xff\xff\xff"))


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        wire.decode_frame(b"\x01\x02")


def test_error_kinds_fit_below_the_statuses() -> None:
    assert len(wire.ERROR_KINDS) < wire.FIRST_STATUS
    assert len(set(wire.ERROR_KINDS)) == len(wire.ERROR_KINDS)
