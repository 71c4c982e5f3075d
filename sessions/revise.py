"""Changes a saved session and writes it back, with every key that a newer loadtop put in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import LoadtopError
from sessions import atomic
from sessions.model import Session
from sessions.printable import clean
from sessions.reading import load_document
from sessions.report import as_written, document_as_bytes


def revise(path: Path, change: Callable[[Session], Session]) -> Session:
    """Change a saved session in its place, and return what it is now.

    Raises:
        UsageError: There is no session at `path` that can be used.
        LoadtopError: It cannot be written; the file stays as it was.
    """
    document, before = load_document(path)
    after = change(before)
    kept = merged(document, *(msgspec.to_builtins(as_written(session)) for session in (before, after)))
    try:
        atomic.write(path, document_as_bytes(kept), mode=0o600)
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise LoadtopError(f"cannot write '{clean(str(path))}': {reason}; it is as it was") from error
    return after


def merged(found: Any, before: Any, after: Any) -> Any:
    """Return `after`, with what was found in a file and is not in `before`: keys that the model does not know.

    Args:
        found: What the file said.
        before: What the model understood of it.
        after: What is to be said instead.
    """
    if isinstance(found, dict) and isinstance(before, dict) and isinstance(after, dict):
        kept = {
            key: merged(found[key], before[key], value) if key in found and key in before else value
            for key, value in after.items()
        }
        return kept | {key: value for key, value in found.items() if key not in before and key not in after}
    rows = all(isinstance(one, (list, tuple)) for one in (found, before, after))
    if rows and len(found) == len(before) == len(after):
        return [merged(*three) for three in zip(found, before, after, strict=True)]
    return after
