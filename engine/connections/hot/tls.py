"""Where the hot path finds OpenSSL, and what OpenSSL has of a connection.

Python's ssl shakes hands, with all that it checks. Then C reads and writes (`tls.c`), for which it needs the
connection's `SSL`; ssl has no word for that. Its object begins with: reference count, type, socket (a weak
reference), `SSL`, context (`PySSLSocket` in Modules/_ssl.c of CPython 3.11 to 3.13). The context is known, so
that its place says whether the object is made like that; where it is not, TLS stays Python's.
"""

from __future__ import annotations

import _ssl
import ctypes
import ssl
from functools import cache
from typing import Final

_SSL, _CONTEXT = 3, 4
"""Words of ssl's object."""

_WORDS: Final = 5


def handed_over(sock: ssl.SSLSocket) -> int:
    """Return where the `SSL` of a connection is.

    Raises:
        OSError: The connection is gone, or its object is not made as it should be.
    """
    return _look(sock._sslobj, sock.context)  # type: ignore[attr-defined]


@cache
def use_openssl(library: ctypes.CDLL) -> bool:
    """Return whether the hot path can do TLS here, from now on."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tried = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
        _look(tried._sslobj, context)  # type: ignore[attr-defined]
        # What an extension was linked with is found through it.
        openssl = ctypes.CDLL(_ssl.__file__)
    except (OSError, AttributeError):
        return False
    return bool(library.hot_use_openssl(openssl._handle))


def _look(sslobj: object, context: ssl.SSLContext) -> int:
    words = (ctypes.c_size_t * _WORDS).from_address(id(sslobj))
    if object.__sizeof__(sslobj) < ctypes.sizeof(words) or words[_CONTEXT] != id(context) or not words[_SSL]:
        raise OSError("ssl keeps its connections in another way than expected")
    return words[_SSL]
