"""What is to be done: frozen values, checked where they are made, so that nothing later needs to doubt them."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from engine.errors import UsageError

Arrivals: TypeAlias = Literal["poisson", "constant"]

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
DEFAULT_CONCURRENCY: Final = 64
MOST_OPEN_LOOP_CONNECTIONS: Final = 4096
"""Where an open loop's connections are not limited by the user: a service that needs more is not keeping up."""

WINDOW_S: Final = 60.0
"""How far back the exact percentiles reach, unless the user says otherwise."""

LONGEST_WINDOW_S: Final = 3600.0

HIGHEST_RATE: Final = 100e6
LONGEST_DURATION_S: Final = 30 * 24 * 3600.0

REPEATABLE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Idempotent ones (RFC 9110, section 9.2.2): sending such a request again does no harm."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # all but the tab
_OURS: Final = ("content-length", "transfer-encoding")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MULTIPLES: Final = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


class Load(Struct, frozen=True, kw_only=True):
    """How hard to push.

    In a closed loop `concurrency` connections each carry one request at a time, and the next is sent when
    the answer is there. In an open loop requests are due at `rate` a second whatever the answers do, over at
    most `concurrency` connections.
    """

    mode: Literal["closed", "open"] = "closed"
    concurrency: int = DEFAULT_CONCURRENCY
    rate: float | None = None
    arrivals: Arrivals | None = None


class Tls(Struct, frozen=True, kw_only=True):
    """How connections are encrypted and whom they trust."""

    server_name: str
    verify: bool = True
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None


class ChosenSeries(Struct, frozen=True, kw_only=True):
    """A series of a page of metrics, as in `http://HOST/metrics#name{label="x"}`."""

    url: str
    """The page, without user info."""
    headers: tuple[tuple[str, str], ...] = ()
    """What the user info stands for."""
    name: str
    labels: tuple[tuple[str, str], ...] = ()
    """Labels that it must have; of several that have them, the sum is shown."""

    @property
    def title(self) -> str:
        """The series as it was asked for."""
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.name}{{{labels}}}" if labels else self.name


class Warmup(Struct, frozen=True, kw_only=True):
    """What a segment's figures leave out at its begin."""

    kind: Literal["auto", "none", "time", "answers"] = "auto"
    """`auto`: what came before latency settled; nothing, where it did not."""
    time_s: float | None = None
    answers: int | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """A whole run, as asked for; the functions below make its parts from text and check them."""

    url: str
    """As given, without user info (that becomes an Authorization header) and fragment."""
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    """Headers given by the user; those that every request has are added when it is built."""
    body: bytes = b""
    load: Load = Load()
    duration_s: float | None = None
    requests: int | None = None
    warmup: Warmup = Warmup()
    timeout_s: float = 10.0
    keepalive: bool = True
    spin: bool = False
    """Whether workers wait for the next send of an open loop without sleeping, once it is near."""
    tls: Tls | None = None
    unix_socket: str | None = None
    """A Unix socket to connect to instead of the URL's host and port."""
    workers: int = 1
    cpus: tuple[int, ...] = ()
    """Cores that the workers are pinned to, in turn; empty for no pinning."""
    probing: bool = True
    probe_url: str | None = None
    """Where the target's runtime is read, if not at its own address; without user info."""
    probe_headers: tuple[tuple[str, str], ...] = ()
    """What that user info stands for; sent there and nowhere else."""
    probe_series: tuple[ChosenSeries, ...] = ()
    """Series of Prometheus pages that are shown beside the rest."""
    pid: int | None = None
    """The target's process, if it is not to be found by its port."""
    window_s: float = WINDOW_S
    """How far back the percentiles of the exact window reach."""
    note: str = ""
    slos: tuple[str, ...] = ()
    """Objectives as they were written; `engine.stats.slo` reads and judges them."""
    slo_lenient: bool = False
    """Whether an objective passes where there are not enough data to judge it."""


def parse_url(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Check a target's URL.

    Returns:
        The URL without user info and fragment, and the headers that the user info stands for.

    Raises:
        UsageError: It is no http or https URL with a host and a possible port.
    """
    text = text.strip()
    if any(ord(character) <= 32 or ord(character) == 127 for character in text):
        raise UsageError(f"URL {text!r} has a space or control character in it; percent-encode it")
    if "://" not in text:
        raise UsageError(f"URL '{text}' has no scheme; write http://{text.lstrip('/:')}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"URL '{text}' cannot be read: {error}") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise UsageError(f"URL '{text}' has the unknown scheme '{parts.scheme}'; use http or https")
    if not parts.hostname:
        raise UsageError(f"URL '{text}' has no host; write {parts.scheme}://HOST/PATH")
    if port == 0:
        raise UsageError(f"URL '{text}' has port 0; use a port from 1 to 65535")
    return _without_user_info(parts), _authorization(parts)


def port_of(url: str) -> int:
    """Return the port of a URL that `parse_url` has checked."""
    parts = urlsplit(url)
    return parts.port or DEFAULT_PORTS[parts.scheme]


def parse_duration(text: str) -> float:
    """Return seconds for `180s`, `3m`, `1h30m`, `500ms` or a bare number of seconds.

    Raises:
        UsageError: It is none of these, or not above zero.
    """
    given = text.strip().lower()
    pieces = _DURATION.findall(given)
    if re.fullmatch(r"\d+(\.\d+)?", given):
        seconds = float(given)
    elif pieces and "".join(number + unit for number, unit in pieces) == given:
        seconds = sum(float(number) * _UNIT_S[unit] for number, unit in pieces)
    else:
        raise UsageError(f"'{text}' is no duration; write 180s, 3m, 1h30m or 500ms")
    if not 0 < seconds <= LONGEST_DURATION_S:
        raise UsageError(f"duration '{text}' must be above 0 and at most {LONGEST_DURATION_S / 86400:g} days")
    return seconds


def parse_count(text: str, *, what: str) -> int:
    """Return a whole number above zero from `4000`, `10k` or `1.5m`.

    Args:
        text: As given.
        what: What it counts, for the message.

    Raises:
        UsageError: It is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kmg]?)", text.strip().lower())
    value = float(match[1]) * _MULTIPLES[match[2]] if match else 0.0
    if not match or value != int(value) or not 1 <= value <= 1e15:
        raise UsageError(f"{what} '{text}' must be a whole number of at least 1, such as 64, 10k or 1.5m")
    return int(value)


def parse_rate(text: str) -> float:
    """Return requests a second from `500`, `2k`, `1.5m` or `0.5`.

    Raises:
        UsageError: It is no number above zero, or more than any machine can send.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kmg]?)(?:/s)?", text.strip().lower())
    rate = float(match[1]) * _MULTIPLES[match[2]] if match else 0.0
    if not 0 < rate <= HIGHEST_RATE:
        raise UsageError(f"rate '{text}' must be requests a second above 0, such as 500, 2k or 1.5m")
    return rate


def parse_warmup(text: str) -> Warmup:
    """Return what is to be left out: `auto`, `none`, a time with its unit (`10s`), or a number of answers.

    Raises:
        UsageError: It is none of these.
    """
    given = text.strip().lower()
    if given in ("auto", "none"):
        return Warmup(kind="auto" if given == "auto" else "none")
    try:
        if _DURATION.match(given):
            return Warmup(kind="time", time_s=parse_duration(given))
        return Warmup(kind="answers", answers=parse_count(given, what="warmup"))
    except UsageError:
        raise UsageError(f"--warmup '{text}' is none of auto, none, a time (10s), a number (5000)") from None


def parse_header(text: str) -> tuple[str, str]:
    """Return name and value of `Name: value`.

    Raises:
        UsageError: There is no colon, a character that no header may have, or a header that is ours to set.
    """
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError(f"header {text!r} has no colon; write 'Name: value'")
    value = value.strip(" \t")
    if _CONTROL.search(name + value):
        raise UsageError(f"header {text!r} has a newline or another control character in it; remove it")
    if not _TOKEN.fullmatch(name):
        raise UsageError(f"header {text!r}: {name!r} is no header name; use letters, digits and hyphens")
    if name.lower() in _OURS:
        raise UsageError(f"header {text!r}: {name} follows from the body and is set by loadtop; leave it out")
    return name, value


def parse_method(text: str) -> str:
    """Return the method in capitals.

    Raises:
        UsageError: It is no HTTP method, or one that load cannot be made with.
    """
    method = text.strip().upper()
    if not _TOKEN.fullmatch(method):
        raise UsageError(f"method '{text}' is no HTTP method; use GET, POST, PUT, ...")
    if method == "CONNECT":
        raise UsageError("method 'CONNECT' opens a tunnel and has no answer to measure; use another")
    return method


def parse_body(text: str) -> bytes:
    """Return a body: the text itself, or for `@FILE` what is in the file.

    Raises:
        UsageError: The file cannot be read.
    """
    if not text.startswith("@"):
        return text.encode()
    path = Path(text[1:])
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read the body file '{path}': {reason}") from error


def parse_json(text: str) -> bytes:
    """Return a JSON body, having made sure that it is JSON.

    Raises:
        UsageError: It is not.
    """
    try:
        json.loads(text)
    except ValueError as error:
        raise UsageError(f"--json {text!r} is not JSON: {error}") from error
    return text.encode()


def parse_cpus(text: str, *, allowed: frozenset[int]) -> tuple[int, ...]:
    """Return the cores of a list such as `0,2-4`.

    Args:
        text: As given.
        allowed: Cores that this process may run on.

    Raises:
        UsageError: It is no such list, or names a core that is not allowed.
    """
    cpus: list[int] = []
    for piece in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,5})(?:-(\d{1,5}))?\s*", piece)
        if not match:
            raise UsageError(f"--cpus '{text}' is no list of cores; write 0,2-4")
        cpus.extend(range(int(match[1]), int(match[2] or match[1]) + 1))
    missing = sorted(set(cpus) - allowed)
    if missing or not cpus:
        have = ",".join(map(str, sorted(allowed)))
        raise UsageError(f"--cpus '{text}': core {missing[0] if missing else '?'} is not available; use {have}")
    return tuple(dict.fromkeys(cpus))


def _without_user_info(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, fragment="").geturl()


def _authorization(parts: SplitResult) -> tuple[tuple[str, str], ...]:
    if parts.username is None:
        return ()
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return (("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),)
