"""Reads the answers of one HTTP/1.1 connection from bytes split anywhere. No sockets and no clock in here.

Bodies are counted, not kept: a load generator wants to know when an answer is whole. Heads are few (a
server sends the same ones over and over, but for a date that changes each second), so each distinct head
is parsed once and then known by its bytes.

Strictness follows RFC 9112, section 6.3 for where a body ends, section 7.1 for chunks.
"""

from __future__ import annotations

from typing import Final

import httptools

LONGEST_HEAD: Final = (
    64 * 1024
)  # nginx and Go refuse requests' heads at 8 KB and 1 MB; Go's client answers' at 10 MB
LONGEST_LINE: Final = 8 * 1024  # of a chunk's size and extensions, or of a trailer
LONGEST_SAMPLE: Final = 4096  # beyond it, comparing costs more than it saves
REMEMBERED_HEADS: Final = 1024  # beyond it the server sends unique heads, and remembering is a leak

CHUNKED: Final = -1
UNTIL_CLOSE: Final = -2


class AnswerError(Exception):
    """The bytes are no HTTP/1.1 answer, or end in the middle of one; says what is wrong."""


class Head:
    """A parsed head of an answer.

    Attributes:
        raw: Its bytes, the empty line included.
        status: HTTP status.
        length: Bytes of the body, or CHUNKED, or UNTIL_CLOSE.
        keepalive: Whether the connection may carry another request afterwards.
        total: Bytes of head and body together; 0 where the head does not tell, or an answer is still to follow.
    """

    __slots__ = ("keepalive", "length", "raw", "status", "total")

    def __init__(self, raw: bytes, status: int, length: int, keepalive: bool) -> None:
        self.raw = raw
        self.status = status
        self.length = length
        self.keepalive = keepalive
        self.total = len(raw) + length if length >= 0 and status >= 200 else 0


class _Fields:
    """Collects what httptools reports of a head."""

    __slots__ = ("connection", "length", "transfer")

    def __init__(self) -> None:
        self.connection = b""
        self.length: bytes | None = None
        self.transfer: bytes | None = None

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == b"content-length":
            self.length = value
        elif lower == b"transfer-encoding":
            self.transfer = value if self.transfer is None else self.transfer + b"," + value
        elif lower == b"connection":
            self.connection += b"," + value.lower()

    def keepalive(self, version: str) -> bool:
        """Return whether the target means to keep the connection; RFC 9112, section 9.3."""
        options = {option.strip() for option in self.connection.split(b",")}
        return b"close" not in options and (version == "1.1" or b"keep-alive" in options)


def parse_head(raw: bytes, *, head_only: bool) -> Head:
    """Parse the head of an answer.

    Args:
        raw: The bytes up to and including the empty line.
        head_only: Whether the request was a HEAD, whose answers have no body.

    Raises:
        AnswerError: It is no head of an HTTP/1 answer.
    """
    if not raw.startswith(b"HTTP/1."):
        raise AnswerError(f"no HTTP/1.1 answer: it begins with {raw[:16]!r}")
    fields = _Fields()
    parser = httptools.HttpResponseParser(fields)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade as error:
        raise AnswerError("the target switched protocols") from error
    except httptools.HttpParserError as error:
        raise AnswerError(f"no HTTP/1.1 answer: {error}") from error
    status = parser.get_status_code()
    if not 100 <= status <= 999:
        raise AnswerError(f"status {status} is none of HTTP's")
    keepalive = fields.keepalive(parser.get_http_version())
    if head_only or status < 200 or status in (204, 304):
        return Head(raw, status, 0, keepalive)
    if fields.transfer is not None:
        chunked = fields.transfer.rpartition(b",")[2].strip().lower() == b"chunked"
        return Head(raw, status, CHUNKED if chunked else UNTIL_CLOSE, keepalive and chunked)
    if fields.length is not None:
        if not fields.length.isdigit():
            raise AnswerError(f"Content-Length {fields.length.decode('latin-1')!r} is no number")
        return Head(raw, status, int(fields.length), keepalive)
    return Head(raw, status, UNTIL_CLOSE, False)


class Heads:
    """The heads seen so far, by their bytes, shared by all connections of a worker.

    Attributes:
        head_only: Whether answers have no body (HEAD).
        last: The head seen last; the next answer most likely has the same.
        sample: A whole answer with that head, to compare the next with at once; b"" while there is none.
    """

    __slots__ = ("_known", "head_only", "last", "sample")

    def __init__(self, *, head_only: bool) -> None:
        self.head_only = head_only
        self.last = Head(b"\0", 0, 0, False)  # matches no answer
        self.sample = b""
        self._known: dict[bytes, Head] = {}

    def of(self, raw: bytes) -> Head:
        """Return the parsed head.

        Raises:
            AnswerError: It is no head of an HTTP/1 answer.
        """
        head = self._known.get(raw)
        if head is None:
            head = parse_head(raw, head_only=self.head_only)
            if len(self._known) >= REMEMBERED_HEADS:
                self._known.clear()
            self._known[raw] = head
        self.last = head
        self.sample = b""
        return head

    def is_whole(self, data: bytes) -> bool:
        """Return whether bytes are a whole answer with the head seen last, and remember it if so."""
        last = self.last
        if len(data) != last.total or not data.startswith(last.raw):
            return False
        self.learn(data)
        return True

    def learn(self, data: bytes) -> None:
        """Remember a whole answer with the head seen last, received in one piece on an idle connection.

        Whatever its framing is: the same bytes again are the same answer again.
        """
        if len(data) <= LONGEST_SAMPLE:
            self.sample = data


_IN_HEAD, _IN_BODY, _TO_CLOSE, _CHUNK_SIZE, _CHUNK_DATA, _CHUNK_END, _TRAILER = range(7)


class AnswerReader:
    """Reads one answer after another.

    Attributes:
        keepalive: After an answer: whether the connection may carry another request.
        surplus: After an answer: whether bytes came that no request asked for.
    """

    __slots__ = ("_head", "_heads", "_held", "_left", "_state", "_trailer", "keepalive", "surplus")

    def __init__(self, heads: Heads) -> None:
        self._heads = heads
        self._state = _IN_HEAD
        self._held = b""
        self._left = 0
        self._trailer = 0
        self._head = heads.last
        self.keepalive = True
        self.surplus = False

    @property
    def begun(self) -> bool:
        """Whether a part of an answer was read."""
        return self._state != _IN_HEAD or bool(self._held)

    def feed(self, data: bytes) -> int:
        """Take bytes as they came.

        Returns:
            The status of the answer that is now whole, or 0 if more bytes are needed.

        Raises:
            AnswerError: The bytes are no HTTP/1.1 answer; the connection is of no more use.
        """
        while True:
            if self._state == _IN_HEAD:
                data = self._held + data if self._held else data
                end = data.find(b"\r\n\r\n") + 4
                if end < 4:
                    if len(data) > LONGEST_HEAD:
                        raise AnswerError(f"the head of the answer is longer than {LONGEST_HEAD} bytes")
                    if data and not b"HTTP/1.".startswith(data[:7]):
                        raise AnswerError(f"no HTTP/1.1 answer: it begins with {data[:16]!r}")
                    self._held = data
                    return 0
                if end > LONGEST_HEAD:
                    raise AnswerError(f"the head of the answer is longer than {LONGEST_HEAD} bytes")
                self._held = b""
                head = self._heads.of(data[:end])
                data = data[end:]
                if head.status < 200:  # an interim answer: the real one follows
                    continue
                self._head = head
                if head.length >= 0:
                    self._state = _IN_BODY
                    self._left = head.length
                else:
                    self._state = _CHUNK_SIZE if head.length == CHUNKED else _TO_CLOSE
                    self._trailer = 0
            if self._state == _IN_BODY:
                self._left -= len(data)
                return 0 if self._left > 0 else self._whole(surplus=self._left < 0)
            if self._state == _TO_CLOSE:
                return 0
            return self._chunks(data)

    def closed(self) -> int:
        """Take note that the target closed its side.

        Returns:
            The status of the answer that is whole by that, or 0 if none had begun.

        Raises:
            AnswerError: It closed in the middle of an answer.
        """
        if self._state == _TO_CLOSE:
            return self._whole(surplus=False)
        if self.begun:
            raise AnswerError("the target closed the connection in the middle of an answer")
        return 0

    def _whole(self, *, surplus: bool) -> int:
        self._state = _IN_HEAD
        self._held = b""
        self.surplus = surplus
        self.keepalive = self._head.keepalive and not surplus
        return self._head.status

    def _chunks(self, data: bytes) -> int:
        at = 0
        if self._state != _CHUNK_DATA and self._held:
            data = self._held + data
            self._held = b""
        while True:
            if self._state == _CHUNK_DATA:
                here = len(data) - at
                if here < self._left:
                    self._left -= here
                    return 0
                at += self._left
                self._state = _CHUNK_END
            if self._state == _CHUNK_END:
                end = data[at : at + 2]
                if len(end) < 2 and b"\r\n".startswith(end):
                    self._held = end
                    return 0
                if end != b"\r\n":
                    raise AnswerError("a chunk is longer than its size says")
                at += 2
                self._state = _CHUNK_SIZE
            end_of_line = data.find(b"\r\n", at)
            if end_of_line < 0:
                if len(data) - at > LONGEST_LINE:
                    raise AnswerError(f"a chunk's first line or a trailer is longer than {LONGEST_LINE} bytes")
                self._held = data[at:]
                return 0
            line = data[at:end_of_line]
            at = end_of_line + 2
            if self._state == _CHUNK_SIZE:
                self._left = _chunk_size(line)
                self._state = _CHUNK_DATA if self._left else _TRAILER
            elif line:
                self._trailer += len(line)
                if self._trailer > LONGEST_HEAD:
                    raise AnswerError(f"the trailers are longer than {LONGEST_HEAD} bytes")
            else:
                return self._whole(surplus=at < len(data))


_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].rstrip(b" \t")
    if not digits or len(digits) > 16 or not _HEX.issuperset(digits):
        raise AnswerError(f"{line[:20]!r} is no size of a chunk")
    return int(digits, 16)
