"""Gives memory back that the allocator keeps after use.

Arrays of all sizes come and go ten times a second, and glibc keeps the gaps between those that stay: after ten
minutes 15 MB of nothing. Its `malloc_trim` (malloc_trim(3)) returns them in a millisecond or two; other C
libraries have none, and other ways.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

EVERY_NS: Final = 30_000_000_000
"""Between two times: so long a gap may wait to be filled again."""


def _found() -> Callable[[int], Any] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None


_TRIM: Final = _found()


def give_back() -> bool:
    """Give back what is free; return whether there was anything, or anyone to ask."""
    return _TRIM is not None and bool(_TRIM(0))
