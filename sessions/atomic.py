"""Writes files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write(path: Path, content: str | bytes, *, mode: int) -> None:
    """Replace a file by a new one; until that is whole and on the disk, the old one stays.

    Args:
        path: The file. Its folder must exist.
        content: What is to be in it; text as UTF-8.
        mode: Its permissions.

    Raises:
        OSError: It cannot be written; nothing was changed.
    """
    # In the same folder, because a rename is atomic only within one file system.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Without it the rename may be lost in a power cut. Some network file systems refuse: then there is no more
    # to be done, and the file is in place.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
