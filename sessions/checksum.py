"""Notices that a session's file is not what was written: JSON has no check, and a flipped digit is JSON too.

The sum is over the document without white space, so that a file may be indented anew by another tool, as
long as that leaves numbers and the order of keys as they are. It is the last key, and covers all before it.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

KEY: Final = "checksum"
_MARK: Final = f',"{KEY}":"'.encode()
_ALGORITHM: Final = "sha256:"


def checksum_of(text: bytes) -> str:
    """Return the checksum of a report that has none yet."""
    return _ALGORITHM + hashlib.sha256(_bare(text)).hexdigest()


def is_whole(text: bytes) -> bool:
    """Return whether a report that has a checksum is what it was when that was made."""
    before, mark, after = _bare(text).rpartition(_MARK)
    return bool(mark) and after == f'{_ALGORITHM}{hashlib.sha256(before + b"}").hexdigest()}"}}'.encode()


def _bare(text: bytes) -> bytes:
    return msgspec.json.format(text, indent=-1).strip()
