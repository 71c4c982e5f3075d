"""Takes secrets out of what is kept. A report gets mailed, pasted and committed; its author rarely rereads it.

Names decide first: a header, a query key or a flag that is called like a secret loses its value. Values
decide second: what has the form of a known token is taken out whatever it is called. This is a net, not a
proof; a secret in a path, under an innocent name and in no known form, stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from msgspec import Struct

REDACTED: Final = "[redacted]"

_ANYWHERE: Final = (
    # Not "author", nor the "max_tokens" and "tokenizer" of language models.
    r"auth(?!or(?!iz))|token(?!s|iz)|cookie|secret|passw|passphrase|pwd|credential|signature|session|bearer|jwt"
    r"|(?:api|access|private|signing|subscription|account|encryption)[-_. ]?key"
)
_AT_THE_END: Final = r"(?<![A-Za-z0-9])(?:key|sig|pass|pin|otp|sid|hmac)"
_SECRET_NAME: Final = re.compile(rf"{_ANYWHERE}|{_AT_THE_END}$", re.IGNORECASE)
_VALUE: Final = r"""(?:"[^"]*"|'[^']*'|[^\s&;,"']+)"""
_ASSIGNED: Final = re.compile(
    rf"""((?:[\w.-]*(?:{_ANYWHERE})[\w.-]*|{_AT_THE_END})["']?\s*[=:]\s*){_VALUE}""", re.IGNORECASE
)
_FLAG: Final = re.compile(
    rf"""((?<!\S)-[\w.-]*(?:(?:{_ANYWHERE})[\w.-]*|{_AT_THE_END})\s+)(?!-){_VALUE}""", re.IGNORECASE
)
_TOKEN: Final = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*"  # a JSON web token
    r"|\b(?:sk|pk|rk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{16,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abeoprs]-[\w-]{10,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}"
)
_OPAQUE: Final = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_+/=-]{32,}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_USER_INFO: Final = re.compile(r"(?<=://)[^\s/?#'\"]*@")
_BEARER: Final = re.compile(r"\b(bearer|basic|digest)\s+[\w.~+/=-]{6,}", re.IGNORECASE)


class Veil(Struct, frozen=True):
    """What is done to text before it is kept or shown.

    Attributes:
        text: To free text.
        url: To a URL.
        header: To the value of a header, given its name.
    """

    text: Callable[[str], str]
    url: Callable[[str], str]
    header: Callable[[str, str], str]


def redact_header(name: str, value: str) -> str:
    """Return a header's value as it may be kept."""
    return REDACTED if _SECRET_NAME.search(name) else redact_text(value)


def redact_url(url: str) -> str:
    """Return a URL without user info, without the values of secret query keys, and without its fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return redact_text(url)
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"{REDACTED}@{host}" if at and user else host
    query = "&".join(_redact_pair(pair) for pair in parts.query.split("&"))
    # A fragment is never sent, so it says nothing of the load; it is where OAuth leaves its tokens.
    return urlunsplit((parts.scheme, netloc, _TOKEN.sub(REDACTED, parts.path), query, ""))


def redact_text(text: str) -> str:
    """Return free text, such as a command line, without the secrets in it that can be recognised."""
    text = _USER_INFO.sub(f"{REDACTED}@", text)
    text = _BEARER.sub(lambda found: f"{found[1]} {REDACTED}", text)
    for named in (_ASSIGNED, _FLAG):
        text = named.sub(lambda found: f"{found[1]}{REDACTED}", text)
    return _TOKEN.sub(REDACTED, text)


VEILED: Final = Veil(redact_text, redact_url, redact_header)
UNVEILED: Final = Veil(str, str, lambda _, value: value)
"""For `--keep-secrets`."""


def _redact_pair(pair: str) -> str:
    name, sign, value = pair.partition("=")
    plain = unquote_plus(value)
    secret = _SECRET_NAME.search(unquote_plus(name)) or _TOKEN.search(plain)
    if secret or (_OPAQUE.fullmatch(plain) and not _UUID.fullmatch(plain)):
        return f"{name}{sign}{REDACTED}" if value else pair
    return pair
