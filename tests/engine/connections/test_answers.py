"""The reader of answers, against written cases and against h11 as an oracle."""

from __future__ import annotations

from itertools import pairwise

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.connections.answers import (
    CHUNKED,
    LONGEST_HEAD,
    LONGEST_LINE,
    REMEMBERED_HEADS,
    UNTIL_CLOSE,
    AnswerError,
    AnswerReader,
    Heads,
    parse_head,
)

OK = b"HTTP/1.1 200 OK\r\n"
CASES = {
    "length": OK + b"Content-Length: 4\r\n\r\npong",
    "length of zero": OK + b"Content-Length: 0\r\n\r\n",
    "lower case": OK + b"content-length: 4\r\n\r\npong",
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\npong\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n",
    "chunk extension": OK + b"Transfer-Encoding: chunked\r\n\r\n4;a=b\r\npong\r\n0;last\r\n\r\n",
    "trailers": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\npong\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n",
    "coded, then chunked": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    "continue first": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 4\r\n\r\npong",
    "early hints first": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2
    + OK
    + b"Content-Length: 1\r\n\r\nx",
    "failing status": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno",
    "no reason": b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
}


def read(pieces: list[bytes], *, head_only: bool = False) -> list[int]:
    """Return what each piece brought, as `feed` says it."""
    reader = AnswerReader(Heads(head_only=head_only))
    return [reader.feed(piece) for piece in pieces]


@pytest.mark.parametrize("answer", CASES.values(), ids=CASES)
def test_an_answer_is_whole_with_its_last_byte_wherever_it_was_split(answer: bytes) -> None:
    status = 204 if b" 204 " in answer else 304 if b" 304 " in answer else 503 if b" 503 " in answer else 200
    assert read([answer]) == [status]
    assert read([answer[i : i + 1] for i in range(len(answer))]) == [0] * (len(answer) - 1) + [status]
    for cut in range(1, len(answer)):
        assert read([answer[:cut], answer[cut:]]) == [0, status]


def test_one_answer_after_another_is_read_on_a_connection() -> None:
    reader = AnswerReader(Heads(head_only=False))
    for answer in CASES.values():
        assert reader.feed(answer) >= 200
        assert reader.keepalive
        assert not reader.surplus
        assert not reader.begun


def test_an_answer_to_head_has_no_body_whatever_its_length_says() -> None:
    answer = OK + b"Content-Length: 1000\r\n\r\n"
    assert read([answer], head_only=True) == [200]
    assert read([answer]) == [0]


@pytest.mark.parametrize(
    ("head", "length", "keepalive"),
    [
        (OK + b"Content-Length: 3\r\n\r\n", 3, True),
        (OK + b"Content-Length: 3\r\nConnection: close\r\n\r\n", 3, False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", CHUNKED, True),
        (OK + b"Transfer-Encoding: gzip\r\n\r\n", UNTIL_CLOSE, False),
        (OK + b"\r\n", UNTIL_CLOSE, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", 3, False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n", 3, True),
        (b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 0, False),
    ],
)
def test_a_head_says_where_the_body_ends_and_whether_the_connection_lives(
    head: bytes, length: int, keepalive: bool
) -> None:
    parsed = parse_head(head, head_only=False)
    assert (parsed.length, parsed.keepalive) == (length, keepalive)


def test_an_answer_without_length_ends_when_the_connection_does() -> None:
    reader = AnswerReader(Heads(head_only=False))
    assert reader.feed(OK + b"\r\nsome") == 0
    assert reader.feed(b" body") == 0
    assert reader.closed() == 200
    assert not reader.keepalive


def test_a_connection_that_closes_between_answers_breaks_nothing() -> None:
    assert AnswerReader(Heads(head_only=False)).closed() == 0


@pytest.mark.parametrize("part", [OK, CASES["length"][:-1], CASES["chunks"][:-1], CASES["chunks"][:60]])
def test_a_connection_that_closes_in_the_middle_of_an_answer_is_an_error(part: bytes) -> None:
    reader = AnswerReader(Heads(head_only=False))
    assert reader.feed(part) == 0
    with pytest.raises(AnswerError, match="in the middle of an answer"):
        reader.closed()


@pytest.mark.parametrize("answer", [CASES["length"], CASES["chunks"], CASES["no content"]])
def test_bytes_after_an_answer_are_surplus_and_end_the_connection(answer: bytes) -> None:
    reader = AnswerReader(Heads(head_only=False))
    assert reader.feed(answer + b"X") >= 200
    assert reader.surplus
    assert not reader.keepalive


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP/1.1 answer"),
        (b"\x16\x03\x01\x02\x00", "no HTTP/1.1 answer"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "no HTTP/1.1 answer"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "no HTTP/1.1 answer"),
        (OK + b"Content-Length: -3\r\n\r\n", "Content-Length"),
        (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", "Content-Length"),
        (OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "Content-Length"),
        (OK + b"no colon\r\n\r\n", "no HTTP/1.1 answer"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            "switched protocols",
        ),
        (OK + b"X: " + b"a" * LONGEST_HEAD, "longer than 65536 bytes"),
        (OK + b"X: " + b"a" * LONGEST_HEAD + b"\r\n\r\n", "longer than 65536 bytes"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "no size of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-4\r\n", "no size of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n\r\n", "no size of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", "no size of a chunk"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\npongpong\r\n", "longer than its size says"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * (LONGEST_LINE + 1), "longer than 8192 bytes"),
    ],
)
def test_what_is_no_answer_is_refused_with_the_reason(answer: bytes, words: str) -> None:
    with pytest.raises(AnswerError, match=words):
        read([answer])


def test_trailers_are_bounded() -> None:
    begin = OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    with pytest.raises(AnswerError, match="trailers are longer"):
        read([begin + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 1000) for i in range(100))])


def test_heads_are_parsed_once_and_the_memory_of_them_is_bounded() -> None:
    heads = Heads(head_only=False)
    first = heads.of(OK + b"Content-Length: 1\r\n\r\n")
    assert heads.of(OK + b"Content-Length: 1\r\n\r\n") is first
    for i in range(3 * REMEMBERED_HEADS):
        heads.of(OK + b"Content-Length: 1\r\nX-Id: %d\r\n\r\n" % i)
    assert len(heads._known) <= REMEMBERED_HEADS


def oracle(data: bytes, method: bytes) -> str:
    """Return what h11 makes of the bytes and the close after them: a status, or a word."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
    connection.send(h11.Request(method=method, target=b"/", headers=[(b"Host", b"x")]))
    connection.send(h11.EndOfMessage())
    status = 0
    try:
        connection.receive_data(data)
        closed = False
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.EndOfMessage):
                return str(status)
            elif event is h11.NEED_DATA:
                if closed:
                    return "broken"
                connection.receive_data(b"")
                closed = True
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                return "broken" if event is not h11.PAUSED else str(status)
    except h11.RemoteProtocolError:
        return "broken"


def ours(data: bytes, cuts: list[int], *, head_only: bool) -> str:
    """Return what we make of the same bytes, split at `cuts`."""
    reader = AnswerReader(Heads(head_only=head_only))
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    try:
        for begin, end in pairwise(edges):
            if begin < end and (status := reader.feed(data[begin:end])):
                return str(status)
        status = reader.closed()
    except AnswerError:
        return "broken"
    return str(status) if status else "broken"


# h11 refuses every transfer coding but chunked itself, which RFC 9112 allows it to.
UNDERSTOOD_BY_BOTH = [answer for name, answer in CASES.items() if name != "coded, then chunked"]


@settings(max_examples=400, deadline=None)
@given(
    answer=st.sampled_from(UNDERSTOOD_BY_BOTH),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    head_only=st.booleans(),
)
def test_split_anywhere_we_read_what_h11_reads(answer: bytes, cuts: list[int], head_only: bool) -> None:
    assert ours(answer, cuts, head_only=head_only) == oracle(answer, b"HEAD" if head_only else b"GET")


@settings(max_examples=600, deadline=None)
@given(
    answer=st.sampled_from(list(CASES.values())),
    at=st.integers(0, 200),
    drop=st.integers(0, 3),
    put=st.sampled_from([b"", b"\0", b"\r", b"\n", b"0", b"f", b":", b" ", b"\xff", b"\r\n", b"0\r\n\r\n"]),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
@example(answer=CASES["chunks"], at=47, drop=1, put=b"", cuts=[])
def test_a_damaged_answer_never_reads_as_another_status_than_h11_says(
    answer: bytes, at: int, drop: int, put: bytes, cuts: list[int]
) -> None:
    """h11 and httptools differ in what they tolerate; where both accept, they must agree on what they saw."""
    at %= len(answer)
    damaged = answer[:at] + put + answer[at + drop :]
    whole = ours(damaged, [], head_only=False)
    assert ours(damaged, cuts, head_only=False) == whole
    expected = oracle(damaged, b"GET")
    if "broken" not in (whole, expected):
        assert whole == expected
