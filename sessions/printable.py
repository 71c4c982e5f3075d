"""Makes text fit to be shown and kept, whoever it came from.

It may come from a server, a process's command line or a stranger's file, and ends up on a terminal: control
characters, escape sequences and invisible direction marks are taken out.
"""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)


def clean(text: str, *, limit: int = 2000) -> str:
    """Return text on one line that cannot move a cursor, recolour a screen or reorder what is around it."""
    if not text.isprintable():
        text = _ESCAPE.sub("", text)
        text = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
        text = text.strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
