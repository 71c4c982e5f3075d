"""What a process is written in, by its executable: the version of Go in a Go binary, the name of a Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import psutil

# debug/buildinfo: 16 bytes of magic, pointer size and flags, padded to 32; where flags has bit 1 (Go 1.18
# and later), the version follows, its length first.
_BUILDINFO: Final = re.compile(
    rb"\xff Go buildinf:[\x04\x08][\x02\x03].{16}([\x03-\x40])(go1[\w. +:-]*)", re.DOTALL
)
_LONGEST: Final = 128
_CHUNK: Final = 1 << 20
_READ_AT_MOST: Final = 256 << 20
_PYTHON: Final = re.compile(r"python(\d+(?:\.\d+)*)?")


def runtime_of(pid: int) -> str:
    """Return "go1.26.8", "python 3.11" or the like; "" where it cannot be told. May read a whole executable."""
    try:
        # The link still opens where the file was replaced by a newer build meanwhile.
        link = Path(f"/proc/{pid}/exe")
        path = Path(psutil.Process(pid).exe())
        python = _PYTHON.fullmatch(path.name.removesuffix(" (deleted)"))
        if python is not None:
            return f"python {python[1] or ''}".rstrip()
        with (link if link.exists() else path).open("rb") as file:
            return go_version(file)
    except (OSError, psutil.Error):
        return ""


def go_version(file: BinaryIO) -> str:
    """Return the version of Go that built an executable, or ""."""
    for window in _windows(file):
        for match in _BUILDINFO.finditer(window):
            length = match[1][0]
            if len(match[2]) >= length:
                return match[2][:length].decode().split()[0]
    return ""


def _windows(file: BinaryIO) -> Iterator[bytes]:
    """Read in pieces that overlap by the longest match, so that the pause for any other thread is short."""
    tail = b""
    for _ in range(_READ_AT_MOST // _CHUNK):
        chunk = file.read(_CHUNK)
        if not chunk:
            return
        yield tail + chunk
        tail = chunk[-_LONGEST:]
