"""The hot path's library: what it is made of, and whether there is one.

It is compiled when loadtop is installed (`hatch_build.py`). Where there was no compiler, or the source was
changed since, `load` finds nothing and a worker does the same work in Python, at about two thirds of the speed
(`benchmarks/README.md`), and reads the clock where the kernel would have stamped.
"""

from __future__ import annotations

import ctypes
import os
import zlib
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
LIBRARY: Final = FOLDER / "_hot.so"
SWITCH: Final = "LOADTOP_HOT_PATH"
"""Environment variable; `python` leaves the library alone."""

_POINTER, _INT, _WIDE, _SIZE = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_size_t
_HOT: Final = _POINTER  # the first argument of nearly all
_SIGNATURES: Final = {
    "hot_new": (_HOT, (_INT, ctypes.c_uint, ctypes.c_char_p, _SIZE)),
    "hot_free": (None, (_HOT,)),
    "hot_size": (_SIZE, (_INT,)),
    "hot_connections": (_POINTER, (_HOT,)),
    "hot_take_over": (None, (_HOT, _INT)),
    "hot_give_back": (None, (_HOT, _INT)),
    "hot_stamp": (None, (_HOT, _INT)),
    "hot_expect": (None, (_HOT, ctypes.c_char_p, _SIZE, _WIDE, ctypes.c_uint16)),
    "hot_send": (_INT, (_HOT, _INT, _WIDE, _WIDE)),
    "hot_drain": (_INT, (_HOT, _INT)),
    "hot_look": (_INT, (_HOT, _WIDE, _POINTER, _POINTER, _POINTER, _INT)),
    "hot_take": (_SIZE, (_HOT, _INT, _POINTER)),
    "hot_wait": (None, (_HOT, _INT)),
    "hot_wait_no_more": (None, (_HOT, _INT)),
    "hot_waiting": (_INT, (_HOT, _INT)),
    "hot_use_timer": (None, (_HOT, _INT)),
    "hot_wake_at_due": (None, (_HOT,)),
    "hot_due": (None, (_HOT, _POINTER, _INT)),
    "hot_until": (None, (_HOT, _WIDE)),
    "hot_take_due": (_INT, (_HOT,)),
    "hot_rest": (_INT, (_HOT, _POINTER)),
    "hot_use_openssl": (_INT, (_POINTER,)),
    "hot_secure": (_INT, (_HOT, _INT, _POINTER)),
}


def sources() -> list[Path]:
    """Return the C files, in order."""
    return sorted(FOLDER.glob("*.c"))


def checksum() -> int:
    """Return what tells these sources from others; the build puts it into the library."""
    return zlib.crc32(b"".join(path.read_bytes() for path in (*sources(), *sorted(FOLDER.glob("*.h")))))


@cache
def load() -> ctypes.CDLL | None:
    """Return the library, or None where there is none of these very sources."""
    if os.environ.get(SWITCH) == "python":
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY))
        library.hot_source.restype = ctypes.c_uint32
        if library.hot_source() != checksum():
            return None
    except (OSError, AttributeError):
        return None
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
